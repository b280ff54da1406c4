package io.sallyport.resilience;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How many retries there may be: a share of the calls, and a few each second in any case. What is not used up is saved, but not
 * for long. Retries of many callers otherwise multiply what an upstream that fails has to bear. Thread-safe.
 */
final class RetryBudget {

    /** Buckets hold whole numbers. */
    private static final int PARTS = 10;

    private static final int PARTS_PER_CALL = 1;
    private static final int RETRIES_PER_SECOND = 1;
    private static final int MOST_RETRIES = 10;

    private final Bucket parts;

    RetryBudget(LongSupplier nanos) {
        parts = Bucket.builder()
                .addLimit(limit -> limit.capacity(MOST_RETRIES * PARTS)
                        .refillGreedy(RETRIES_PER_SECOND * PARTS, Duration.ofSeconds(1)))
                .withCustomTimePrecision(new Meter(nanos, nanos.getAsLong()))
                .build();
    }

    /** A call begins. */
    void deposit() {
        parts.addTokens(PARTS_PER_CALL);
    }

    /** Takes a retry, and returns whether there was one. */
    boolean tryWithdraw() {
        return parts.tryConsume(PARTS);
    }

    /** Counts from now on: where a monotonic clock begins is anywhere, and its end may be near. */
    private record Meter(LongSupplier nanos, long begun) implements TimeMeter {

        @Override
        public long currentTimeNanos() {
            return nanos.getAsLong() - begun;
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    }
}
