package io.sallyport.gateway.internal;

import java.util.Map;

/** Headers that answers share. */
final class Http {

    static final Map<String, String> JSON = Map.of("Content-Type", "application/json");
    static final Map<String, String> NONE = Map.of();

    private Http() {}
}
