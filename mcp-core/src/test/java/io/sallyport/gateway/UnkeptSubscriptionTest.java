package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import java.net.URI;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UnkeptSubscriptionTest {

    private static final String SUBSCRIPTION = "{\"uri\":\"test://watched\"}";

    private final AtomicBoolean takesChanges = new AtomicBoolean(true);
    private RuntimeException refusal = new StoreUnavailableException("cut off by a test");
    private final SessionStore store =
            new ForwardingSessionStore(SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system())) {
                @Override
                public boolean update(SessionRecord changed) {
                    if (!takesChanges.get()) {
                        throw refusal;
                    }
                    return super.update(changed);
                }
            };

    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        gateway = McpGateway.builder()
                .upstream(LocalServer.named("local")
                        .resource(Resource.at("test://watched")
                                .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "as it is")))
                        .build())
                .endpoint(Endpoint.at("/mcp").transparent())
                .sessionStore(store)
                .allowAnonymous()
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

    @Test
    void aSubscriptionThatTheStoreDidNotTakeIsRefusedAsSomethingToTryAgain() {
        String session = client.initialize("{}");
        takesChanges.set(false);

        McpHttp.Answer answer = client.legacy(session, 1, "resources/subscribe", SUBSCRIPTION);

        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.header("Retry-After")).isPresent();
    }

    @Test
    void aSubscriptionThatTheStoreCouldNotTakeIsKeptWhenItIsTriedAgain() {
        refusal = new IllegalStateException("there is no such column");

        aSubscriptionThatIsTriedAgainIsKept();
    }

    @Test
    void aSubscriptionThatIsTriedAgainIsKept() {
        String session = client.initialize("{}");
        takesChanges.set(false);
        client.legacy(session, 1, "resources/subscribe", SUBSCRIPTION);
        takesChanges.set(true);

        client.legacy(session, 2, "resources/subscribe", SUBSCRIPTION);

        assertThat(store.list("", 1, Optional.<Principal>empty())
                        .get(0)
                        .record()
                        .subscriptions())
                .containsExactly("test://watched");
    }
}
