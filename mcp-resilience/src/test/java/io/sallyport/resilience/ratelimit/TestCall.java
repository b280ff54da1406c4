package io.sallyport.resilience.ratelimit;

import io.sallyport.filter.CallContext;
import io.sallyport.filter.Decision;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.spi.Principal;
import java.util.Map;
import java.util.Optional;

/** A call of a tool as the gateway tells filters of it, but for what a test says. */
record TestCall(String endpoint, Principal principal, String method, Optional<String> upstream, Optional<String> target)
        implements CallContext {

    /** A call of {@code search/find} at {@code /mcp}. */
    static TestCall by(String subject) {
        return new TestCall(
                "/mcp", principal(subject, "default"), "tools/call", Optional.of("search"), Optional.of("find"));
    }

    static Principal principal(String subject, String tenant) {
        return new Principal("test", "client", subject, tenant);
    }

    TestCall of(String upstreamName, String tool) {
        return new TestCall(endpoint, principal, method, Optional.of(upstreamName), Optional.of(tool));
    }

    TestCall at(String path) {
        return new TestCall(path, principal, method, upstream, target);
    }

    TestCall in(String tenant) {
        return new TestCall(endpoint, principal(principal.subject(), tenant), method, upstream, target);
    }

    TestCall with(String otherMethod) {
        return new TestCall(endpoint, principal, otherMethod, upstream, target);
    }

    /** Returns whether the limits let it pass. */
    boolean passes(RateLimits limits) {
        return decision(limits) instanceof Decision.Proceed;
    }

    /** Returns how many of so many in a row pass. */
    int passes(RateLimits limits, int calls) {
        int passed = 0;
        for (int i = 0; i < calls; i++) {
            passed += passes(limits) ? 1 : 0;
        }
        return passed;
    }

    Refusal refusal(RateLimits limits) {
        return ((Decision.Refuse) decision(limits)).refusal();
    }

    private Decision decision(RateLimits limits) {
        return limits.filter().onRequest(this, Request.of(RequestId.of(1), method, Map.of()));
    }

    @Override
    public Era era() {
        return Era.MODERN;
    }

    @Override
    public String correlationId() {
        return "correlation";
    }

    @Override
    public Optional<String> sessionKey() {
        return Optional.empty();
    }
}
