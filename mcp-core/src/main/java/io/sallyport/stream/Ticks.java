package io.sallyport.stream;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what is under way that time passes: deadlines, heartbeats, the second after which an answer becomes a stream.
 * A look at everything every 50 ms costs far less than a timer for each of many short calls.
 *
 * @since 0.1
 */
public final class Ticks {

    private static final Logger LOGGER = LoggerFactory.getLogger(Ticks.class);
    private static final long PERIOD_MILLIS = 50;

    /** Something that watches the time. */
    @FunctionalInterface
    public interface Ticking {
        /**
         * Called every 50 ms or so, by one thread; must not block.
         *
         * @param now as of {@link Ticks#now}
         */
        void tick(long now);
    }

    private final Set<Ticking> watchers = ConcurrentHashMap.newKeySet();
    private final LongSupplier ticker;
    private final ScheduledFuture<?> task;

    /** Starts ticking on this timer, by this clock ({@link System#nanoTime} or a test's). */
    public Ticks(ScheduledExecutorService timer, LongSupplier ticker) {
        this.ticker = ticker;
        this.task = timer.scheduleWithFixedDelay(this::tickAll, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Returns the time in nanoseconds; only differences mean something. */
    public long now() {
        return ticker.getAsLong();
    }

    /** Begins to tell it, until it is removed. */
    public void add(Ticking watcher) {
        watchers.add(watcher);
    }

    /** Tells it no more. */
    public void remove(Ticking watcher) {
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

    /** Stops ticking. */
    public void close() {
        task.cancel(false);
        watchers.clear();
    }
}
