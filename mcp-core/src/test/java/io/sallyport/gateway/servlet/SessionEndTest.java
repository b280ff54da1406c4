package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a client is told of a session that is no more. */
class SessionEndTest {

    private static final Duration IDLE = Duration.ofMinutes(30);

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        gateway = McpGateway.builder()
                .upstream(new EndpointTools().server)
                .endpoint(Endpoint.at("/mcp").transparent())
                .authenticator(head -> Authentication.accepted(
                        new Principal("test", "client", head.single("X-User").orElse("ann"), "default")))
                .sessionStore(
                        SessionStore.inMemory(new SessionStore.Bounds(IDLE, IDLE.multipliedBy(2), 2, 100), now::get))
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

    private void pass(Duration time) {
        now.updateAndGet(before -> before.plus(time));
    }

    private McpHttp.Answer ping(String session) {
        return client.legacy(session, 1, "ping", "{}");
    }

    private void isGone(String session, String reason) {
        McpHttp.Answer answer = ping(session);
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.errorCode()).isEqualTo(-32001);
        JsonValue data = answer.error().get("data").orElseThrow();
        assertThat(data.getString("code")).contains("session_not_found");
        assertThat(data.getString("reason")).contains(reason);
        assertThat(data.getString("remedy").orElseThrow()).contains("initialize");
        assertThat(data.getString("correlationId")).isPresent();
    }

    @Test
    @Incident("S24")
    void theReasonIsTold() {
        String idle = client.initialize("{}");
        pass(IDLE);
        isGone(idle, "expired_idle");

        String old = client.initialize("{}");
        pass(IDLE.minusMillis(1));
        assertThat(ping(old).status()).isEqualTo(200);
        pass(IDLE.minusMillis(1));
        assertThat(ping(old).status()).isEqualTo(200);
        pass(Duration.ofMillis(2));
        isGone(old, "expired_max_age");

        String left = client.initialize("{}");
        client.send("DELETE", "", "Mcp-Session-Id", left);
        isGone(left, "terminated_by_client");

        String first = client.initialize("{}");
        client.initialize("{}");
        client.initialize("{}");
        isGone(first, "evicted");

        isGone("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "unknown");
    }

    @Test
    @Incident("S24")
    @Incident("S48")
    void noIdIsToldOrLoggedThatWouldOpenASession() {
        String session = client.initialize("{}");
        try (CapturedLog log = CapturedLog.of("io.sallyport.session")) {
            // When
            McpHttp.Answer answer = client.legacy(session, 1, "ping", "{}", "X-User", "eve");

            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.body()).doesNotContain(session);
            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .contains("presented by somebody else", "eve")
                    .doesNotContain(session);
        }
    }
}
