package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what happens in another process or thread. */
final class Eventually {

    /** Long enough for a busy machine; only a failure takes that long. */
    static final Duration LONG = Duration.ofSeconds(20);

    private static final Duration STEP = Duration.ofMillis(2);

    private Eventually() {}

    static void until(String what, BooleanSupplier condition) {
        until(what, LONG, condition);
    }

    static void until(String what, Duration bound, BooleanSupplier condition) {
        long deadline = System.nanoTime() + bound.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                fail("not within %s: %s", bound, what);
            }
            LockSupport.parkNanos(STEP.toNanos());
        }
    }
}
