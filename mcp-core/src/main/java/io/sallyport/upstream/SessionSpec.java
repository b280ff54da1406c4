package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.spi.Principal;
import java.util.Optional;

/**
 * Whom a session with an upstream is for.
 *
 * @param principal on whose behalf calls are made
 * @param preferredEra the era that the client speaks; an upstream that speaks both is spoken to in it
 * @param clientCapabilities what the client can be asked for, as a JSON object
 * @param clientInfo who the client is, as a JSON object
 * @param handle the {@link UpstreamSession#handle handle} of a session that another node has opened for this client, to be
 *     gone on with; empty to open one
 */
public record SessionSpec(
        Principal principal, Era preferredEra, String clientCapabilities, String clientInfo, Optional<String> handle) {

    /** Checks that nothing is missing. */
    public SessionSpec {
        requireNonNull(principal, "principal");
        requireNonNull(preferredEra, "preferredEra");
        requireNonNull(clientCapabilities, "clientCapabilities");
        requireNonNull(clientInfo, "clientInfo");
        requireNonNull(handle, "handle");
    }

    /** Returns the same, with another handle or none. */
    public SessionSpec withHandle(Optional<String> other) {
        return new SessionSpec(principal, preferredEra, clientCapabilities, clientInfo, other);
    }

    /** A session that is to be opened. */
    public SessionSpec(Principal principal, Era preferredEra, String clientCapabilities, String clientInfo) {
        this(principal, preferredEra, clientCapabilities, clientInfo, Optional.empty());
    }
}
