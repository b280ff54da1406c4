package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.http.FakeHttpServer.Handler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An upstream that forgets its sessions, as one does that was restarted. */
@Incident("X6")
class LegacySessionLossTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** A way to say that a session is gone. */
    record Shape(String name, Handler handler) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Shape> shapes() {
        return Stream.of(
                new Shape("404", x -> x.answer(404, null, "")),
                new Shape("404 with a page", x -> x.answer(404, "text/html", "<html>")),
                new Shape("404 -32001", x -> x.error(404, "null", -32001, "Session not found")),
                new Shape("400 -32600", x -> x.error(400, "\"server-error\"", -32600, "Session not found")),
                new Shape("400 -32001", x -> x.error(400, "null", -32001, "Session not found")),
                new Shape("400 -32000", x -> x.error(400, "null", -32000, "Bad Request: No valid session ID provided")),
                new Shape("400 text", x -> x.answer(400, "text/plain", "session not found")),
                new Shape("200 32600", x -> x.error(200, x.request().id().token(), 32600, "Session terminated")),
                new Shape("200 -32600", x -> x.error(200, x.request().id().token(), -32600, "Session terminated")),
                new Shape("200 -32000", x -> x.error(200, "null", -32000, "Session not found")),
                new Shape(
                        "200 in a stream",
                        x -> x.events()
                                .event("{\"jsonrpc\":\"2.0\",\"id\":"
                                        + x.request().id()
                                        + ",\"error\":{\"code\":-32001,\"message\":\"Session not found\"}}")));
    }

    /** Knows only its newest session, and says of others that they are gone. */
    private static McpScript forgetful(Handler onOldSession) {
        McpScript script = McpScript.legacy();
        script.on("tools/call", exchange -> {
            if (exchange.session().equals("session-1")) {
                onOldSession.handle(exchange);
            } else {
                exchange.result("{\"session\":\"" + exchange.session() + "\"}");
            }
        });
        return script;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void opensTheSessionAnewAndMakesTheCallAgain(Shape shape) throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(forgetful(shape.handler()))) {
            UpstreamSession session = bench.legacy(server);

            // When
            Response response = call(session, toolCall(session, "\"mine\"")).response();

            assertThat(response.toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"result\":{\"session\":\"session-2\"}}");
            assertThat(server.received("initialize")).hasSize(2);
            assertThat(server.received("notifications/initialized").get(1).session())
                    .isEqualTo("session-2");
            await("word of it", () -> bench.outside.renewals == 1);
            assertThat(bench.outside.ends).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void makesTheCallAgainOnlyOnce(Shape shape) throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.legacy().on("tools/call", shape.handler()))) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.SESSION_LOST);
            assertThat(failure.maybeExecuted()).isFalse();
            assertThat(server.received("tools/call")).hasSize(2);
            assertThat(server.received("initialize")).hasSize(2);
        }
    }

    @Test
    void opensOneSessionForAllWhoNotice() throws Exception {
        int calls = 20;
        CountDownLatch all = new CountDownLatch(calls);
        McpScript script = forgetful(exchange -> {
            all.countDown();
            all.await(10, TimeUnit.SECONDS);
            exchange.answer(404, null, "");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            List<RecordingCall> recordings = new ArrayList<>();

            // When
            for (int i = 0; i < calls; i++) {
                recordings.add(call(session, toolCall(session, "" + i)));
            }

            for (int i = 0; i < calls; i++) {
                assertThat(recordings.get(i).response().id()).contains(RequestId.of(i));
            }
            assertThat(server.received("initialize")).hasSize(2);
            await("word of it", () -> bench.outside.renewals == 1);
        }
    }

    @Test
    void opensNoSecondSessionForACallThatNoticesLate() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch renewed = new CountDownLatch(1);
        AtomicBoolean isFirst = new AtomicBoolean(true);
        McpScript script = forgetful(exchange -> {
            if (isFirst.getAndSet(false)) {
                begun.countDown();
                renewed.await(10, TimeUnit.SECONDS);
            }
            exchange.answer(404, null, "");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            RecordingCall late = call(session, toolCall(session, "1"));
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            call(session, toolCall(session, "2")).response();

            // When
            renewed.countDown();

            assertThat(late.response().toJson()).contains("session-2");
            assertThat(server.received("initialize")).hasSize(2);
        }
    }

    @Test
    void leavesCallsAloneThatTheUpstreamStillWorksOn() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch renewed = new CountDownLatch(1);
        AtomicBoolean isFirst = new AtomicBoolean(true);
        McpScript script = forgetful(exchange -> {
            if (isFirst.getAndSet(false)) {
                exchange.events();
                begun.countDown();
                renewed.await(10, TimeUnit.SECONDS);
                exchange.event(
                        "{\"jsonrpc\":\"2.0\",\"id\":" + exchange.request().id() + ",\"result\":{}}");
            } else {
                exchange.answer(404, null, "");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            RecordingCall slow = call(session, toolCall(session, "1"));
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            call(session, toolCall(session, "2")).response();
            renewed.countDown();

            assertThat(slow.response().isError()).isFalse();
        }
    }

    @Test
    void triesAgainWithTheNextCallAfterTheUpstreamWasAway() throws Exception {
        AtomicInteger initialized = new AtomicInteger();
        McpScript script = forgetful(exchange -> exchange.answer(404, null, ""));
        script.on("initialize", exchange -> {
            int which = initialized.incrementAndGet();
            if (which == 2) {
                exchange.answer(503, null, "");
            } else {
                exchange.result(McpScript.initialized("2025-11-25"), "Mcp-Session-Id: session-" + which);
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();
            assertThat(failure.kind()).isEqualTo(Kind.OVERLOADED);
            assertThat(failure.maybeExecuted()).isFalse();

            // When
            Response response = call(session, toolCall(session, "2")).response();

            assertThat(response.toJson()).contains("session-3");
        }
    }

    @Test
    void endsWhenTheUpstreamHasTurnedIntoSomethingElse() throws Exception {
        AtomicBoolean isOther = new AtomicBoolean();
        McpScript script = McpScript.legacy();
        script.on("tools/call", exchange -> exchange.answer(404, null, ""));
        script.on("initialize", exchange -> {
            if (isOther.getAndSet(true)) {
                exchange.error(404, exchange.request().id().token(), -32601, "no such method");
            } else {
                exchange.result(McpScript.initialized("2025-11-25"), "Mcp-Session-Id: session-1");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.SESSION_LOST);
            await("the end", () -> bench.outside.ends.size() == 1);
            assertThat(bench.outside.ends.get(0).detail()).contains("error -32601");
        }
    }

    @Test
    void failsACallWhoseAnswerTheUpstreamNoLongerKnowsTheSessionFor() throws Exception {
        McpScript script = McpScript.legacy()
                .on("tools/call", exchange -> {
                    exchange.events().event("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"roots/list\"}");
                    exchange.awaitClosedByClient();
                })
                .on("response", exchange -> exchange.answer(404, null, ""));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            AtomicReference<RecordingCall> self = new AtomicReference<>();
            RecordingCall call = new RecordingCall(q -> self.get().answer(Response.resultJson(RequestId.of(1), "{}")));
            self.set(call);

            // When
            session.call(toolCall(session, "1"), callSpec(), call);

            assertThat(call.failure().kind()).isEqualTo(Kind.SESSION_LOST);
            assertThat(call.failure().maybeExecuted()).isTrue();
        }
    }

    @Test
    void noticesByItsListeningStreamThatTheSessionIsGone() throws Exception {
        AtomicBoolean isRestarted = new AtomicBoolean();
        McpScript script = McpScript.legacy();
        script.on("GET", exchange -> {
            if (exchange.session().equals("session-1") && !isRestarted.getAndSet(true)) {
                exchange.events().send("retry: 5\n\n");
            } else if (exchange.session().equals("session-1")) {
                exchange.answer(404, null, "");
            } else {
                exchange.answer(405, null, "");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            UpstreamSession session = bench.legacy(server);

            await("the new session", () -> bench.outside.renewals == 1);
            call(session, toolCall(session, "1")).response();
            assertThat(server.received("tools/call").get(0).session()).isEqualTo("session-2");
        }
    }
}
