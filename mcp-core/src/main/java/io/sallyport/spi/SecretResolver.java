package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Finds the value of a secret that an operator's template refers to, such as {@code secret://default/github#token} in
 * a header of an upstream. Asked at each use, so that a value that was replaced is used from then on. Text that comes
 * from clients or models is never resolved.
 *
 * <p>Fails closed: without a value the connection or call that needs it fails.
 */
@FunctionalInterface
public interface SecretResolver {

    /**
     * Where a secret is about to be used.
     *
     * @param upstream the upstream that it would be sent to
     * @param host the host that it would be sent to, in lower case, with its port unless that is the one of {@code
     *     https:}; IPv6 addresses in brackets. Empty for a child process
     * @param position {@link #HEADER}, {@link #ENVIRONMENT} or {@link #ARGUMENT}
     */
    record Use(String upstream, Optional<String> host, String position) {

        /** In a header of each request to an upstream. */
        public static final String HEADER = "header";

        /** In the environment of a child process. */
        public static final String ENVIRONMENT = "environment";

        /** In an argument of a call. */
        public static final String ARGUMENT = "argument";

        /** Checks that nothing is missing. */
        public Use {
            requireNonNull(upstream, "upstream");
            requireNonNull(host, "host");
            requireNonNull(position, "position");
        }
    }

    /**
     * Returns the value; nothing if there is none, or it may not be used there. The array is the caller's, who clears it
     * after use. Called where it may block; what it throws counts as no value.
     *
     * @param reference as it stands in the template, {@code secret://} included; see {@link SecretReference}
     */
    Optional<char[]> resolve(String reference, Use use);

    /** Returns a resolver that knows no secret. */
    static SecretResolver none() {
        return (reference, use) -> Optional.empty();
    }
}
