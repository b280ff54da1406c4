package io.sallyport.spi;

/**
 * Decides who may see the inside of a gateway (details of health, sessions) and act on it (reset a circuit, end a
 * session). Fails closed: if it throws, the answer is no.
 */
@FunctionalInterface
public interface OperatorAuthorizer {

    /**
     * Returns whether a principal may do this.
     *
     * @param action a stable word such as {@code health.details} or {@code sessions.end}
     */
    boolean permits(Principal principal, String action);

    /** Returns an authorizer that permits nothing to anybody. */
    static OperatorAuthorizer closed() {
        return (principal, action) -> false;
    }
}
