package io.sallyport.upstream;

import static io.sallyport.upstream.UpstreamWorkbench.await;
import static io.sallyport.upstream.UpstreamWorkbench.call;
import static io.sallyport.upstream.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ModernHttpUpstreamTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void readsWhoServesFromDiscover() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            // When
            UpstreamSession session = bench.modern(server);

            assertThat(session.era()).isEqualTo(Era.MODERN);
            assertThat(session.facts().protocolVersion()).isEqualTo("2026-07-28");
            assertThat(session.facts().serverInfo().getString("name")).contains("modern");
            assertThat(session.facts().has("tools", "listChanged")).isTrue();
            assertThat(session.facts().instructions()).contains("be kind");
        }
    }

    @Test
    void sendsTheRequestByteForByteUnderHeadersThatMirrorIt() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamSession session = bench.modern(server);
            Request odd =
                    (Request) Message.of("{ \"params\":{\"arguments\":{\"n\":1.50e+2,\"n2\":\"\\u00e9\"},\"x\":[],"
                            + "\"name\":\"caf\u00e9\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                            + "\"io.modelcontextprotocol/clientCapabilities\":{}}},\n \"method\":\"tools/call\","
                            + " \"unknown\" : null, \"id\":\"a\\/b\", \"jsonrpc\":\"2.0\"}");

            // When
            RecordingCall call = call(session, odd);

            assertThat(call.response().id()).contains(odd.id());
            FakeHttpServer.Exchange received = server.received().get(1);
            assertThat(received.body()).isEqualTo(odd.toJson().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertThat(received.requestLine()).isEqualTo("POST /mcp HTTP/1.1");
            assertThat(received.header("MCP-Protocol-Version")).isEqualTo("2026-07-28");
            assertThat(received.header("Mcp-Method")).isEqualTo("tools/call");
            assertThat(received.header("Mcp-Name")).isEqualTo("=?base64?Y2Fmw6k=?=");
            assertThat(received.header("Accept")).isEqualTo("application/json, text/event-stream");
            assertThat(received.headerNames())
                    .containsExactlyInAnyOrder(
                            "accept",
                            "content-length",
                            "content-type",
                            "host",
                            "mcp-method",
                            "mcp-name",
                            "mcp-protocol-version");
        }
    }

    @Test
    void handsOnWhatAStreamTellsInOrderThenTheAnswer() throws Exception {
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            exchange.events().send(": hello\n\n");
            for (int i = 0; i < 5; i++) {
                exchange.event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":"
                        + i + "}}");
            }
            exchange.event("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"ok\":true}}");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            RecordingCall call = call(session, toolCall(session, "7"));

            assertThat(call.response().toJson()).isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"ok\":true}}");
            assertThat(call.log()).hasSize(5);
            assertThat(call.log().get(4)).contains("\"progress\":4");
        }
    }

    @Test
    void closesTheConnectionWhenACallIsCancelled() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            exchange.events().send(": waiting\n\n");
            begun.countDown();
            exchange.awaitClosedByClient();
            closed.countDown();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);
            RecordingCall call = new RecordingCall();
            CallHandle handle = session.call(toolCall(session, "1"), callSpec(), call);
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            handle.cancel("no longer wanted");

            assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(call.isEnded()).isFalse();
        }
    }

    @Test
    void usesOneConnectionForCallsThatFollowEachOther() throws Exception {
        McpScript script = McpScript.modern()
                .on(
                        "tools/call",
                        exchange -> exchange.events()
                                .event("{\"jsonrpc\":\"2.0\",\"id\":"
                                        + exchange.request().id() + ",\"result\":{}}"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            for (int i = 0; i < 20; i++) {
                call(session, toolCall(session, "" + i)).response();
                int sent = i;
                await("the connection to be free", () -> server.received().size() == sent + 2);
            }

            assertThat(server.connectionsAccepted()).isLessThanOrEqualTo(3);
        }
    }
}
