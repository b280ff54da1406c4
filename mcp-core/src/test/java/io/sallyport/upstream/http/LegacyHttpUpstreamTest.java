package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    void opensAnotherSessionInPlaceOfOneThatItIsToldOfInAnUnknownForm() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            HttpUpstream upstream = bench.upstream(server);

            // When
            UpstreamSession session = upstream.open(
                            UpstreamWorkbench.spec(Era.LEGACY).withHandle(Optional.of("2:of a release to come")),
                            bench.outside,
                            bench.runtime())
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);

            assertThat(session.handle().orElseThrow()).contains("session-1");
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
            RecordingCall call = new RecordingCall(
                    question -> self.get().answer(Response.resultJson(RequestId.of(99), "{\"roots\":[]}")));
            self.set(call);

            // When
            session.call(toolCall(session, "1"), callSpec(), call);

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

    @ParameterizedTest
    @CsvSource({"2025-03-26, false", "2025-06-18, true", "2025-11-25, true"})
    void speaksTheRevisionThatTheUpstreamChooses(String version, boolean hasHeader) throws Exception {
        McpScript script =
                McpScript.legacy().on("initialize", exchange -> exchange.result(McpScript.initialized(version)));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            call(session, toolCall(session, "1")).response();

            assertThat(server.received("initialize").get(0).text()).contains("\"protocolVersion\":\"2025-11-25\"");
            FakeHttpServer.Exchange received = server.received("tools/call").get(0);
            assertThat(received.header("MCP-Protocol-Version")).isEqualTo(hasHeader ? version : null);
            assertThat(received.session()).as("the upstream gave none").isNull();
        }
    }

    @Test
    void refusesARevisionThatItDoesNotSpeak() throws Exception {
        McpScript script =
                McpScript.legacy().on("initialize", exchange -> exchange.result(McpScript.initialized("2024-11-05")));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            UpstreamFailure failure = bench.failureToOpen(bench.upstream(server), Era.LEGACY);

            assertThat(failure.kind()).isEqualTo(Kind.PROTOCOL);
            assertThat(failure.detail()).contains("2024-11-05", "2025-03-26");
        }
    }

    @Test
    void refusesASessionIdThatCannotBeSentBack() throws Exception {
        McpScript script = McpScript.legacy()
                .on(
                        "initialize",
                        exchange -> exchange.result(
                                McpScript.initialized("2025-11-25"), "Mcp-Session-Id: " + "x".repeat(1025)));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            UpstreamFailure failure = bench.failureToOpen(bench.upstream(server), Era.LEGACY);

            assertThat(failure.detail())
                    .contains("session id of 1025 characters")
                    .doesNotContain("xxx");
        }
    }

    @Test
    void cancelsACallByANotificationThatNamesTheIdUsedUpstream() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        McpScript script = McpScript.legacy().on("tools/call", exchange -> {
            exchange.events().send(": waiting\n\n");
            begun.countDown();
            exchange.awaitClosedByClient();
            closed.countDown();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            RecordingCall call = new RecordingCall();
            CallHandle handle = session.call(toolCall(session, "\"mine\""), callSpec(), call);
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            handle.cancel("the user is \"tired\"");

            await(
                    "the cancellation",
                    () -> !server.received("notifications/cancelled").isEmpty());
            Message sent = server.received("notifications/cancelled").get(0).message();
            RequestId upstream = server.received("tools/call").get(0).request().id();
            assertThat(sent.get(Part.PARAMS, "requestId").map(JsonValue::toJson))
                    .contains(upstream.token());
            assertThat(sent.getString(Part.PARAMS, "reason")).contains("the user is \"tired\"");
            assertThat(server.received("notifications/cancelled").get(0).session())
                    .isEqualTo("session-1");
            assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(call.isEnded()).isFalse();
        }
    }

    @Test
    void keepsProgressTokensApartThatTwoClientsUseAtTheSameTime() throws Exception {
        CountDownLatch bothBegun = new CountDownLatch(2);
        McpScript script = McpScript.legacy().on("tools/call", exchange -> {
            String token = exchange.request()
                    .get(Part.PARAMS_META, "progressToken")
                    .orElseThrow()
                    .toJson();
            bothBegun.countDown();
            bothBegun.await(10, TimeUnit.SECONDS);
            exchange.events()
                    .event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":"
                            + token + ",\"progress\":1,\"message\":" + token + "}}")
                    .event("{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"result\":{}}");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            RecordingCall one = call(session, toolCall(Era.LEGACY, "1", "\"progressToken\":7"));
            RecordingCall two = call(session, toolCall(Era.LEGACY, "1", "\"progressToken\":7"));

            one.response();
            two.response();
            assertThat(one.log()).singleElement().asString().contains("\"progressToken\":7,");
            assertThat(two.log()).singleElement().asString().contains("\"progressToken\":7,");
            assertThat(one.log().get(0) + two.log().get(0)).contains("\"message\":7}", "\"message\":\"sallyport-");
        }
    }

    @Test
    void sendsNotificationsOfTheClientInTheSession() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy())) {
            UpstreamSession session = bench.legacy(server);

            // When
            session.send(Notification.of("notifications/roots/list_changed", null));

            await(
                    "it",
                    () -> !server.received("notifications/roots/list_changed").isEmpty());
            assertThat(server.received("notifications/roots/list_changed")
                            .get(0)
                            .session())
                    .isEqualTo("session-1");
        }
    }

    @Test
    void takesAnAnswerOnlyOnce() throws Exception {
        AtomicInteger posted = new AtomicInteger();
        McpScript script = McpScript.legacy()
                .on("tools/call", exchange -> {
                    exchange.events().event("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}");
                    await("the answer", () -> posted.get() > 0);
                    exchange.event(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"result\":{}}");
                })
                .on("response", exchange -> {
                    posted.incrementAndGet();
                    exchange.accepted();
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            AtomicReference<RecordingCall> self = new AtomicReference<>();
            RecordingCall call = new RecordingCall(question -> {
                self.get().answer(Response.resultJson(RequestId.of(1), "{}"));
                self.get().answer(Response.resultJson(RequestId.of(2), "{}"));
            });
            self.set(call);

            // When
            session.call(toolCall(session, "1"), callSpec(), call);

            call.response();
            call(session, toolCall(session, "2"));
            assertThat(posted).hasValue(1);
        }
    }

    @Test
    void answersAndCancelsThoughAllConnectionsAreTakenByCallsThatWaitForIt() throws Exception {
        AtomicInteger answers = new AtomicInteger();
        McpScript script = McpScript.legacy()
                .on("tools/call", exchange -> {
                    exchange.events().event("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}");
                    await("all answers", () -> answers.get() == 2);
                    exchange.event(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"result\":{}}");
                })
                .on("response", exchange -> {
                    answers.incrementAndGet();
                    exchange.accepted();
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.open(bench.upstream(server, b -> b.maxConnections(2)), Era.LEGACY);
            List<RecordingCall> calls = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                AtomicReference<RecordingCall> self = new AtomicReference<>();
                RecordingCall call =
                        new RecordingCall(q -> self.get().answer(Response.resultJson(RequestId.of(1), "{}")));
                self.set(call);
                calls.add(call);

                // When
                session.call(toolCall(session, "1"), callSpec(), call);
            }

            for (RecordingCall call : calls) {
                assertThat(call.response().isError()).isFalse();
            }
        }
    }

    @Test
    void hasCallsUnderWayFailWhenItIsClosed() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        McpScript script = McpScript.legacy().on("tools/call", exchange -> {
            begun.countDown();
            exchange.awaitClosedByClient();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            RecordingCall call = call(session, toolCall(session, "1"));
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            session.close();
            session.close();

            assertThat(call.failure().kind()).isEqualTo(Kind.INTERRUPTED);
            assertThat(call.failure().maybeExecuted()).isTrue();
            assertThat(call(session, toolCall(session, "2")).failure().maybeExecuted())
                    .isFalse();
            assertThat(bench.outside.ends).as("not by itself").isEmpty();
            await(
                    "DELETE",
                    () -> server.received().stream().anyMatch(x -> x.method().equals("DELETE")));
        }
    }

    @ParameterizedTest
    @CsvSource({"200, -32602", "400, -32602", "404, -32601", "500, -32603"})
    void handsErrorsOfTheUpstreamOnUnderTheIdOfTheRequest(int status, int code) throws Exception {
        McpScript script = McpScript.legacy()
                .on("tools/call", x -> x.error(status, x.request().id().token(), code, "no"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            Response response = call(session, toolCall(session, "\"mine\"")).response();

            assertThat(response.errorCode()).isEqualTo(code);
            assertThat(response.id()).contains(new RequestId("\"mine\""));
            assertThat(server.received("initialize")).hasSize(1);
        }
    }
}
