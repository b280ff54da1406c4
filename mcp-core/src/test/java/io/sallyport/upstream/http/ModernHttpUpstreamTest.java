package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
            assertThat(received.body()).isEqualTo(odd.toJson().getBytes(StandardCharsets.UTF_8));
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
            HttpUpstream upstream = bench.upstream(server);
            UpstreamSession session = bench.open(upstream, Era.MODERN);

            // When
            for (int i = 0; i < 20; i++) {
                // The answer is handed on before the end of its stream, which frees the connection.
                await("a connection to be free", () -> upstream.idleConnections() > 0);
                call(session, toolCall(session, "" + i)).response();
            }

            assertThat(server.connectionsAccepted()).isEqualTo(1);
        }
    }

    @Test
    void passesOnTheHeadersThatItIsToldTo() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            HttpUpstream upstream = bench.upstream(
                    server,
                    builder -> builder.header("Authorization", "Bearer of-the-operator")
                            .passHeaders("traceparent", "X-Tenant"));
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            Map<String, List<String>> client = Map.of(
                    "traceparent", List.of("00-1"),
                    "X-Tenant", List.of("a", "b\r\nX-Evil: 1", "\u00fc"),
                    "X-Other", List.of("no"),
                    "Authorization", List.of("Bearer of-the-client"));
            CallSpec spec = new CallSpec(
                    Principal.anonymous(),
                    "correlation",
                    name -> client.getOrDefault(name, List.of()),
                    Map.of("Mcp-Param-Region", "eu", "Mcp-Param-Bad", "a\nb"));
            RecordingCall call = new RecordingCall();

            // When
            session.call(toolCall(session, "1"), spec, call);

            call.response();
            FakeHttpServer.Exchange received = server.received().get(1);
            assertThat(received.header("traceparent")).isEqualTo("00-1");
            assertThat(received.header("X-Tenant"))
                    .as("what no header may hold is left out")
                    .isEqualTo("a");
            assertThat(received.header("Mcp-Param-Region")).isEqualTo("eu");
            assertThat(received.header("Authorization")).isEqualTo("Bearer of-the-operator");
            assertThat(received.headerNames()).doesNotContain("x-other", "x-evil", "mcp-param-bad");
        }
    }

    @Test
    void takesAnAnswerThatCameInWithTheEventsBeforeItHoweverTheyAreCut() throws Exception {
        byte[] stream = ("id: 1\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"method\":\"notifications/message\"}\r\n\r\n"
                        + "event: other\ndata: not for us\n\nretry: 5\n\n"
                        + "data:{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"\u00e9\u20ac\"}}\n\n")
                .getBytes(StandardCharsets.UTF_8);
        AtomicInteger cut = new AtomicInteger();
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            int at = cut.get();
            exchange.events();
            if (at > 0) {
                exchange.send(stream, 0, at);
            }
            exchange.send(stream, at, stream.length - at);
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);
            for (int at = 0; at < stream.length; at++) {
                cut.set(at);

                // When
                RecordingCall call = call(session, toolCall(session, "1"));

                assertThat(call.response().toJson()).contains("\u00e9\u20ac");
                assertThat(call.log()).containsExactly("{\"jsonrpc\":\"2.0\",\n\"method\":\"notifications/message\"}");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"200, 1, -32602", "400, 1, -32021", "404, 1, -32601", "500, 1, -32603", "400, null, -32700"})
    void handsErrorsOfTheUpstreamOnUnderTheIdOfTheRequest(int status, String id, int code) throws Exception {
        McpScript script = McpScript.modern().on("tools/call", x -> x.error(status, id, code, "no"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            Response response = call(session, toolCall(session, "1")).response();

            assertThat(response.errorCode()).isEqualTo(code);
            assertThat(response.id()).contains(RequestId.of(1));
        }
    }

    @Test
    void takesTheFirstOfTwoAnswers() throws Exception {
        McpScript script = McpScript.modern()
                .on(
                        "tools/call",
                        x -> x.events()
                                .event("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":1}}")
                                .event("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":2}}"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            RecordingCall call = call(session, toolCall(session, "1"));

            assertThat(call.response().toJson()).contains("\"n\":1");
            assertThat(call(session, toolCall(session, "2")).failure().kind())
                    .as("nothing of the first call's stream is taken for the second")
                    .isEqualTo(Kind.PROTOCOL);
        }
    }

    @Test
    void closesAStreamThatGoesOnAfterTheAnswer() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", x -> {
            x.events().event("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
            x.awaitClosedByClient();
            closed.countDown();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            call(session, toolCall(session, "1")).response();

            assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    @Incident("S183")
    void asksAgainForAListButNeverCallsAToolAgainWhenTheConnectionBreaks() throws Exception {
        McpScript script = McpScript.modern();
        script.on("tools/list", first(FakeHttpServer.Exchange::reset, x -> x.result("{\"tools\":[]}")))
                .on("tools/call", first(FakeHttpServer.Exchange::reset, x -> x.result("{}")));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            RecordingCall list = call(session, UpstreamWorkbench.list(session, "1"));
            RecordingCall tool = call(session, toolCall(session, "2"));

            assertThat(list.response().isError()).isFalse();
            assertThat(tool.failure().maybeExecuted()).isTrue();
            assertThat(server.received("tools/list")).hasSize(2);
            assertThat(server.received("tools/call")).hasSize(1);
        }
    }

    private static FakeHttpServer.Handler first(FakeHttpServer.Handler once, FakeHttpServer.Handler then) {
        AtomicInteger count = new AtomicInteger();
        return exchange -> (count.getAndIncrement() == 0 ? once : then).handle(exchange);
    }

    @Test
    void asksForAListAtMostTwice() throws Exception {
        McpScript script = McpScript.modern().on("tools/list", FakeHttpServer.Exchange::reset);
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            UpstreamFailure failure =
                    call(session, UpstreamWorkbench.list(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.INTERRUPTED);
            assertThat(server.received("tools/list")).hasSize(2);
        }
    }

    @Test
    void postsNotifications() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamSession session = bench.modern(server);

            // When
            session.send(Notification.of("notifications/odd", null));

            await(
                    "the notification",
                    () -> !server.received("notifications/odd").isEmpty());
            FakeHttpServer.Exchange received =
                    server.received("notifications/odd").get(0);
            assertThat(received.header("MCP-Protocol-Version")).isEqualTo("2026-07-28");
            assertThat(received.header("Mcp-Method")).isEqualTo("notifications/odd");
        }
    }
}
