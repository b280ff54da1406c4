package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes that share nothing but a key: the id of a session carries it. */
class WithoutAStoreTest {

    private final Sealer sealer = Sealer.withKeys(ClusterContract.TwoNodes.key());
    private ClusterContract.Node a;
    private ClusterContract.Node b;

    @BeforeEach
    void start() throws Exception {
        a = new ClusterContract.Node(SessionStore.none(SessionStore.Bounds.defaults()), sealer);
        b = new ClusterContract.Node(SessionStore.none(SessionStore.Bounds.defaults()), sealer);
    }

    @AfterEach
    void close() {
        a.close();
        b.close();
    }

    @Test
    @Incident("S137")
    void anyNodeServesCallsOfASession() {
        String session = a.client.initialize("{}");
        for (ClusterContract.Node node : List.of(b, a, b)) {
            assertThat(node.client
                            .legacy(session, 1, "tools/call", "{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}")
                            .result()
                            .toJson())
                    .contains("\"x\"");
        }
    }

    @Test
    void aStreamIsServedByTheNodeThatBeganIt() throws Exception {
        a.release.countDown();
        String session = b.client.initialize("{\"elicitation\":{}}");
        try (McpHttp.Stream stream = a.client.openLegacy(
                session, 7, "tools/call", "{\"name\":\"steps\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}")) {
            ClusterContract.Read read = new ClusterContract.Read().toTheEnd(stream);

            assertThat(read.messages).hasSize(4).last().asString().contains("\"id\":7", "done");
            assertThat(read.last).as("what is not kept has no id").isEmpty();
        }
    }

    @Test
    void theClientIsAskedWhatItsIdSaysItCanBeAsked() throws Exception {
        String session = a.client.initialize("{\"elicitation\":{}}");
        try (McpHttp.Stream stream =
                b.client.openLegacy(session, 7, "tools/call", "{\"name\":\"ask\",\"arguments\":{}}")) {
            String id = stream.nextMessage().get("id").orElseThrow().toJson();
            b.client.post(
                    "{\"jsonrpc\":\"2.0\",\"id\":" + id
                            + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}",
                    McpHttp.legacyHeaders(session));

            assertThat(stream.nextMessage().toJson()).contains("Hello, Ann");
        }
    }

    @Test
    void anAnswerThatCannotBePassedOnIsNotAccepted() throws Exception {
        String session = a.client.initialize("{\"elicitation\":{}}");
        try (McpHttp.Stream stream =
                b.client.openLegacy(session, 7, "tools/call", "{\"name\":\"ask\",\"arguments\":{}}")) {
            String id = stream.nextMessage().get("id").orElseThrow().toJson();

            McpHttp.Answer answer = a.client.post(
                    "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":\"cancel\"}}",
                    McpHttp.legacyHeaders(session));

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.error().toJson()).contains("Another node has asked this");
        }
    }

    @Test
    void nothingIsReplayed() throws Exception {
        String session = a.client.initialize("{}");
        for (String lastEvent : List.of("p1_0", "s1_0", "x")) {
            try (McpHttp.Stream stream =
                    b.client.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", lastEvent))) {
                assertThat(stream.nextEvent()).isEmpty();
            }
        }
    }

    @Test
    void theLevelOfLogMessagesHoldsWhereItWasSet() {
        String session = a.client.initialize("{}");
        a.client.legacy(session, 1, "logging/setLevel", "{\"level\":\"error\"}");

        assertThat(a.client
                        .legacy(session, 2, "tools/call", "{\"name\":\"say\",\"arguments\":{}}")
                        .body())
                .contains("loudly")
                .doesNotContain("quietly");
    }

    @Test
    void whatDoesNotFitIntoAnIdIsRefused() {
        McpHttp.Answer answer = a.client.post("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
                + "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"experimental\":{\"x\":\"" + "y".repeat(4096)
                + "\"}},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.error().toJson()).contains("larger than a session's id can hold");
    }

    @Test
    void otherNodesNeedTheKey() {
        assertThatThrownBy(() -> McpGateway.builder()
                        .upstream(a.server)
                        .allowAnonymous()
                        .sessionStore(SessionStore.none(SessionStore.Bounds.defaults()))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("set sealer(Sealer.withKeys(…))");
    }
}
