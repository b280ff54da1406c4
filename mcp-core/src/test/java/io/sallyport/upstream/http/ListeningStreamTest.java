package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.await;
import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.UpstreamSession;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ListeningStreamTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void hearsWhatTheUpstreamSaysOutsideCallsAndAnswersItsQuestions() throws Exception {
        AtomicReference<String> answered = new AtomicReference<>("");
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.legacy()
                .on("GET", exchange -> {
                    exchange.events()
                            .event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}")
                            .event("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"ping\"}");
                    over.await(10, TimeUnit.SECONDS);
                })
                .on("response", exchange -> {
                    answered.set(exchange.text());
                    exchange.accepted();
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            bench.outside.onRequest = answer -> answer.accept(Response.resultJson(RequestId.of(1), "{}"));

            // When
            bench.legacy(server);

            await("the answer", () -> !answered.get().isEmpty());
            assertThat(answered.get()).isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"result\":{}}");
            assertThat(bench.outside.notifications.get(0)).contains("list_changed");
            FakeHttpServer.Exchange get = server.received().stream()
                    .filter(x -> x.method().equals("GET"))
                    .findFirst()
                    .orElseThrow();
            assertThat(get.header("Accept")).isEqualTo("text/event-stream");
            assertThat(get.session()).isEqualTo("session-1");
            over.countDown();
        }
    }

    @Test
    void opensTheListeningStreamAgainWhereItEnded() throws Exception {
        List<String> lastEventIds = new CopyOnWriteArrayList<>();
        McpScript script = McpScript.legacy().on("GET", exchange -> {
            lastEventIds.add(String.valueOf(exchange.header("Last-Event-ID")));
            if (lastEventIds.size() < 3) {
                exchange.events()
                        .send("retry: 10\nid: e" + lastEventIds.size()
                                + "\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/odd\"}\n\n");
            } else {
                exchange.answer(405, null, "");
            }
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            bench.legacy(server);

            await("the third GET", () -> lastEventIds.size() == 3);
            assertThat(lastEventIds).containsExactly("null", "e1", "e2");
            assertThat(bench.outside.notifications).hasSize(2);
        }
    }

    @Test
    void anUpstreamThatWantsNoPauseIsNotAskedWithoutOne() throws Exception {
        List<Long> times = new CopyOnWriteArrayList<>();
        McpScript script = McpScript.legacy().on("GET", exchange -> {
            times.add(System.nanoTime());
            exchange.events().send("retry: 0\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/odd\"}\n\n");
        });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            bench.legacy(server);

            await("the fourth GET", () -> times.size() >= 4);
            assertThat(times.get(3) - times.get(0))
                    .as("three pauses of which each is at least half of the shortest")
                    .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(300));
        }
    }

    @Test
    void takesProgressAndAnswersThatArriveOnTheListeningStream() throws Exception {
        AtomicReference<RequestId> id = new AtomicReference<>();
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.legacy()
                .on("GET", exchange -> {
                    exchange.events();
                    await("the call", () -> id.get() != null);
                    exchange.event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                                    + "{\"progressToken\":\"p\",\"progress\":1}}")
                            .event("{\"jsonrpc\":\"2.0\",\"id\":" + id.get() + ",\"result\":{}}");
                    over.await(10, TimeUnit.SECONDS);
                })
                .on("tools/call", exchange -> {
                    exchange.events();
                    id.set(exchange.request().id());
                    over.await(10, TimeUnit.SECONDS);
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            UpstreamSession session = bench.legacy(server);

            // When
            RecordingCall call = call(session, toolCall(Era.LEGACY, "\"x\"", "\"progressToken\":\"p\""));

            assertThat(call.response().id()).contains(new RequestId("\"x\""));
            assertThat(call.log()).hasSize(1);
            assertThat(bench.outside.notifications).isEmpty();
            over.countDown();
        }
    }

    @Test
    void theFirstCallWaitsUntilTheUpstreamHasAnsweredTheListener() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        CountDownLatch called = new CountDownLatch(1);
        McpScript script = McpScript.legacy()
                .on("GET", exchange -> {
                    // Time enough for a call that does not wait.
                    called.await(200, TimeUnit.MILLISECONDS);
                    order.add("listener");
                    exchange.answer(405, null, "");
                })
                .on("tools/call", exchange -> {
                    order.add("call");
                    called.countDown();
                    exchange.result("{}");
                });
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // When
            call(bench.legacy(server), toolCall(Era.LEGACY, "1", "")).response();

            assertThat(order).containsExactly("listener", "call");
        }
    }

    @Test
    void anUpstreamThatLetsItsListenerWaitIsNotWaitedForAgain() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        McpScript script = McpScript.legacy().on("GET", exchange -> over.await(10, TimeUnit.SECONDS));
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            HttpUpstream upstream = bench.upstream(server);
            bench.open(upstream, Era.LEGACY);

            // When
            long quickest = Long.MAX_VALUE;
            for (int i = 0; i < 5; i++) {
                long before = System.nanoTime();
                bench.open(upstream, Era.LEGACY);
                quickest = Math.min(quickest, System.nanoTime() - before);
            }

            assertThat(quickest).isLessThan(TimeUnit.MILLISECONDS.toNanos(400));
            over.countDown();
        }
    }
}
