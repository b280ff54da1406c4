package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.McpGateway;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@Incident("S47")
@Incident("S207")
class HealthServletTest {

    private final McpGateway gateway = McpGateway.builder()
            .upstream(LocalServer.named("local").build())
            .allowAnonymous()
            .build();
    private final JettyContainer container = new JettyContainer();
    private int port;

    @BeforeEach
    void start() throws Exception {
        port = container.start(new HealthServlet(gateway), "/health/*");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
    }

    private McpHttp.Answer get(String path) {
        return new McpHttp(URI.create("http://127.0.0.1:" + port + path)).send("GET", "");
    }

    @Test
    void aGatewayThatHasNotStartedIsAliveButNotReady() {
        assertThat(get("/health/live").status()).isEqualTo(200);
        assertThat(get("/health/ready").status()).isEqualTo(503);
    }

    @Test
    void aGatewayIsReadyWhenItHasTriedItsUpstreams() throws Exception {
        gateway.start().get(10, TimeUnit.SECONDS);

        assertThat(get("/health/ready").status()).isEqualTo(200);
        assertThat(get("/health/ready").body()).isEqualTo("{\"status\":\"ready\"}");
    }

    @Test
    void aGatewayThatEndsIsNotReady() throws Exception {
        gateway.start().get(10, TimeUnit.SECONDS);

        gateway.close();

        assertThat(get("/health/ready").status()).isEqualTo(503);
        assertThat(get("/health/live").status()).isEqualTo(200);
    }

    @Test
    void otherPathsAreUnknown() {
        assertThat(get("/health/secrets").status()).isEqualTo(404);
    }
}
