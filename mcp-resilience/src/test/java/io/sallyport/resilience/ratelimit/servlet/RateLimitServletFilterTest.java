package io.sallyport.resilience.ratelimit.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.resilience.ratelimit.Limit;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Limits in front of a servlet of a host that has no gateway. */
class RateLimitServletFilterTest {

    private static final Duration DAY = Duration.ofDays(1);

    private final HttpClient client = HttpClient.newHttpClient();

    /** Says hello, at {@code /later} when it is dispatched once more. */
    private static final class Hello extends HttpServlet {

        private static final long serialVersionUID = 1;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getRequestURI().equals("/later") && request.getAttribute("again") == null) {
                request.setAttribute("again", true);
                AsyncContext later = request.startAsync();
                later.dispatch();
                return;
            }
            response.getWriter().write("hello");
        }
    }

    /** The part of the container that knows who asks; a test says it in a header that no client could send. */
    private static Optional<String> verified(HttpServletRequest request) {
        return Optional.ofNullable(request.getHeader("X-Verified-By-Container"));
    }

    private static RateLimits limits(Limit... limits) {
        RateLimits.Builder builder = RateLimits.builder();
        for (Limit limit : limits) {
            builder.limit(limit);
        }
        return builder.build();
    }

    private static Jetty server(RateLimits limits) throws Exception {
        return new Jetty(
                new Hello(), Optional.of(new RateLimitServletFilter(limits, RateLimitServletFilterTest::verified)));
    }

    private HttpResponse<String> get(Jetty server, String path, String who, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (!who.isEmpty()) {
            request.header("X-Verified-By-Container", who);
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    @Test
    @Incident("S9")
    void whoCallsTooOftenIsToldWhenToComeBack() throws Exception {
        try (Jetty server = server(limits(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(2, DAY))))) {
            HttpResponse<String> first = get(server, "/", "ann");
            get(server, "/", "ann");

            // When
            HttpResponse<String> refused = get(server, "/", "ann");

            assertThat(first.statusCode()).isEqualTo(200);
            assertThat(header(first, "RateLimit")).isEqualTo("\"user\";r=1");
            assertThat(header(first, "RateLimit-Policy")).isEqualTo("\"user\";q=2;w=86400");
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(Long.parseLong(header(refused, "Retry-After"))).isBetween(43_000L, 43_200L);
            assertThat(header(refused, "RateLimit")).isEqualTo("\"user\";r=0;t=" + header(refused, "Retry-After"));
            assertThat(header(refused, "RateLimit-Policy")).isEqualTo("\"user\";q=2;w=86400");
            assertThat(header(refused, "Content-Type")).isEqualTo("application/problem+json");
            JsonValue problem = JsonValue.trusted(refused.body());
            assertThat(problem.getString("type"))
                    .hasValueSatisfying(type -> assertThat(type).endsWith("#quota-exceeded"));
            assertThat(problem.get("violated-policies").orElseThrow().toJson()).isEqualTo("[\"user\"]");
            assertThat(get(server, "/", "bob").statusCode()).isEqualTo(200);
        }
    }

    @Test
    @Incident("X8")
    void noHeaderOfAClientSaysWhoItIs() throws Exception {
        try (Jetty server = server(limits(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(2, DAY))))) {
            int passed = 0;
            for (int i = 0; i < 10; i++) {
                HttpResponse<String> answer = get(
                        server,
                        "/",
                        "",
                        "X-Forwarded-For",
                        "10.0.0." + i,
                        "Mcp-Session-Id",
                        "s" + i,
                        "X-User",
                        "u" + i);
                passed += answer.statusCode() == 200 ? 1 : 0;
            }

            // All of whom nobody knows who they are share one bucket.
            assertThat(passed).isEqualTo(2);
        }
    }

    @Test
    void allLimitsAreAskedAndSaid() throws Exception {
        try (Jetty server = server(limits(
                Limit.of("user", LimitScope.PRINCIPAL, Rate.of(2, DAY)),
                Limit.of("all", LimitScope.GLOBAL, Rate.of(3, DAY))))) {
            assertThat(header(get(server, "/", "ann"), "RateLimit")).isEqualTo("\"user\";r=1, \"all\";r=2");
            get(server, "/", "ann");
            get(server, "/", "ann");
            get(server, "/", "bob");

            HttpResponse<String> refused = get(server, "/", "bob");

            assertThat(header(refused, "RateLimit")).startsWith("\"all\";r=0;t=");
        }
    }

    @Test
    void aRequestThatIsDispatchedTwiceIsCountedOnce() throws Exception {
        try (Jetty server = server(limits(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(2, DAY))))) {
            assertThat(get(server, "/later", "ann").body()).isEqualTo("hello");
            assertThat(get(server, "/later", "ann").body()).isEqualTo("hello");
            assertThat(get(server, "/later", "ann").statusCode()).isEqualTo(429);
        }
    }

    @Test
    void aHostThatCannotSayWhoAsksLetsNobodyPass() throws Exception {
        RateLimits limits = limits(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(2, DAY)));
        try (CapturedLog log = CapturedLog.of("org.eclipse.jetty.ee11.servlet.ServletChannel");
                Jetty server = new Jetty(new Hello(), Optional.of(new RateLimitServletFilter(limits, request -> {
                    throw new IllegalStateException("no directory");
                })))) {
            assertThat(get(server, "/", "ann").statusCode()).isEqualTo(500);
            assertThat(log.levels()).containsExactly("WARN");
        }
    }

    @Test
    void whatOnlyAGatewayKnowsIsRefused() {
        RateLimits limits = limits(Limit.of("tools", LimitScope.TOOL, Rate.of(2, DAY)));

        assertThatThrownBy(() -> new RateLimitServletFilter(limits, request -> Optional.empty()))
                .hasMessageContaining("\"tools\"")
                .hasMessageContaining("use GLOBAL or PRINCIPAL");
    }
}
