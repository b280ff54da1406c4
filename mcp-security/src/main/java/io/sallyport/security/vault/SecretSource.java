package io.sallyport.security.vault;

import java.util.Optional;

/** Where secrets are looked up for use. Thread-safe. */
interface SecretSource {

    /**
     * A secret, and where it may be used.
     *
     * @param value the caller's to close
     */
    record Secret(SecretPolicy policy, SecretValue value) {}

    /**
     * Returns a secret; nothing if there is none of this name that may be used.
     *
     * @throws SecretUnreadableException if there is one and it does not open
     */
    Optional<Secret> find(String tenant, String name) throws KekUnavailableException, SecretUnreadableException;
}
