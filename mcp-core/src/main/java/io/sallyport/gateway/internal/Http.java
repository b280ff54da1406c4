package io.sallyport.gateway.internal;

import java.util.LinkedHashMap;
import java.util.Map;

/** Headers that answers share. */
final class Http {

    static final Map<String, String> JSON = Map.of("Content-Type", "application/json");
    static final Map<String, String> NONE = Map.of();

    private Http() {}

    /** Returns the headers of an answer in JSON, and these. */
    static Map<String, String> jsonWith(Map<String, String> more) {
        if (more.isEmpty()) {
            return JSON;
        }
        Map<String, String> headers = new LinkedHashMap<>(more);
        headers.putAll(JSON);
        return headers;
    }
}
