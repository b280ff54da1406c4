package io.sallyport.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for what happens on another thread and what nothing tells of. */
public final class Waiting {

    private static final Duration AT_MOST = Duration.ofSeconds(10);

    private static final Duration PAUSE = Duration.ofMillis(2);

    private Waiting() {}

    /** Tries until an attempt, which may take a while itself, gives something other than null, and returns that. */
    public static <T> T until(String what, Callable<T> attempt) {
        long end = System.nanoTime() + AT_MOST.toNanos();
        while (true) {
            try {
                T found = attempt.call();
                if (found != null) {
                    return found;
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            if (System.nanoTime() > end) {
                throw new AssertionError("waited in vain until " + what);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
