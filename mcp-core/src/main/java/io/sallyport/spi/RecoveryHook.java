package io.sallyport.spi;

/**
 * Told when the gateway has connected to an upstream, the first time and each time anew: the place to register again
 * what lives in the upstream. Called outside the way of requests, one call per upstream at a time. May be called again
 * for the same life of the upstream, so it has to be idempotent; what it throws is logged and keeps nobody from being
 * served.
 */
@FunctionalInterface
public interface RecoveryHook {

    /**
     * The upstream is connected and its catalogue is known.
     *
     * @param upstream its name
     * @param epoch counts its lives, as far as this gateway has seen them
     */
    void connected(String upstream, long epoch);
}
