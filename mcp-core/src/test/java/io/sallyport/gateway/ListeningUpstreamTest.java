package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a modern upstream is asked to tell of while clients come and go. */
@Timeout(30)
class ListeningUpstreamTest {

    @Test
    void ofTwoRequestsToListenAtOnceTheOneThatKnowsMoreStays() throws Exception {
        Slow upstream = new Slow();
        try (GatewayRig rig = new GatewayRig(upstream).ready()) {
            CompletableFuture<McpHttp.Stream> first = listen(rig, "test://a");
            assertThat(upstream.reached.await(10, TimeUnit.SECONDS)).isTrue();
            listen(rig, "test://b");
            Waiting.until("both are listened for", () -> upstream.open().contains("[a, b]") ? "yes" : null);

            // When
            upstream.goOn.countDown();

            first.get().nextMessage();
            Waiting.until("one is left", () -> upstream.open().size() == 1 ? "yes" : null);
            assertThat(upstream.open()).containsExactly("[a, b]");
        }
    }

    private static CompletableFuture<McpHttp.Stream> listen(GatewayRig rig, String uri) {
        return RelayClient.meanwhile(() -> rig.as("ann")
                .openModern(
                        "subscriptions/listen", "{\"notifications\":{\"resourceSubscriptions\":[\"" + uri + "\"]}}"));
    }

    /** Needs long to begin to listen for the resource a alone. */
    private static final class Slow implements Upstream, UpstreamSession {

        private record Listen(String resources) {}

        private final List<Listen> listens = new CopyOnWriteArrayList<>();
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);

        List<String> open() {
            return listens.stream().map(Listen::resources).toList();
        }

        @Override
        public String name() {
            return "slow";
        }

        @Override
        public boolean sharesSessions() {
            return true;
        }

        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            return CompletableFuture.completedFuture(this);
        }

        @Override
        public Era era() {
            return Era.MODERN;
        }

        @Override
        public ServerFacts facts() {
            return new ServerFacts(
                    "2026-07-28",
                    JsonValue.trusted("{\"name\":\"slow\",\"version\":\"1\"}"),
                    JsonValue.trusted("{\"resources\":{\"subscribe\":true}}"),
                    Optional.empty());
        }

        @Override
        public CallHandle call(Request request, CallSpec spec, CallListener listener) {
            if (!request.method().equals(Methods.SUBSCRIPTIONS_LISTEN)) {
                listener.onResponse(Response.resultJson(request.id(), "{\"resources\":[]}"));
                return reason -> {};
            }
            Listen listen = new Listen(
                    request.get(Part.PARAMS, "notifications").orElseThrow().get("resourceSubscriptions").stream()
                            .flatMap(uris -> uris.elements().stream())
                            .map(uri -> uri.asString().orElseThrow().replace("test://", ""))
                            .toList()
                            .toString());
            if (listen.resources().equals("[a]")) {
                reached.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            listens.add(listen);
            return reason -> listens.remove(listen);
        }

        @Override
        public void send(Notification notification) {
            // Nobody hears it.
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}
