package io.sallyport.session.sdk;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.McpError;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** The one place where refusals become JSON-RPC errors. */
final class Errors {

    private static final String COMPONENT = "sessions";

    private Errors() {}

    static McpError of(Refusal refusal) {
        return of(refusal, Map.of());
    }

    private static McpError of(Refusal refusal, Map<String, ?> more) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("code", refusal.kind().word());
        data.put("component", refusal.component());
        data.put("cause", refusal.message());
        data.put("retryable", refusal.kind().retryable());
        refusal.remedy().ifPresent(remedy -> data.put("remedy", remedy));
        data.put(
                "correlationId",
                HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
        data.putAll(more);
        return new McpError(refusal.kind().code(), refusal.message(), data);
    }

    /** Returns the error for a session that is none; the reason is one of the words of {@code SessionStore.End}. */
    static McpError sessionNotFound(String reason) {
        return of(
                Refusal.of(
                                Refusal.Kind.SESSION_NOT_FOUND,
                                COMPONENT,
                                "Session not found (" + reason + "); send initialize to open another")
                        .remedy("Send initialize to open another."),
                Map.of("reason", reason));
    }

    /** Returns the error for a call whose end nobody has seen. */
    static McpError outcomeUnknown(String message) {
        return of(Refusal.of(Refusal.Kind.OUTCOME_UNKNOWN, COMPONENT, message)
                .remedy("The call may have been carried out; look before repeating it."));
    }

    static McpError internal() {
        return of(Refusal.of(Refusal.Kind.INTERNAL, COMPONENT, "The server failed."));
    }

    static Refusal overloaded(String message) {
        return Refusal.of(Refusal.Kind.OVERLOADED, COMPONENT, message);
    }

    static Refusal unavailable(String message) {
        return Refusal.of(Refusal.Kind.UNAVAILABLE, COMPONENT, message);
    }

    static Refusal tooMany(String message) {
        return Refusal.of(Refusal.Kind.RATE_LIMITED, "limits", message);
    }
}
