package io.sallyport.sandbox.tools;

import io.sallyport.protocol.Json;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.upstream.local.ToolResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts results together: structured for programs, and as text that a model reads with less effort. */
final class Results {

    private Results() {}

    static ToolResult of(String text, Map<String, ?> structured, boolean isError) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("content", List.of(Map.of("type", "text", "text", text)));
        result.put("structuredContent", structured);
        if (isError) {
            result.put("isError", true);
        }
        return ToolResult.parse(Json.write(result));
    }

    /** Returns that nothing was done. */
    static ToolResult refused(SandboxRefusedException refusal) {
        String message = String.valueOf(refusal.getMessage());
        Map<String, Object> structured = new LinkedHashMap<>();
        structured.put("status", "refused");
        structured.put("error", error(refusal.error(), message, Optional.empty()));
        return of(text(refusal.error(), message), structured, true);
    }

    /** Returns an error in the members that clients of such tools know. */
    static Map<String, Object> error(SandboxError error, String message, Optional<Outcome.Failure> failure) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("error_code", error.name());
        members.put("category", error.category().word());
        members.put("severity", error.severity().word());
        members.put("message", message);
        members.put("retryable", error.isRetryable());
        members.put("recovery_suggestions", error.suggestions());
        failure.ifPresent(it -> {
            members.put("type", it.type());
            if (!it.trace().isEmpty()) {
                members.put("trace", it.trace());
            }
        });
        return members;
    }

    static String text(SandboxError error, String message) {
        return "[" + error.name() + "] " + message + "\n" + String.join(" ", error.suggestions());
    }
}
