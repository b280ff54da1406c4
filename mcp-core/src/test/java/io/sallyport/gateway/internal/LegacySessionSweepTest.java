package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a node does, now and then, with the sessions that it holds. */
class LegacySessionSweepTest {

    /** So short for a node's clock that a session is unused for so long after any request; the store's stands still. */
    private static final Duration IDLE = Duration.ofNanos(1000);

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        SessionStore.Bounds bounds = new SessionStore.Bounds(IDLE, Duration.ofHours(8), 20, 100);
        gateway = McpGateway.builder()
                .upstream(LocalServer.named("local").build())
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .sessionStore(new Shared(SessionStore.inMemory(bounds, now::get)))
                .sealer(Sealer.ephemeral())
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        client = new McpHttp(
                URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
    }

    private void letPass(long nanos) {
        now.updateAndGet(moment -> moment.plusNanos(nanos));
    }

    private LegacySessions sessions() {
        return gateway.unwrap(Inside.class).engine().sessions();
    }

    @Test
    void thatANodeHoldsASessionDoesNotKeepItFromExpiring() {
        String session = client.initialize("{}");
        client.legacy(session, 1, "ping", "{}");
        letPass(900);

        sessions().sweep();

        letPass(200);
        McpHttp.Answer answer = client.legacy(session, 2, "ping", "{}");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.body()).contains("expired_idle");
    }

    @Test
    void aSessionThatIsUsedAtOtherNodesStaysHeld() {
        String session = client.initialize("{}");
        client.legacy(session, 1, "ping", "{}");
        letPass(900);

        sessions().sweep();

        assertThat(sessions().held()).isEqualTo(1);
    }

    private static final class Shared extends ForwardingSessionStore {
        Shared(SessionStore store) {
            super(store);
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.SERVER);
        }
    }
}
