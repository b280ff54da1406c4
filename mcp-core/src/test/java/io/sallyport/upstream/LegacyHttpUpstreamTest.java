package io.sallyport.upstream;

import static io.sallyport.upstream.UpstreamWorkbench.await;
import static io.sallyport.upstream.UpstreamWorkbench.call;
import static io.sallyport.upstream.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LegacyHttpUpstreamTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void opensASessionAndNamesItWithEveryMessage() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            UpstreamSession session = bench.legacy(server);

            // When
            Response response = call(session, toolCall(session, "\"mine\"")).response();

            assertThat(response.toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"result\":{\"answered\":\"tools/call\"}}");
            assertThat(session.facts().protocolVersion()).isEqualTo("2025-11-25");
            FakeHttpServer.Exchange received = server.received("tools/call").get(0);
            assertThat(received.session()).isEqualTo("session-1");
            assertThat(received.header("MCP-Protocol-Version")).isEqualTo("2025-11-25");
            assertThat(server.received("notifications/initialized").get(0).session())
                    .isEqualTo("session-1");
            assertThat(server.received("initialize").get(0).headerNames())
                    .doesNotContain("mcp-session-id", "mcp-protocol-version", "mcp-method");
        }
    }

    @Test
    void fallsBackToTheLegacyEraWhenDiscoverIsNotUnderstood() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            HttpUpstream upstream = bench.upstream(server);

            // When
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            bench.open(upstream, Era.MODERN);

            assertThat(session.era()).isEqualTo(Era.LEGACY);
            assertThat(server.received("server/discover")).as("remembered").hasSize(1);
        }
    }

    @Test
    void passesAQuestionOnAndPostsTheAnswer() throws Exception {
        AtomicReference<String> answered = new AtomicReference<>("");
        McpScript script = McpScript.legacy()
                .on("tools/call", exchange -> {
                    exchange.events().event("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}");
                    await("the answer", () -> !answered.get().isEmpty());
                    exchange.event(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"result\":{}}");
                })
                .on("response", exchange -> {
                    answered.set(exchange.session() + " " + exchange.text());
                    exchange.accepted();
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            AtomicReference<RecordingCall> self = new AtomicReference<>();
            RecordingCall call = new RecordingCall(question ->
                    self.get().answer(Response.resultJson(io.sallyport.protocol.RequestId.of(99), "{\"roots\":[]}")));
            self.set(call);

            // When
            session.call(toolCall(session, "1"), UpstreamWorkbench.callSpec(), call);

            assertThat(call.response().isError()).isFalse();
            assertThat(answered.get())
                    .isEqualTo("session-1 {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"result\":{\"roots\":[]}}");
        }
    }

    @Test
    void opensTheSessionAnewOnceAndRepeatsTheCall() throws Exception {
        McpScript script = McpScript.legacy();
        script.on("tools/call", exchange -> {
            if (exchange.session().equals("session-1")) {
                exchange.answer(404, null, "");
            } else {
                exchange.result("{}");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            Request request = toolCall(session, "1");

            // When
            Response response = call(session, request).response();

            assertThat(response.isError()).isFalse();
            assertThat(server.received("initialize")).hasSize(2);
            await("the listener to be told", () -> bench.outside.renewals == 1);
        }
    }

    @Test
    void endsTheSessionUpstreamWhenItIsClosed() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            HttpUpstream upstream = bench.upstream(server);
            bench.open(upstream, Era.LEGACY);

            // When
            upstream.close();

            assertThat(server.received()).anyMatch(x -> x.method().equals("DELETE") && "session-1".equals(x.session()));
        }
    }
}
