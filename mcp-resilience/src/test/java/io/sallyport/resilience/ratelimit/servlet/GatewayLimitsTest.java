package io.sallyport.resilience.ratelimit.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.resilience.ratelimit.Limit;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Limits of a gateway as its clients see them, in both eras. */
class GatewayLimitsTest {

    private static final String CALL = "{\"name\":\"clock__now\",\"arguments\":{}}";
    private static final String PAGES_ORIGIN = "https://app.example";

    private final RateLimits limits = RateLimits.builder()
            .limit(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(3, Duration.ofDays(1))))
            .build();

    private McpGateway gateway;
    private Jetty server;

    @BeforeEach
    void start() throws Exception {
        gateway = McpGateway.builder()
                .upstream(LocalServer.named("clock")
                        .tool(Tool.named("now").description("Tells the time.").handler(call -> ToolResult.text("noon")))
                        .build())
                .authenticator(head -> Authentication.accepted(
                        new Principal("test", "client", head.single("X-User").orElse("nobody"), "default")))
                .allowOrigin(PAGES_ORIGIN)
                .filter(limits.filter())
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        server = new Jetty(new McpServlet(gateway), Optional.empty());
    }

    @AfterEach
    void stop() {
        server.close();
        gateway.close();
        limits.close();
    }

    private McpHttp as(String user) {
        McpHttp http = new McpHttp(URI.create("http://127.0.0.1:" + server.port() + "/mcp"));
        http.defaults().put("X-User", user);
        return http;
    }

    private static void assertRefused(McpHttp.Answer answer) {
        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.errorCode()).isEqualTo(42900);
        assertThat(answer.header("RateLimit-Policy")).contains("\"user\";q=3;w=86400");
        String seconds = answer.header("Retry-After").orElseThrow();
        assertThat(Long.parseLong(seconds)).isBetween(28_000L, 28_800L);
        assertThat(answer.header("RateLimit")).contains("\"user\";r=0;t=" + seconds);
        assertThat(answer.header("Content-Type")).contains("application/json");
        assertThat(answer.error().get("data").orElseThrow().toJson())
                .contains(
                        "\"code\":\"rate_limited\"",
                        "\"component\":\"limits\"",
                        "\"retryable\":true",
                        "\"retryAfterMs\":");
    }

    @Test
    @Incident("S9")
    @Incident("S132")
    void aModernClientIsToldOfItsLimit() {
        McpHttp ann = as("ann");
        for (int i = 0; i < 3; i++) {
            assertThat(ann.modern("tools/call", CALL).status()).isEqualTo(200);
        }

        // When
        McpHttp.Answer refused = ann.modern("tools/call", CALL);

        assertRefused(refused);
        assertThat(as("bob").modern("tools/call", CALL).status()).isEqualTo(200);
    }

    @Test
    @Incident("S9")
    void aLegacyClientIsToldOfItsLimit() {
        McpHttp ann = as("ann");
        String session = ann.initialize("{}");
        for (int i = 1; i <= 3; i++) {
            assertThat(ann.legacy(session, i, "tools/call", CALL).status()).isEqualTo(200);
        }

        // When
        McpHttp.Answer refused = ann.legacy(session, 4, "tools/call", CALL);

        assertRefused(refused);
    }

    @Test
    @Incident("S9")
    void whatTheGatewayAnswersItselfIsFree() {
        McpHttp ann = as("ann");

        for (int i = 0; i < 10; i++) {
            String session = ann.initialize("{}");
            assertThat(ann.legacy(session, 1, "ping", "{}").status()).isEqualTo(200);
            assertThat(ann.legacy(session, 2, "tools/list", "{}").status()).isEqualTo(200);
            assertThat(ann.modern("server/discover", "{}").status()).isEqualTo(200);
            assertThat(ann.modern("tools/list", "{}").status()).isEqualTo(200);
        }

        assertThat(ann.modern("tools/call", CALL).status()).isEqualTo(200);
    }

    @Test
    @Incident("X8")
    void noHeaderOfAClientGivesItAnotherLimit() {
        McpHttp ann = as("ann");
        int passed = 0;
        for (int i = 0; i < 10; i++) {
            passed += ann.modern("tools/call", CALL, "X-Forwarded-For", "10.0.0." + i, "Forwarded", "for=10.0.0." + i)
                                    .status()
                            == 200
                    ? 1
                    : 0;
        }

        assertThat(passed).isEqualTo(3);
    }

    @Test
    void pagesMayReadWhatTheyAreTold() {
        McpHttp ann = as("ann");
        ann.defaults().put("Origin", PAGES_ORIGIN);
        for (int i = 0; i < 3; i++) {
            ann.modern("tools/call", CALL);
        }

        McpHttp.Answer refused = ann.modern("tools/call", CALL);

        assertRefused(refused);
        assertThat(refused.header("Access-Control-Expose-Headers").orElseThrow())
                .contains("Retry-After", "RateLimit", "RateLimit-Policy");
    }
}
