package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.RequestId;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A stream of a call's answer that ends before the answer came. */
class LegacyResumptionTest {

    private static final String PROGRESS = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}";

    private final UpstreamWorkbench bench = new UpstreamWorkbench();
    private final AtomicReference<RequestId> id = new AtomicReference<>();
    private final List<String> resumedAfter = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        bench.close();
    }

    private String answer() {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id.get() + ",\"result\":{\"ok\":true}}";
    }

    /** A legacy server whose GET without Last-Event-ID is refused, and with it does what the test says. */
    private McpScript script(FakeHttpServer.Handler call, FakeHttpServer.Handler resume) {
        return McpScript.legacy()
                .on("tools/call", exchange -> {
                    id.set(exchange.request().id());
                    call.handle(exchange);
                })
                .on("GET", exchange -> {
                    String last = exchange.header("Last-Event-ID");
                    if (last == null) {
                        exchange.answer(405, null, "");
                        return;
                    }
                    assertThat(exchange.session()).isEqualTo("session-1");
                    resumedAfter.add(last);
                    resume.handle(exchange);
                });
    }

    @Test
    void fetchesTheAnswerWhenTheUpstreamAsksToComeBack() throws Exception {
        McpScript script = script(
                exchange -> exchange.events().send("id: 1\nretry: 20\ndata:\n\n"),
                exchange -> exchange.events().send("id: 2\ndata: " + answer() + "\n\n"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            RecordingCall call = call(session, toolCall(session, "\"mine\""));

            assertThat(call.response().toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"result\":{\"ok\":true}}");
            assertThat(call.log()).containsExactly("pause 20");
            assertThat(resumedAfter).containsExactly("1");
        }
    }

    @Test
    void goesOnAfterTheLastEventWhenTheConnectionBreaks() throws Exception {
        RecordingCall call = new RecordingCall();
        FakeHttpServer.Handler oneMore = exchange -> {
            int events = resumedAfter.size() + 1;
            exchange.events().send("retry: 5\nid: " + events + "\ndata: " + PROGRESS + "\n\n");
            await("the event", () -> call.log().size() == events);
            exchange.reset();
        };
        McpScript script = script(oneMore, exchange -> {
            if (resumedAfter.size() < 7) {
                oneMore.handle(exchange);
            } else {
                exchange.events().send("data: " + answer() + "\n\n");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            session.call(toolCall(session, "1"), callSpec(), call);

            assertThat(call.response().isError()).isFalse();
            assertThat(call.log()).as("no pause was asked for").hasSize(7).containsOnly(PROGRESS);
            assertThat(resumedAfter).containsExactly("1", "2", "3", "4", "5", "6", "7");
        }
    }

    @Test
    @Incident("S74")
    void comesBackAgainWhenTheUpstreamIsBusy() throws Exception {
        McpScript script = script(exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"), exchange -> {
            if (resumedAfter.size() < 3) {
                exchange.answer(503, null, "");
            } else {
                exchange.events().send("data: " + answer() + "\n\n");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            RecordingCall call = call(session, toolCall(session, "1"));

            assertThat(call.response().isError()).isFalse();
            assertThat(resumedAfter).containsExactly("1", "1", "1");
        }
    }

    @Test
    @Incident("S74")
    void comesBackNoSoonerThanABusyUpstreamWants() throws Exception {
        List<Long> times = new CopyOnWriteArrayList<>();
        McpScript script = script(exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"), exchange -> {
            times.add(System.nanoTime());
            if (resumedAfter.size() == 1) {
                exchange.answer(429, null, "", "Retry-After: 1");
            } else {
                exchange.events().send("data: " + answer() + "\n\n");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            RecordingCall call = call(session, toolCall(session, "1"));

            assertThat(call.response().isError()).isFalse();
            assertThat(Duration.ofNanos(times.get(1) - times.get(0))).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
        }
    }

    @Test
    void givesUpAfterFiveTriesThatBroughtNothing() throws Exception {
        McpScript script = script(
                exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"),
                exchange -> exchange.events().send(": nothing\n\n"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.INTERRUPTED);
            assertThat(failure.maybeExecuted()).isTrue();
            assertThat(resumedAfter).hasSize(5).containsOnly("1");
        }
    }

    @Test
    void givesUpAtOnceWhereEventsHaveNoIds() throws Exception {
        McpScript script = script(exchange -> exchange.events().event(PROGRESS), exchange -> {});
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.maybeExecuted()).isTrue();
            assertThat(failure.kind()).isEqualTo(Kind.INTERRUPTED);
            assertThat(resumedAfter).isEmpty();
        }
    }

    @Test
    void givesUpWhenTheUpstreamCannotResume() throws Exception {
        McpScript script = script(
                exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"),
                exchange -> exchange.answer(405, null, ""));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.INTERRUPTED);
            assertThat(failure.detail()).contains("HTTP 405");
        }
    }

    @Test
    void saysThatTheCallMayHaveBeenCarriedOutWhenTheSessionIsLostMeanwhile() throws Exception {
        McpScript script = script(
                exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"),
                exchange -> exchange.answer(404, null, ""));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.SESSION_LOST);
            assertThat(failure.maybeExecuted()).isTrue();
            assertThat(server.received("tools/call")).as("never called again").hasSize(1);
        }
    }

    @Test
    void stopsComingBackWhenTheCallIsCancelled() throws Exception {
        CountDownLatch resumed = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        McpScript script = script(exchange -> exchange.events().send("id: 1\nretry: 1\ndata:\n\n"), exchange -> {
            exchange.events().send(": waiting\n\n");
            resumed.countDown();
            exchange.awaitClosedByClient();
            closed.countDown();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);
            RecordingCall call = new RecordingCall();
            CallHandle handle = session.call(toolCall(session, "1"), callSpec(), call);
            assertThat(resumed.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            handle.cancel("enough");

            assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
            await(
                    "word of it",
                    () -> !server.received("notifications/cancelled").isEmpty());
            assertThat(resumedAfter).hasSize(1);
        }
    }
}
