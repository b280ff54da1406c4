package io.sallyport.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.ClusterContract;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What it costs when what a store's server had kept is gone or damaged: sessions, which their clients open anew. There is
 * nothing in it that has to be brought back, and nobody has to start a node anew.
 */
public interface LostStoreContract extends ClusterContract {

    /** Takes away all that nodes have put into the store. */
    void loseEverything();

    /** Puts one text in the place of another in what is kept of the session that was opened first. */
    void damageTheFirstSession(String found, String put);

    private static String echo(String text) {
        return "{\"name\":\"echo\",\"arguments\":{\"text\":\"" + text + "\"}}";
    }

    private static void isServed(TwoNodes nodes, String session) {
        for (McpHttp client : List.of(nodes.a.client, nodes.b.client)) {
            assertThat(client.legacy(session, 1, "tools/call", echo("served")).body())
                    .contains("served");
        }
    }

    private static void isUnknown(TwoNodes nodes, String session) {
        for (McpHttp client : List.of(nodes.a.client, nodes.b.client)) {
            McpHttp.Answer answer = client.legacy(session, 1, "tools/call", echo("served"));
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.error().toJson()).contains("session_not_found", "\"reason\":\"unknown\"");
        }
    }

    @Test
    @Incident("S114")
    default void aStoreThatHasLostEverythingCostsSessionsAndNothingElse() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String lost = nodes.a.client.initialize("{}");
            isServed(nodes, lost);
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(
                    lost, 7, "tools/call", "{\"name\":\"steps\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}")) {
                stream.nextMessage();
                stream.nextMessage();

                // When
                loseEverything();

                nodes.a.release.countDown();
                assertThat(stream.nextMessage().toJson())
                        .as("what is under way")
                        .contains("three");
                assertThat(stream.nextMessage().toJson()).contains("\"id\":7", "done");
            }
            isUnknown(nodes, lost);
            isServed(nodes, nodes.a.client.initialize("{}"));
        }
    }

    @Test
    @Incident("S113")
    default void aSessionThatIsDamagedInTheStoreIsNoneAndTheOthersAreServed() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String damaged = nodes.a.client.initialize("{}");
            String other = nodes.a.client.initialize("{}");
            isServed(nodes, damaged);

            // When
            damageTheFirstSession("\"initializeParams\":\"", "\"initializeParams\":\"A");

            isUnknown(nodes, damaged);
            isServed(nodes, other);
            isServed(nodes, nodes.b.client.initialize("{}"));
        }
    }

    @Test
    @Incident("S113")
    default void aSessionOfWhichNotEvenTheFormIsReadableIsNoneAndTheOthersAreListed() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String damaged = nodes.a.client.initialize("{}");
            String other = nodes.a.client.initialize("{}");

            // When
            damageTheFirstSession("\"initializeParams\":", "");

            isUnknown(nodes, damaged);
            isServed(nodes, other);
            assertThat(nodes.a.list()).hasSize(1);
        }
    }
}
