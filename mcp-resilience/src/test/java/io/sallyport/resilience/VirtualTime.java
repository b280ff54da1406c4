package io.sallyport.resilience;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/** Time that passes when a test says so; the wall's clock can be set besides. Confined to one thread. */
final class VirtualTime implements LongSupplier, InstantSource {

    /** Where a monotonic clock begins is anywhere. */
    private long nanos = Long.MAX_VALUE - 1_000_000_000L;

    private Instant wall = Instant.parse("2026-01-01T00:00:00Z");

    void pass(Duration time) {
        nanos += time.toNanos();
        wall = wall.plus(time);
    }

    /** Sets the clock on the wall. */
    void set(Instant time) {
        wall = time;
    }

    @Override
    public long getAsLong() {
        return nanos;
    }

    @Override
    public Instant instant() {
        return wall;
    }
}
