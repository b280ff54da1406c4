package io.sallyport.gateway.internal;

import io.sallyport.filter.CallContext;
import io.sallyport.protocol.Era;
import io.sallyport.spi.Principal;
import java.util.Optional;

/** What is known of a request beside its message. */
record CallInfo(
        String endpoint,
        Principal principal,
        Era era,
        String method,
        Optional<String> upstream,
        Optional<String> target,
        String correlationId,
        Optional<String> sessionKey)
        implements CallContext {}
