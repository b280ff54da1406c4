package io.sallyport.resilience.ratelimit;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** Time that passes when a test says so. Thread-safe. */
final class TestTime {

    private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

    private final AtomicLong nanos = new AtomicLong(1);

    void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    long ticks() {
        return nanos.get();
    }

    Instant now() {
        return BEGIN.plusNanos(nanos.get());
    }

    /** Lets limits go by this time. */
    RateLimits.Builder limits() {
        return RateLimits.builder().time(this::ticks, this::now, Duration.ofHours(1));
    }
}
