package io.sallyport.gateway.internal;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.ParamHeaders;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import java.util.LinkedHashMap;
import java.util.Map;

/** The {@code Mcp-Param-} headers of a call on its next hop. */
final class MirroredHeaders {

    private MirroredHeaders() {}

    /** Returns those that mirror the request's arguments. */
    static Map<String, String> of(ParamHeaders known, Request request) {
        return known.headersFor(request.get(Part.PARAMS, "arguments"));
    }

    /**
     * Returns those that mirror the request's arguments, made anew because a filter may have changed these, and those of
     * the client that mirror nothing known here: revision 2026-07-28 has intermediaries forward them.
     */
    static Map<String, String> of(ParamHeaders known, Request request, McpHeaders.Source client) {
        Map<String, String> headers = new LinkedHashMap<>(of(known, request));
        for (String name : client.names()) {
            if (isParam(name) && !known.mirrorsInto(name)) {
                headers.put(name, String.join(", ", client.values(name)));
            }
        }
        return headers;
    }

    private static boolean isParam(String header) {
        return header.regionMatches(true, 0, McpHeaders.PARAM_PREFIX, 0, McpHeaders.PARAM_PREFIX.length());
    }
}
