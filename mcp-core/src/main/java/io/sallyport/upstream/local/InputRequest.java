package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Methods;
import java.util.LinkedHashMap;
import java.util.Map;

/** Something that a handler needs from the user or from the client before it can finish. Immutable. */
public final class InputRequest {

    private final String key;
    private final String method;
    private final Map<String, ?> params;

    private InputRequest(String key, String method, Map<String, ?> params) {
        this.key = requireNonNull(key, "key");
        this.method = method;
        this.params = params;
    }

    /**
     * Asks the user to fill in a form.
     *
     * @param key names the answer, see {@link LocalCall#answer}
     * @param message what the user reads
     * @param schema the form as a JSON Schema of the restricted kind that elicitation allows: an object of primitives
     */
    public static InputRequest elicitation(String key, String message, String schema) {
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("message", requireNonNull(message, "message"));
        params.put("requestedSchema", HandWritten.json(schema));
        return new InputRequest(key, Methods.ELICIT, params);
    }

    /**
     * Asks the client's model.
     *
     * @param params of {@code sampling/createMessage}, such as {@code messages} and {@code maxTokens}
     */
    public static InputRequest sampling(String key, Map<String, ?> params) {
        return new InputRequest(key, Methods.SAMPLE, new LinkedHashMap<>(params));
    }

    /** Asks for the client's roots. */
    public static InputRequest roots(String key) {
        return new InputRequest(key, Methods.ROOTS_LIST, Map.of());
    }

    String key() {
        return key;
    }

    /** Returns the capability that a client needs for this. */
    String capability() {
        return switch (method) {
            case Methods.ELICIT -> "elicitation";
            case Methods.SAMPLE -> "sampling";
            default -> "roots";
        };
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("method", method);
        json.put("params", params);
        return json;
    }
}
