package io.sallyport.resilience;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.LongSupplier;

/** A clock that nobody sets: it tells how much time has passed since it was made, as a time since 1970. */
final class MonotonicClock extends Clock {

    private final LongSupplier ticker;
    private final long begun;

    MonotonicClock(LongSupplier ticker) {
        this.ticker = ticker;
        this.begun = ticker.getAsLong();
    }

    @Override
    public Instant instant() {
        return Instant.EPOCH.plusNanos(ticker.getAsLong() - begun);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("nobody asks it for the time of day");
    }
}
