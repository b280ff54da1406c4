package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.spi.Principal;
import java.util.List;
import java.util.Map;

/**
 * What a call carries beside its message.
 *
 * @param principal on whose behalf the call is made
 * @param correlationId ties together what is logged about it
 * @param clientHeaders the headers of the client's request, of which an upstream takes what it is told to pass on
 * @param paramHeaders the {@code Mcp-Param-} headers to send to a modern upstream, by their full name: those that mirror
 *     the call's arguments, and the client's own ones that nobody here knows
 */
public record CallSpec(
        Principal principal, String correlationId, McpHeaders.Source clientHeaders, Map<String, String> paramHeaders) {

    /** No headers at all. */
    public static final McpHeaders.Source NO_HEADERS = name -> List.of();

    /** Checks that nothing is missing, and copies the map. */
    public CallSpec {
        requireNonNull(principal, "principal");
        requireNonNull(correlationId, "correlationId");
        requireNonNull(clientHeaders, "clientHeaders");
        paramHeaders = Map.copyOf(paramHeaders);
    }

    /** A call without {@code Mcp-Param-} headers. */
    public CallSpec(Principal principal, String correlationId, McpHeaders.Source clientHeaders) {
        this(principal, correlationId, clientHeaders, Map.of());
    }
}
