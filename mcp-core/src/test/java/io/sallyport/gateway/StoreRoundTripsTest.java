package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.CountingSessionStore;
import io.sallyport.testing.McpHttp;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How often requests go to the store of sessions that nodes share; each time is a round trip. */
class StoreRoundTripsTest {

    private final CountingSessionStore store = new CountingSessionStore(new InMemoryClusterTest.Shared(
            SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system())));
    private ClusterContract.Node node;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        node = new ClusterContract.Node(store, Sealer.withKeys(ClusterContract.TwoNodes.key()));
        client = node.client;
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void modernRequestsNeverDo() {
        client.modern("tools/list", "{}");
        client.modern("tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}");
        client.modern("resources/read", "{\"uri\":\"test://watched\"}");

        assertThat(store.asked()).isEmpty();
    }

    @Test
    void aSessionIsOpenedWithOne() {
        client.initialize("{}");

        assertThat(store.asked()).containsExactly("create");
    }

    @Test
    void whatIsReadOrAnsweredAtOnceTakesOne() {
        String session = client.initialize("{}");
        for (Map.Entry<String, String> request : Map.of(
                        "ping", "{}",
                        "tools/list", "{}",
                        "resources/read", "{\"uri\":\"test://watched\"}",
                        "tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}")
                .entrySet()) {
            store.asked();

            client.legacy(session, 1, request.getKey(), request.getValue());

            assertThat(store.asked()).as(request.getKey()).containsExactly("find");
        }
    }

    @Test
    void aStreamedCallTakesTwoAndOneForEachEvent() throws Exception {
        node.release.countDown();
        String session = client.initialize("{}");
        store.asked();
        List<String> messages;
        try (McpHttp.Stream stream = client.openLegacy(
                session, 7, "tools/call", "{\"name\":\"steps\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}")) {
            messages = new ClusterContract.Read().toTheEnd(stream).messages;
        }

        assertThat(messages).hasSize(4);
        assertThat(store.asked()).containsExactly("find", "open", "append", "append", "append", "append");
    }

    @Test
    void anIdThatIsNoneTakesNone() {
        String session = client.initialize("{}");
        store.asked();

        String changed = session.substring(0, 20) + (session.charAt(20) == 'x' ? 'y' : 'x') + session.substring(21);
        assertThat(client.legacy("s1." + "A".repeat(115), 1, "ping", "{}").status())
                .isEqualTo(404);
        assertThat(client.legacy(changed, 1, "ping", "{}").status()).isEqualTo(404);

        assertThat(store.asked()).isEmpty();
    }
}
