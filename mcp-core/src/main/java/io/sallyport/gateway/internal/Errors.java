package io.sallyport.gateway.internal;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.McpError;
import io.sallyport.upstream.UpstreamFailure;
import java.util.LinkedHashMap;
import java.util.Map;

/** The one place where refusals and faults become JSON-RPC errors. */
public final class Errors {

    static final String MAYBE_EXECUTED = "The call may have been carried out; look before repeating it.";

    private Errors() {}

    /** Returns the error for a refusal. */
    public static McpError of(Refusal refusal, String correlationId) {
        return of(refusal, correlationId, Map.of());
    }

    /** Returns the error for a session that is none; the reason is one of the words of {@code SessionStore.End}. */
    static McpError sessionNotFound(String reason, String correlationId) {
        Refusal refusal = Refusal.of(
                        Refusal.Kind.SESSION_NOT_FOUND,
                        "sessions",
                        "Session not found (" + reason + "); send initialize to open another")
                .remedy("Send initialize to open another.");
        return of(refusal, correlationId, Map.of("reason", reason));
    }

    /** Returns the refusal for a request of a session while the store of sessions cannot be reached. */
    static Refusal sessionsDown() {
        return Refusal.of(
                Refusal.Kind.UNAVAILABLE, "sessions", "The gateway cannot reach its store of sessions just now.");
    }

    private static McpError of(Refusal refusal, String correlationId, Map<String, ?> more) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("code", refusal.kind().word());
        data.put("component", refusal.component());
        data.put("cause", refusal.message());
        data.put("retryable", refusal.kind().retryable());
        refusal.retryAfter().ifPresent(delay -> data.put("retryAfterMs", delay.toMillis()));
        refusal.remedy().ifPresent(remedy -> data.put("remedy", remedy));
        data.put("correlationId", correlationId);
        data.putAll(more);
        return new McpError(refusal.kind().code(), refusal.message(), data);
    }

    /** Returns what a client may know of an upstream's failure. */
    public static Refusal refusal(UpstreamFailure failure, String upstream) {
        Refusal refusal = ofKind(failure.kind(), upstream);
        if (failure.maybeExecuted()) {
            return maybeExecuted(refusal, upstream);
        }
        return failure.retryAfter()
                .filter(delay -> refusal.kind().retryable())
                .map(refusal::retryAfter)
                .orElse(refusal);
    }

    /** What is repeated must not happen twice; where nobody would repeat it, the kind says more. */
    private static Refusal maybeExecuted(Refusal refusal, String upstream) {
        Refusal unknown = refusal.kind().retryable()
                ? Refusal.of(
                        Refusal.Kind.OUTCOME_UNKNOWN,
                        upstream,
                        "The connection to \"" + upstream + "\" was lost before it answered.")
                : refusal;
        return unknown.remedy(unknown.remedy().map(remedy -> remedy + " ").orElse("") + MAYBE_EXECUTED);
    }

    private static Refusal ofKind(UpstreamFailure.Kind kind, String upstream) {
        return switch (kind) {
            case UNREACHABLE, INTERRUPTED, QUARANTINED ->
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
            case SECRET ->
                Refusal.of(
                                Refusal.Kind.SECRET_UNAVAILABLE,
                                upstream,
                                "The gateway has no credential that it may use for \"" + upstream + "\".")
                        .remedy("Whoever runs the gateway has to set it, or to allow its use there.");
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
                        Refusal.Kind.UPSTREAM_OVERLOADED,
                        upstream,
                        "There is no room for more calls to \"" + upstream + "\".");
            case INTERNAL -> Refusal.of(Refusal.Kind.INTERNAL, "gateway", "The gateway failed.");
        };
    }
}
