package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static io.sallyport.upstream.http.UpstreamWorkbench.list;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Response;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpConnectionTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void sendsHostAndNothingThatTellsOfTheClient() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            // When
            bench.modern(server);

            assertThat(server.received().get(0).head())
                    .contains("Host: 127.0.0.1:" + server.port() + "\r\n")
                    .doesNotContainIgnoringCase("user-agent", "expect", "accept-encoding", "connection");
        }
    }

    @Test
    void closesTheConnectionOfASlowAnswerThatNobodyWaitsForAnyMore() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch noticed = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n");
            begun.countDown();
            try {
                for (int i = 0; i < 100_000; i++) {
                    exchange.raw(" ");
                    Thread.onSpinWait();
                }
            } catch (java.io.IOException gone) {
                noticed.countDown();
                throw gone;
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);
            CallHandle handle = session.call(toolCall(session, "1"), callSpec(), new RecordingCall());
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            handle.cancel("too slow");

            assertThat(noticed.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void waitsForAnAnswerLongerThanForAConnection() throws Exception {
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            CountDownLatch later = new CountDownLatch(1);
            // Longer than the time allowed for connecting and than the interval at which it is looked at, together.
            bench.timer.schedule(later::countDown, 1500, TimeUnit.MILLISECONDS);
            later.await(10, TimeUnit.SECONDS);
            exchange.result("{}");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            HttpUpstream upstream = bench.upstream(server, b -> b.connectTimeout(Duration.ofMillis(100)));
            UpstreamSession session = bench.open(upstream, Era.MODERN);

            // When
            Response response = call(session, toolCall(session, "1")).response();

            assertThat(response.isError()).isFalse();
        }
    }

    @Test
    @Incident("S95")
    void sendsNothingForACallThatIsCancelledWhileItWaitsForAConnection() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            over.await(10, TimeUnit.SECONDS);
            exchange.result("{}");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.open(bench.upstream(server, b -> b.maxConnections(1)), Era.MODERN);
            RecordingCall first = call(session, toolCall(session, "1"));
            CallHandle waiting = session.call(toolCall(session, "2"), callSpec(), new RecordingCall());

            // When
            waiting.cancel("never mind");
            over.countDown();

            first.response();
            assertThat(call(session, toolCall(session, "3")).response().isError())
                    .isFalse();
            assertThat(server.received("tools/call")).hasSize(2);
        }
    }

    @Test
    void refusesCallsForWhichNoConnectionBecomesFree() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            over.await(10, TimeUnit.SECONDS);
            exchange.result("{}");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            HttpUpstream upstream =
                    bench.upstream(server, b -> b.maxConnections(2).waitForConnection(Duration.ofMillis(50)));
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            List<RecordingCall> calls =
                    List.of(call(session, toolCall(session, "1")), call(session, toolCall(session, "2")));

            // When
            UpstreamFailure failure = call(session, toolCall(session, "3")).failure();

            assertThat(failure.kind()).isEqualTo(Kind.OVERLOADED);
            assertThat(failure.maybeExecuted()).isFalse();
            assertThat(failure.detail()).contains("all 2 connections", "maxConnections");
            over.countDown();
            for (RecordingCall call : calls) {
                call.response();
            }
        }
    }

    @Test
    @Incident("S95")
    void keepsPlacesForCallsThoughStreamsStayOpen() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("subscriptions/listen", exchange -> {
            exchange.events();
            over.await(10, TimeUnit.SECONDS);
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.open(bench.upstream(server, b -> b.maxConnections(1)), Era.MODERN);
            session.call(
                    io.sallyport.protocol.Request.of(
                            io.sallyport.protocol.RequestId.of(1), "subscriptions/listen", java.util.Map.of()),
                    callSpec(),
                    new RecordingCall());
            await("the stream", () -> !server.received("subscriptions/listen").isEmpty());

            // When
            Response response = call(session, toolCall(session, "2")).response();

            assertThat(response.isError()).isFalse();
            over.countDown();
        }
    }

    @Test
    @Incident("S183")
    void usesAFreshConnectionWhenTheUpstreamHasClosedTheIdleOne() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            calls.incrementAndGet();
            exchange.result("{}");
            exchange.closeAfterwards();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            for (int i = 0; i < 20; i++) {
                call(session, list(session, "1")).response();
                RecordingCall call = call(session, toolCall(session, "2"));
                call.response();
                int sent = i + 1;
                await("the server to close", () -> calls.get() == sent);
            }

            assertThat(calls).as("none was lost, none was sent twice").hasValue(20);
        }
    }

    @Test
    void doesNotUseAConnectionAgainThatTheUpstreamSaysItCloses() throws Exception {
        McpScript script = McpScript.modern().on("tools/call", exchange -> exchange.result("{}", "Connection: close"));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.modern(server);

            // When
            for (int i = 0; i < 5; i++) {
                call(session, toolCall(session, "" + i)).response();
            }

            assertThat(server.connectionsAccepted()).isGreaterThanOrEqualTo(5);
        }
    }

    @Test
    void closesIdleConnectionsBeforeTheUpstreamDoes() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            exchange.result("{}");
            exchange.awaitClosedByClient();
            closed.countDown();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            HttpUpstream upstream = bench.upstream(server, b -> b.idleConnectionTimeout(Duration.ofSeconds(1)));
            UpstreamSession session = bench.open(upstream, Era.MODERN);

            // When
            call(session, toolCall(session, "1")).response();

            assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void failsWhatIsUnderWayAndLeavesNoThreadWhenItIsClosed() throws Exception {
        CountDownLatch begun = new CountDownLatch(3);
        McpScript script = McpScript.modern().on("tools/call", exchange -> {
            begun.countDown();
            exchange.awaitClosedByClient();
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            Set<Thread> before = ioThreads();
            HttpUpstream upstream = bench.upstream(server);
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            assertThat(ioThreads()).hasSizeGreaterThan(before.size());
            List<RecordingCall> calls = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                calls.add(call(session, toolCall(session, "" + i)));
            }
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

            // When
            upstream.close();
            upstream.close();

            for (RecordingCall call : calls) {
                assertThat(call.failure().kind()).isEqualTo(Kind.INTERRUPTED);
                assertThat(call.failure().maybeExecuted()).isTrue();
            }
            await("the threads to end", () -> before.containsAll(ioThreads()));
            assertThat(call(session, toolCall(session, "9")).failure().maybeExecuted())
                    .isFalse();
            assertThat(bench.failureToOpen(upstream, Era.MODERN).detail()).contains("closed");
        }
    }

    private static Set<Thread> ioThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("requester-dispatch"))
                .collect(Collectors.toSet());
    }
}
