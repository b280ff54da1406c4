package io.sallyport.resilience.ratelimit.servlet;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.resilience.ratelimit.Verdict;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Limits in front of any servlet.
 *
 * <pre>{@code
 * Filter filter = new RateLimitServletFilter(
 *         limits, request -> Optional.ofNullable(request.getRemoteUser()));
 * }</pre>
 *
 * <p>Who asks is what the host's function says: an identity that was verified before, by the container or a filter in front of this
 * one. Never take it from a header that a client can write, such as {@code X-Forwarded-For}: whoever writes another one would have
 * another bucket. All requests of whom it says nothing share one bucket, that of the key {@code ""}.
 *
 * <p>A request that is refused is answered with 429, {@code Retry-After}, {@code RateLimit}, {@code RateLimit-Policy} and a
 * problem in JSON. What passes carries the last two, if the answer is not committed before. A request is counted once, however often it
 * is dispatched. Register it with {@code setAsyncSupported(true)} where servlets behind it need that.
 *
 * <p>Thread-safe. The limits are the host's and stay open.
 */
public final class RateLimitServletFilter implements Filter {

    private static final int TOO_MANY_REQUESTS = 429;
    private static final String NOBODY = "";

    private final RateLimits limits;
    private final Function<HttpServletRequest, Optional<String>> identity;

    /**
     * Creates a filter.
     *
     * @param identity who asks, as was verified; empty if nobody knows
     * @throws IllegalArgumentException if one of the limits counts by what a servlet does not know, and would never be asked
     */
    public RateLimitServletFilter(RateLimits limits, Function<HttpServletRequest, Optional<String>> identity) {
        this.limits = requireNonNull(limits, "limits");
        this.identity = requireNonNull(identity, "identity");
        for (RateLimits.Status limit : limits.status()) {
            if (limit.scope() != LimitScope.GLOBAL && limit.scope() != LimitScope.PRINCIPAL) {
                throw new IllegalArgumentException("the limit \"" + limit.limit() + "\" has the scope " + limit.scope()
                        + ", which only a gateway knows; use GLOBAL or PRINCIPAL, and one filter for each path that has"
                        + " limits of its own");
            }
        }
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!(request instanceof HttpServletRequest http)
                || !(response instanceof HttpServletResponse answer)
                || request.getDispatcherType() != DispatcherType.REQUEST) {
            chain.doFilter(request, response);
            return;
        }
        Verdict verdict = limits.ask(identity.apply(http).orElse(NOBODY));
        verdict.headers().forEach(answer::setHeader);
        if (verdict.isGranted()) {
            chain.doFilter(request, response);
        } else {
            refuse(verdict, answer);
        }
    }

    private static void refuse(Verdict verdict, HttpServletResponse answer) throws IOException {
        Map<String, Object> problem = new LinkedHashMap<>();
        problem.put("type", "https://iana.org/assignments/http-problem-types#quota-exceeded");
        problem.put("title", "Request cannot be satisfied as assigned quota has been exceeded");
        problem.put("status", TOO_MANY_REQUESTS);
        problem.put("detail", verdict.message().orElseThrow());
        problem.put("violated-policies", List.of(verdict.limit().orElseThrow()));
        byte[] body = Json.write(problem).getBytes(StandardCharsets.UTF_8);
        answer.setStatus(TOO_MANY_REQUESTS);
        answer.setHeader("Retry-After", String.valueOf(verdict.retryAfterSeconds()));
        answer.setHeader("Cache-Control", "no-store");
        answer.setContentType("application/problem+json");
        answer.setContentLength(body.length);
        answer.getOutputStream().write(body);
    }
}
