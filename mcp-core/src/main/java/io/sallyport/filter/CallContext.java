package io.sallyport.filter;

import io.sallyport.protocol.Era;
import io.sallyport.spi.Principal;
import java.util.Optional;

/** What is known of a request beside its message. Safe for use by several threads. */
public interface CallContext {

    /** Returns the path of the endpoint. */
    String endpoint();

    /** Returns who asks. */
    Principal principal();

    /** Returns the era that the client speaks. */
    Era era();

    /** Returns the method. */
    String method();

    /**
     * Returns the name of the upstream that the request will go to; empty for what the gateway answers itself.
     * Together with {@link #target()} this is what policy decides on: it is the same however the endpoint renames
     * things.
     */
    Optional<String> upstream();

    /** Returns the upstream's own name of the tool or prompt, or URI of the resource, if the request names one. */
    Optional<String> target();

    /** Returns the id that ties together what is logged about this request, down to the upstream. */
    String correlationId();

    /** Returns the legacy session's key (a hash of its id), if the request belongs to one. */
    Optional<String> sessionKey();
}
