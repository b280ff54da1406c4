package io.sallyport.upstream.internal;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * How much may be logged of what others cause as often as they like: so many records in a while, the rest at DEBUG, and
 * the next record says how many those were. Thread-safe.
 */
public final class LogBudget {

    private final int most;
    private final long spanNanos;
    private final LongSupplier ticker;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as what follows. */
    private long began;

    private int logged;
    private long leftOut;

    /** Creates a budget of so many records in each span of time. */
    public LogBudget(int most, Duration span) {
        this(most, span, System::nanoTime);
    }

    LogBudget(int most, Duration span, LongSupplier ticker) {
        this.most = most;
        this.spanNanos = span.toNanos();
        this.ticker = ticker;
        this.began = ticker.getAsLong();
    }

    /** Begins a record of this level, or, if there have been too many, one of level DEBUG. */
    public LoggingEventBuilder at(Logger logger, Level level) {
        long before;
        lock.lock();
        try {
            long now = ticker.getAsLong();
            if (now - began >= spanNanos) {
                began = now;
                logged = 0;
            }
            if (logged == most) {
                leftOut++;
                return logger.atDebug();
            }
            logged++;
            before = leftOut;
            leftOut = 0;
        } finally {
            lock.unlock();
        }
        LoggingEventBuilder record = logger.atLevel(level);
        return before == 0 ? record : record.addKeyValue("leftOut", before);
    }
}
