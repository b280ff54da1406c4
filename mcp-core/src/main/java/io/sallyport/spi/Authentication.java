package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/** What an {@link Authenticator} found. */
public sealed interface Authentication {

    /** Returns that the request comes from this principal. */
    static Authentication accepted(Principal principal) {
        return new Accepted(principal);
    }

    /**
     * Returns that the request has no credential, or none that holds (status 401).
     *
     * @param challenge the value of {@code WWW-Authenticate}, as of RFC 9110 and, for bearer tokens, RFC 6750
     * @param reason one sentence for the client, which does not tell which part of a credential was wrong
     */
    static Authentication unauthenticated(String challenge, String reason) {
        return new Refused(401, Optional.of(challenge), reason);
    }

    /** Returns that the request is refused whoever sends it (status 403). */
    static Authentication forbidden(String reason) {
        return new Refused(403, Optional.empty(), reason);
    }

    /** The request comes from this principal. */
    record Accepted(Principal principal) implements Authentication {
        /** Checks that there is one. */
        public Accepted {
            requireNonNull(principal, "principal");
        }
    }

    /**
     * The request is refused.
     *
     * @param status the HTTP status
     * @param challenge the value of {@code WWW-Authenticate}, if the client could do better
     * @param reason one sentence for the client
     */
    record Refused(int status, Optional<String> challenge, String reason) implements Authentication {
        /** Checks that nothing is missing. */
        public Refused {
            requireNonNull(challenge, "challenge");
            requireNonNull(reason, "reason");
        }
    }
}
