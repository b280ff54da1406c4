package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Stage;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
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
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What stays of a session that ends while a request in it is under way: nothing. */
@Incident("S93")
class LegacySessionEndTest {

    private static final Duration IDLE = Duration.ofMinutes(30);
    private static final String ECHO = "{\"name\":\"echo\",\"arguments\":{}}";

    private final Counted upstream = new Counted();
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final AtomicReference<Runnable> afterLookup = new AtomicReference<>(() -> {});
    private final AtomicReference<Runnable> beforeCall = new AtomicReference<>(() -> {});
    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        SessionStore.Bounds bounds = new SessionStore.Bounds(IDLE, IDLE.multipliedBy(10), 2, 100);
        gateway = McpGateway.builder()
                .upstream(upstream)
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .sessionStore(new Interrupted(SessionStore.inMemory(bounds, now::get)))
                .filter(McpFilter.onRequest(Stage.AUTHORIZE, (call, request) -> {
                    once(beforeCall);
                    return Decision.proceed();
                }))
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        int port = container.start(new McpServlet(gateway), "/mcp");
        client = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
    }

    private static void once(AtomicReference<Runnable> action) {
        action.getAndSet(() -> {}).run();
    }

    private void delete(String session) {
        assertThat(client.send("DELETE", "", McpHttp.legacyHeaders(session)).status())
                .isEqualTo(200);
    }

    private int held() {
        return gateway.unwrap(Inside.class).engine().sessions().held();
    }

    @Test
    void aSessionThatEndsWhileItIsLookedUpIsNotHeld() {
        String session = client.initialize("{}");
        afterLookup.set(() -> delete(session));

        McpHttp.Answer answer = client.legacy(session, 1, "tools/list", "{}");

        assertThat(answer.status()).isEqualTo(404);
        assertThat(held()).isZero();
    }

    @Test
    void whatACallOpensWhileItsSessionEndsIsClosed() {
        String session = client.initialize("{}");
        beforeCall.set(() -> delete(session));

        client.legacy(session, 1, "tools/call", ECHO);

        assertThat(held()).isZero();
        Waiting.until("the gateway's own session is the only one", () -> upstream.open.size() == 1 ? true : null);
    }

    @Test
    void whatIsWatchedWhileTheSessionEndsIsWatchedNoMore() {
        String session = client.initialize("{}");
        upstream.whenSubscribed.set(() -> delete(session));

        client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://r\"}");

        assertThat(held()).isZero();
        assertThat(upstream.watched).isEmpty();
    }

    @Test
    void theEndOfASessionEndsWhatItWatchedAndOpened() {
        String session = client.initialize("{}");
        client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://r\"}");
        client.legacy(session, 2, "tools/call", ECHO);
        assertThat(upstream.watched).containsExactly("test://r");
        assertThat(upstream.open).hasSize(2);

        delete(session);

        assertThat(upstream.watched).isEmpty();
        assertThat(upstream.open).hasSize(1);
    }

    @Test
    void anExpiredSessionGoesWhenAnotherNeedsItsPlaceAndIsLetGoOf() {
        String first = client.initialize("{}");
        client.legacy(first, 1, "tools/list", "{}");
        assertThat(held()).isEqualTo(1);
        now.set(now.get().plus(IDLE));

        client.initialize("{}");
        client.initialize("{}");

        assertThat(held()).isZero();
        assertThat(client.legacy(first, 2, "tools/list", "{}").body()).contains("expired_idle");
    }

    /** Lets something happen between a look-up and the use of what it found. */
    private final class Interrupted extends ForwardingSessionStore {
        Interrupted(SessionStore store) {
            super(store);
        }

        @Override
        public Lookup find(String key) {
            Lookup found = super.find(key);
            once(afterLookup);
            return found;
        }
    }

    /** A legacy upstream that keeps account of its sessions and of what is watched. */
    private static final class Counted implements Upstream {

        private static final JsonValue CAN = JsonValue.trusted("{\"tools\":{},\"resources\":{\"subscribe\":true}}");

        private final Set<UpstreamSession> open = ConcurrentHashMap.newKeySet();
        private final Set<String> watched = ConcurrentHashMap.newKeySet();
        private final AtomicReference<Runnable> whenSubscribed = new AtomicReference<>(() -> {});

        @Override
        public String name() {
            return "counted";
        }

        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            UpstreamSession session = new Session();
            open.add(session);
            return CompletableFuture.completedFuture(session);
        }

        @Override
        public boolean sharesSessions() {
            return false;
        }

        private String answer(Request request) {
            switch (request.method()) {
                case Methods.RESOURCES_SUBSCRIBE -> {
                    watched.add(uri(request));
                    once(whenSubscribed);
                }
                case Methods.RESOURCES_UNSUBSCRIBE -> watched.remove(uri(request));
                case "tools/list" -> {
                    return "{\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]}";
                }
                case "resources/list" -> {
                    return "{\"resources\":[{\"name\":\"r\",\"uri\":\"test://r\"}]}";
                }
                case "resources/templates/list" -> {
                    return "{\"resourceTemplates\":[]}";
                }
                default -> {
                    // Nothing to say.
                }
            }
            return "{}";
        }

        private static String uri(Request request) {
            return request.getString(Part.PARAMS, "uri").orElseThrow();
        }

        private final class Session implements UpstreamSession {
            @Override
            public Era era() {
                return Era.LEGACY;
            }

            @Override
            public ServerFacts facts() {
                return new ServerFacts("2025-11-25", JsonValue.trusted("{}"), CAN, Optional.empty());
            }

            @Override
            public CallHandle call(Request request, CallSpec spec, CallListener listener) {
                listener.onResponse(Response.resultJson(request.id(), answer(request)));
                return reason -> {};
            }

            @Override
            public void send(Notification notification) {
                // Nobody hears it.
            }

            @Override
            public void close() {
                open.remove(this);
            }
        }
    }
}
