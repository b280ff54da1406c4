package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** Two nodes behind one address that each keep their sessions to themselves. */
class TwoMemoriesTest {

    private static ClusterContract.Node node(Sealer sealer) throws Exception {
        return new ClusterContract.Node(
                SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system()), sealer);
    }

    @Test
    @Incident("S5")
    @Incident("S136")
    void nodesThatShareAKeyButNoStoreAreNamed() throws Exception {
        Sealer sealer = Sealer.withKeys(ClusterContract.TwoNodes.key());
        try (ClusterContract.Node a = node(sealer);
                ClusterContract.Node b = node(sealer);
                CapturedLog log = CapturedLog.of("io.sallyport.session")) {
            String session = a.client.initialize("{}");

            McpHttp.Answer answer = b.client.legacy(session, 1, "ping", "{}");

            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.error().toJson()).contains("other_node");
            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .contains("two nodes behind one address", "node=\"", "openedBy=\"", "share a session store");
        }
    }

    @Test
    @Incident("S5")
    void nodesThatShareNothingAreNoticed() throws Exception {
        try (ClusterContract.Node a = node(Sealer.ephemeral());
                ClusterContract.Node b = node(Sealer.ephemeral());
                CapturedLog log = CapturedLog.of("io.sallyport.session")) {
            String session = a.client.initialize("{}");

            McpHttp.Answer answer = b.client.legacy(session, 1, "ping", "{}");

            assertThat(answer.status()).isEqualTo(404);
            assertThat(log.lines()).singleElement().asString().contains("another node behind the same address");
        }
    }
}
