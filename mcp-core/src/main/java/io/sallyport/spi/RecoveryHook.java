package io.sallyport.spi;

/**
 * Told when the gateway loses an upstream and when it has connected to it, the first time and each time anew: the place to register
 * again what lives in the upstream. Called outside the way of requests, for one upstream after the other things that
 * happened to it, and after the hooks that were added before; an upstream does not wait for hooks. A hook that takes more than 30 seconds is
 * interrupted. May be told the same again, so it has to be idempotent; what it throws is logged and keeps nobody from being served.
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

    /**
     * The upstream was lost, or could not be connected to; it is tried again. Told once, until it is connected. Defaults to doing
     * nothing.
     *
     * @param upstream its name
     * @param problem what was seen, for operators: with host names and addresses
     */
    default void lost(String upstream, String problem) {}

    /**
     * The upstream's processes have ended so often that none is started for a while. Told once, until it is connected. Defaults to
     * doing nothing.
     *
     * @param upstream its name
     * @param reason how often, and how the last one has ended, for operators
     */
    default void quarantined(String upstream, String reason) {}
}
