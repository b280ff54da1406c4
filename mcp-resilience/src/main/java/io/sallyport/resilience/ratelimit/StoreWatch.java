package io.sallyport.resilience.ratelimit;

import io.sallyport.resilience.ratelimit.BucketStore.Bucket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the store can be asked. A shared one is looked at each second, on a thread of this node's own: that says what
 * operators have changed at other nodes, and when a store that was lost is back. Meanwhile nobody waits for it. Thread-safe.
 */
final class StoreWatch implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.limits");

    private static final long TOLD_AGAIN_AFTER = TimeUnit.MINUTES.toNanos(1);
    private static final Duration PATIENCE_AT_END = Duration.ofSeconds(2);

    private final BucketStore store;
    private final LocalBucketStore shares;
    private final LongSupplier ticker;
    private final Consumer<Map<String, String>> onSettings;
    private final AtomicBoolean reachable = new AtomicBoolean();
    private final @Nullable ScheduledThreadPoolExecutor thread;

    /** Written by whoever loses the store; that two tell of it does no harm. */
    private volatile long told;

    private volatile boolean isTold;

    private volatile boolean closed;

    /**
     * Looks at the store for the first time, and goes on if it does not answer.
     *
     * @param onSettings what to do with the settings, one call at a time
     */
    StoreWatch(
            BucketStore store,
            LocalBucketStore shares,
            LongSupplier ticker,
            Duration period,
            Consumer<Map<String, String>> onSettings) {
        this.store = store;
        this.shares = shares;
        this.ticker = ticker;
        this.onSettings = onSettings;
        look();
        this.thread = store.isShared() ? start(period) : null;
    }

    private ScheduledThreadPoolExecutor start(Duration period) {
        ScheduledThreadPoolExecutor started = new ScheduledThreadPoolExecutor(1, task -> {
            Thread created = new Thread(task, "sallyport-limits");
            created.setDaemon(true);
            return created;
        });
        started.scheduleWithFixedDelay(this::look, period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
        return started;
    }

    private void look() {
        try {
            onSettings.accept(store.settings());
        } catch (RuntimeException e) {
            if (!closed) {
                lost(e.toString());
            }
            return;
        }
        boolean wasLost = !reachable.getAndSet(true);
        if (wasLost && isTold) {
            isTold = false;
            LOGGER.atInfo().log("the store of limits is back; all nodes count together again");
        }
    }

    /** Takes note that the store did not answer. */
    void lost(String why) {
        boolean wasReachable = reachable.getAndSet(false);
        long now = ticker.getAsLong();
        if ((wasReachable || !isTold) && (told == 0 || now - told > TOLD_AGAIN_AFTER)) {
            told = now;
            isTold = true;
            LOGGER.atWarn()
                    .addKeyValue("error", why)
                    .log("the store of limits does not answer; this node goes on with its share of each limit");
        }
    }

    boolean isReachable() {
        return reachable.get();
    }

    boolean isShared() {
        return store.isShared();
    }

    long ticks() {
        return ticker.getAsLong();
    }

    Bucket bucket(String name, Rate rate, long version) {
        return store.bucket(name, rate, version);
    }

    /** Returns a bucket of this node's own. */
    Bucket share(Rate rate, long calls) {
        return shares.bucket(rate, calls);
    }

    @Override
    public void close() {
        closed = true;
        if (thread == null) {
            return;
        }
        thread.shutdownNow();
        boolean isInterrupted = false;
        try {
            thread.awaitTermination(PATIENCE_AT_END.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            isInterrupted = true;
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
