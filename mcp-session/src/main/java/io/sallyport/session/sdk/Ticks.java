package io.sallyport.session.sdk;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what is under way that time passes: a look at everything every 50 ms costs less than a timer for each. */
final class Ticks {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");
    private static final long PERIOD_MILLIS = 50;

    /** Something that watches the time. */
    @FunctionalInterface
    interface Ticking {
        /** Called every 50 ms or so, by one thread; must not block. */
        void tick(long now);
    }

    private final Set<Ticking> watchers = ConcurrentHashMap.newKeySet();

    /** Ticks until the timer is shut down. */
    Ticks(ScheduledExecutorService timer) {
        timer.scheduleWithFixedDelay(this::tickAll, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Returns the time in nanoseconds; only differences mean something. */
    static long now() {
        return System.nanoTime();
    }

    void add(Ticking watcher) {
        watchers.add(watcher);
    }

    void remove(Ticking watcher) {
        watchers.remove(watcher);
    }

    private void tickAll() {
        long now = now();
        for (Ticking watcher : watchers) {
            try {
                watcher.tick(now);
            } catch (RuntimeException e) {
                // One that fails must not stop the clock of the others.
                LOGGER.atError().setCause(e).log("a tick failed");
            }
        }
    }
}
