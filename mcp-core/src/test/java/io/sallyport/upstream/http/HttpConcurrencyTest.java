package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.callSpec;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Many clients with the same ids on one upstream (CVE-2026-25536). */
class HttpConcurrencyTest {

    private static final int CALLS = 10_000;
    private static final int AT_ONCE = 200;

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static Request echo(Era era, int number) {
        Request template = UpstreamWorkbench.toolCall(era, "1", "\"progressToken\":1");
        return (Request) template.edit()
                .set(Part.PARAMS, "arguments", "{\"number\":" + number + "}")
                .apply();
    }

    /** Answers with the number that it was called with; every third call in a stream, with progress before. */
    private static void answer(FakeHttpServer.Exchange exchange) throws Exception {
        Request request = exchange.request();
        String number = request.get(Part.PARAMS, "arguments").orElseThrow().toJson();
        if (number.hashCode() % 3 != 0) {
            exchange.result(number);
            return;
        }
        String token =
                request.get(Part.PARAMS_META, "progressToken").orElseThrow().toJson();
        exchange.events()
                .event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":"
                        + token + ",\"progress\":1,\"of\":" + number + "}}")
                .event("{\"jsonrpc\":\"2.0\",\"id\":" + request.id() + ",\"result\":" + number + "}");
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    @Incident("S183")
    void givesEachOfManyCallsWithTheSameIdItsOwnAnswer(Era era) throws Exception {
        McpScript script = (era == Era.MODERN ? McpScript.modern() : McpScript.legacy())
                .on("tools/call", HttpConcurrencyTest::answer);
        try (FakeHttpServer server = new FakeHttpServer(script)) {
            // However busy the machine is: it is not this that is tested.
            HttpUpstream upstream =
                    bench.upstream(server, b -> b.maxConnections(32).waitForConnection(Duration.ofMinutes(1)));
            UpstreamSession session = bench.open(upstream, era);
            List<String> wrong = new CopyOnWriteArrayList<>();
            CountDownLatch answered = new CountDownLatch(CALLS);
            Semaphore underWay = new Semaphore(AT_ONCE);

            // When
            for (int i = 0; i < CALLS; i++) {
                assertThat(underWay.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
                session.call(echo(era, i), callSpec(), new Expecting(i, wrong, () -> {
                    underWay.release();
                    answered.countDown();
                }));
            }

            assertThat(answered.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(wrong).isEmpty();
            assertThat(server.connectionsAccepted())
                    .as("connections are used again")
                    .isLessThan(CALLS / 20);
        }
    }

    /** A client that knows what it must be answered. */
    private record Expecting(int number, List<String> wrong, Runnable atEnd) implements CallListener {

        private String number(String member) {
            return "\"" + member + "\":" + number + "}";
        }

        private void check(Message message, boolean isRight) {
            if (!isRight) {
                wrong.add("call " + number + " got " + message.toJson());
            }
        }

        @Override
        public void onNotification(Notification notification) {
            String text = notification.toJson();
            check(notification, text.contains(number("number")) && text.contains("\"progressToken\":1,"));
        }

        @Override
        public void onRequest(Request request, Consumer<Response> answer) {
            check(request, false);
        }

        @Override
        public void onPause(Duration retry) {
            wrong.add("call " + number + " was paused");
        }

        @Override
        public void onResponse(Response response) {
            check(
                    response,
                    response.toJson().equals("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"number\":" + number + "}}"));
            atEnd.run();
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            wrong.add("call " + number + " failed: " + failure);
            atEnd.run();
        }
    }
}
