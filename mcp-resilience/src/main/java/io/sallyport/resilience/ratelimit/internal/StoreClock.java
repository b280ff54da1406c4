package io.sallyport.resilience.ratelimit.internal;

import io.github.bucket4j.TimeMeter;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The store's clock, as this node knows it: read now and then, and carried on by a clock that only counts. What the wall's clock
 * of a node says does not matter. Right to half the time that the last good reading took. Thread-safe.
 */
public final class StoreClock implements TimeMeter {

    /** By how much two clocks may drift apart, more than crystals do. */
    private static final long DRIFT = 5_000;

    /**
     * What the store said.
     *
     * @param said its time, in nanoseconds
     * @param at when it said so, in ticks
     * @param doubt by how much that may be wrong
     */
    private record Reading(long said, long at, long doubt) {
        long at(long ticks) {
            return said + (ticks - at);
        }
    }

    private final LongSupplier ticker;
    private volatile @Nullable Reading reading;

    /** @param ticker nanoseconds, of which only differences mean something */
    public StoreClock(LongSupplier ticker) {
        this.ticker = ticker;
    }

    /** Returns the ticks that the store is asked at. */
    public long ticks() {
        return ticker.getAsLong();
    }

    /**
     * Takes note of what the store's clock said.
     *
     * @param micros since the beginning of 1970
     * @param asked in {@linkplain #ticks ticks}
     */
    public void read(long micros, long asked) {
        long answered = ticks();
        long doubt = (answered - asked) / 2;
        long at = asked + doubt;
        long said = TimeUnit.MICROSECONDS.toNanos(micros);
        Reading known = reading;
        if (known != null) {
            long itsDoubt = known.doubt() + (at - known.at()) / DRIFT;
            boolean agrees = Math.abs(known.at(at) - said) <= doubt + itsDoubt;
            // One that took long says less than what is known, unless it shows that the store's clock was set.
            if (agrees && doubt > itsDoubt) {
                return;
            }
        }
        reading = new Reading(said, at, doubt);
    }

    /** Returns whether the store's clock was ever read. */
    public boolean isKnown() {
        return reading != null;
    }

    /** @throws StoreUnavailableException if the store's clock was never read */
    @Override
    public long currentTimeNanos() {
        Reading known = reading;
        if (known == null) {
            throw new StoreUnavailableException("the clock of the store has not been read yet");
        }
        return known.at(ticks());
    }

    @Override
    public boolean isWallClockBased() {
        return true;
    }

    /**
     * Returns the time.
     *
     * @throws StoreUnavailableException if the store's clock was never read
     */
    public Instant now() {
        return Instant.EPOCH.plusNanos(currentTimeNanos());
    }
}
