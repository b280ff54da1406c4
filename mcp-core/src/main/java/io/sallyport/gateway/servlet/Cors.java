package io.sallyport.gateway.servlet;

import io.sallyport.gateway.internal.HttpGuard;
import io.sallyport.protocol.McpHeaders;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Cross-origin resource sharing (WHATWG Fetch): exact origins, never a star, never credentials. */
final class Cors {

    private static final List<String> ALLOWED_HEADERS = List.of(
            "Authorization",
            "Content-Type",
            "Accept",
            "X-API-Key",
            McpHeaders.LAST_EVENT_ID,
            McpHeaders.SESSION_ID,
            McpHeaders.PROTOCOL_VERSION,
            McpHeaders.METHOD,
            McpHeaders.NAME);

    private static final String EXPOSED_HEADERS = String.join(
            ", ",
            McpHeaders.SESSION_ID,
            McpHeaders.PROTOCOL_VERSION,
            "WWW-Authenticate",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy");

    private Cors() {}

    /** Returns what every answer to a page of an allowed origin carries, errors included. */
    static Map<String, String> headers(HeaderSnapshot request, HttpGuard guard) {
        return request.single("Origin")
                .filter(guard::isAllowedOrigin)
                .map(origin -> Map.of(
                        "Access-Control-Allow-Origin", origin,
                        "Vary", "Origin",
                        "Access-Control-Expose-Headers", EXPOSED_HEADERS))
                .orElse(Map.of());
    }

    /** Returns what the answer to a preflight carries beside that. */
    static Map<String, String> preflight(HeaderSnapshot request) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Access-Control-Allow-Methods", "POST, GET, DELETE");
        headers.put("Access-Control-Allow-Headers", allowedHeaders(request));
        headers.put("Access-Control-Max-Age", "86400");
        return headers;
    }

    /** The names of headers that mirror arguments are not known beforehand; those asked for are allowed. */
    private static String allowedHeaders(HeaderSnapshot request) {
        List<String> allowed = new ArrayList<>(ALLOWED_HEADERS);
        for (String asked :
                request.single("Access-Control-Request-Headers").orElse("").split(",")) {
            String name = asked.strip();
            if (name.toLowerCase(Locale.ROOT).startsWith("mcp-param-") && name.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+")) {
                allowed.add(name);
            }
        }
        return String.join(", ", allowed);
    }
}
