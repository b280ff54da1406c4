package io.sallyport.spi;

import java.util.Optional;

/**
 * Finds the value of a secret that an operator's template refers to, such as {@code secret://default/github#token} in
 * the header of an upstream. Asked at each use, so that a value that was replaced is used from then on. Text that comes
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
     * @param host the host that it would be sent to; empty for a child process
     * @param position {@code header}, {@code environment} or {@code argument}
     */
    record Use(String upstream, Optional<String> host, String position) {}

    /**
     * Returns the value; nothing if there is none, or it may not be used there. The array is the caller's, who clears it
     * after use.
     *
     * @param reference as it stands in the template, {@code secret://} included
     */
    Optional<char[]> resolve(String reference, Use use);

    /** Returns a resolver that knows no secret. */
    static SecretResolver none() {
        return (reference, use) -> Optional.empty();
    }
}
