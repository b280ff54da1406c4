package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Who sends a request, from the credential presented with that very request and from nothing else. Immutable.
 *
 * @param issuer who vouches for it: an OAuth issuer, or a word for a way of authentication that has none
 * @param clientId the client program, as the issuer names it
 * @param subject the user, as the issuer names it; the client id for a program that acts for nobody
 * @param tenant the tenant that the principal belongs to
 */
public record Principal(String issuer, String clientId, String subject, String tenant) {

    /** The tenant of hosts that have only one. */
    public static final String DEFAULT_TENANT = "default";

    private static final Principal ANONYMOUS = new Principal("anonymous", "anonymous", "anonymous", DEFAULT_TENANT);

    /** Checks that no part is missing. */
    public Principal {
        requireNonNull(issuer, "issuer");
        requireNonNull(clientId, "clientId");
        requireNonNull(subject, "subject");
        requireNonNull(tenant, "tenant");
    }

    /** Returns the principal of requests without a credential, where a host allows them. */
    public static Principal anonymous() {
        return ANONYMOUS;
    }

    /** Returns whether this is {@link #anonymous()}. */
    public boolean isAnonymous() {
        return equals(ANONYMOUS);
    }

    /** Returns the tenant if it is not the default one. */
    public Optional<String> namedTenant() {
        return tenant.equals(DEFAULT_TENANT) ? Optional.empty() : Optional.of(tenant);
    }
}
