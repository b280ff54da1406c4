package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.spi.Principal;
import java.util.List;

/**
 * What a call carries beside its message.
 *
 * @param principal on whose behalf the call is made
 * @param correlationId ties together what is logged about it
 * @param clientHeaders the headers of the client's request, of which an upstream takes what it is told to pass on, and
 *     the {@code Mcp-Param-} ones
 */
public record CallSpec(Principal principal, String correlationId, McpHeaders.Source clientHeaders) {

    /** No headers at all. */
    public static final McpHeaders.Source NO_HEADERS = name -> List.of();

    /** Checks that nothing is missing. */
    public CallSpec {
        requireNonNull(principal, "principal");
        requireNonNull(correlationId, "correlationId");
        requireNonNull(clientHeaders, "clientHeaders");
    }
}
