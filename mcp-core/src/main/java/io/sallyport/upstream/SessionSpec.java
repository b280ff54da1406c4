package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.spi.Principal;

/**
 * Whom a session with an upstream is for.
 *
 * @param principal on whose behalf calls are made
 * @param preferredEra the era that the client speaks; an upstream that speaks both is spoken to in it
 * @param clientCapabilities what the client can be asked for, as a JSON object
 * @param clientInfo who the client is, as a JSON object
 */
public record SessionSpec(Principal principal, Era preferredEra, String clientCapabilities, String clientInfo) {

    /** Checks that nothing is missing. */
    public SessionSpec {
        requireNonNull(principal, "principal");
        requireNonNull(preferredEra, "preferredEra");
        requireNonNull(clientCapabilities, "clientCapabilities");
        requireNonNull(clientInfo, "clientInfo");
    }
}
