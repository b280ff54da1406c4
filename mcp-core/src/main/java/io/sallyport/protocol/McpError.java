package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A JSON-RPC error to be sent. Immutable.
 *
 * @param code a code of {@link ErrorCodes}
 * @param message one sentence for whoever sent the request
 * @param data what a program can read, as of {@link Json#write}; empty for none
 */
public record McpError(int code, String message, Map<String, ?> data) {

    /** Copies the data, in its order. */
    public McpError {
        requireNonNull(message, "message");
        // Not Map.copyOf: it shuffles, so that the same error would be other bytes in every JVM, and refuses null.
        data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
    }

    /** Returns an error without data. */
    public static McpError of(int code, String message) {
        return new McpError(code, message, Map.of());
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("code", code);
        json.put("message", message);
        if (!data.isEmpty()) {
            json.put("data", data);
        }
        return json;
    }
}
