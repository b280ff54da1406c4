package io.sallyport.gateway.internal;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.McpError;
import io.sallyport.upstream.UpstreamFailure;
import java.util.LinkedHashMap;
import java.util.Map;

/** The one place where refusals and faults become JSON-RPC errors. */
public final class Errors {

    private Errors() {}

    /** Returns the error for a refusal. */
    public static McpError of(Refusal refusal, String correlationId) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("code", refusal.kind().word());
        data.put("component", refusal.component());
        data.put("cause", refusal.message());
        data.put("retryable", refusal.kind().retryable());
        refusal.retryAfter().ifPresent(delay -> data.put("retryAfterMs", delay.toMillis()));
        refusal.remedy().ifPresent(remedy -> data.put("remedy", remedy));
        data.put("correlationId", correlationId);
        return new McpError(refusal.kind().code(), refusal.message(), data);
    }

    /** Returns what a client may know of an upstream's failure. */
    public static Refusal refusal(UpstreamFailure failure, String upstream) {
        if (failure.maybeExecuted()) {
            return Refusal.of(
                            Refusal.Kind.OUTCOME_UNKNOWN,
                            upstream,
                            "The connection to \"" + upstream + "\" was lost before it answered.")
                    .remedy("The call may have been carried out; look before repeating it.");
        }
        return switch (failure.kind()) {
            case UNREACHABLE, INTERRUPTED ->
                Refusal.of(
                        Refusal.Kind.UPSTREAM_UNAVAILABLE,
                        upstream,
                        "\"" + upstream + "\" cannot be reached just now.");
            case AUTH ->
                Refusal.of(
                                Refusal.Kind.UPSTREAM_AUTH,
                                upstream,
                                "\"" + upstream + "\" does not accept the gateway's credentials.")
                        .remedy("Whoever runs the gateway has to renew them.");
            case PROTOCOL ->
                Refusal.of(
                        Refusal.Kind.UPSTREAM_PROTOCOL,
                        upstream,
                        "\"" + upstream + "\" answered something that is no MCP.");
            case TOO_LARGE ->
                Refusal.of(
                        Refusal.Kind.UPSTREAM_PROTOCOL, upstream, "The answer of \"" + upstream + "\" is too large.");
            case SESSION_LOST ->
                Refusal.of(
                        Refusal.Kind.UPSTREAM_STATE_LOST,
                        upstream,
                        "\"" + upstream + "\" has lost the session's state.");
            case OVERLOADED ->
                Refusal.of(
                        Refusal.Kind.OVERLOADED, upstream, "There is no room for more calls to \"" + upstream + "\".");
            case INTERNAL -> Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed.");
        };
    }
}
