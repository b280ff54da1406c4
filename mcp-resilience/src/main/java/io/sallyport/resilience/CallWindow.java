package io.sallyport.resilience;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How the last calls have ended, and whether too many have failed or were slow: the window of a breaker of Resilience4j, whose
 * timers and half-open state are not used. Guarded by the lock of its owner.
 */
final class CallWindow {

    /** Without a stack, and with nothing to say: the window wants one. */
    private static final class CallFailed extends Exception {

        private static final long serialVersionUID = 1;

        CallFailed() {
            super("the call has failed", null, false, false);
        }
    }

    /**
     * Thresholds.
     *
     * @param length of how long back calls count
     * @param minimumCalls how many there must be before rates count
     * @param failureRate how many percent may fail
     * @param slowRate how many percent may be slow
     * @param slowAfter what slow is
     * @param probes how many must succeed for it to close
     */
    record Thresholds(
            Duration length, int minimumCalls, float failureRate, float slowRate, Duration slowAfter, int probes) {}

    private final CircuitBreaker breaker;

    CallWindow(String name, Thresholds thresholds, LongSupplier nanos) {
        breaker = CircuitBreaker.of(
                name,
                CircuitBreakerConfig.custom()
                        .slidingWindow(
                                (int) thresholds.length().toSeconds(),
                                thresholds.minimumCalls(),
                                SlidingWindowType.TIME_BASED)
                        .failureRateThreshold(thresholds.failureRate())
                        .slowCallRateThreshold(thresholds.slowRate())
                        .slowCallDurationThreshold(thresholds.slowAfter())
                        .permittedNumberOfCallsInHalfOpenState(thresholds.probes())
                        .clock(new MonotonicClock(nanos))
                        .build());
    }

    void record(long tookNanos, boolean hasFailed) {
        if (hasFailed) {
            breaker.onError(tookNanos, TimeUnit.NANOSECONDS, new CallFailed());
        } else {
            breaker.onSuccess(tookNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Returns whether too many have failed or were slow. */
    boolean isOpen() {
        return breaker.getState() == State.OPEN;
    }

    /** Returns whether it counts, and not too many have failed or were slow. */
    boolean isClosed() {
        return breaker.getState() == State.CLOSED;
    }

    /** Counts no more, until something else is said. */
    void open() {
        if (!isOpen()) {
            breaker.transitionToOpenState();
        }
    }

    /** Counts probes. */
    void probe() {
        breaker.transitionToHalfOpenState();
    }

    /** Forgets all and counts. */
    void reset() {
        breaker.reset();
    }

    Optional<Float> failureRate() {
        return rate(breaker.getMetrics().getFailureRate());
    }

    Optional<Float> slowRate() {
        return rate(breaker.getMetrics().getSlowCallRate());
    }

    /** There is none while the calls are too few. */
    private static Optional<Float> rate(float percent) {
        return percent < 0 ? Optional.empty() : Optional.of(percent);
    }
}
