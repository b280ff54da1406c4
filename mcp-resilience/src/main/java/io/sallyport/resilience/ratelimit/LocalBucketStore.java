package io.sallyport.resilience.ratelimit;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.TokensInheritanceStrategy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** Buckets in this process. A bucket is in nobody's hands but those of who has asked for it. */
final class LocalBucketStore implements BucketStore {

    private static final CompletionStage<?> DONE = CompletableFuture.completedFuture(true);

    private final TimeMeter ticker;
    private final InstantSource wall;
    private final Map<String, String> settings = new ConcurrentHashMap<>();

    LocalBucketStore(LongSupplier nanos, InstantSource wall) {
        this.ticker = new Ticker(nanos);
        this.wall = wall;
    }

    private record Ticker(LongSupplier nanos) implements TimeMeter {
        @Override
        public long currentTimeNanos() {
            return nanos.getAsLong();
        }

        @Override
        public boolean isWallClockBased() {
            return false;
        }
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public Bucket bucket(String name, Rate rate, long version) {
        return bucket(rate, rate.burst());
    }

    /** Returns a bucket that begins with so many calls. */
    Bucket bucket(Rate rate, long calls) {
        return new LocalBucket(io.github.bucket4j.Bucket.builder()
                .addLimit(bandwidth(rate, calls))
                .withCustomTimePrecision(ticker)
                .build());
    }

    private static Bandwidth bandwidth(Rate rate, long calls) {
        return Bandwidth.builder()
                .capacity(rate.burst())
                .refillGreedy(rate.calls(), rate.per())
                .initialTokens(Math.max(0, Math.min(calls, rate.burst())))
                .build();
    }

    private record LocalBucket(io.github.bucket4j.Bucket calls) implements Bucket {
        @Override
        public CompletionStage<Taken> take(long wanted) {
            ConsumptionProbe probe = calls.tryConsumeAndReturnRemaining(wanted);
            return CompletableFuture.completedFuture(new Taken(
                    probe.isConsumed(), probe.getRemainingTokens(), Duration.ofNanos(probe.getNanosToWaitForRefill())));
        }

        @Override
        public void giveBack(long unused) {
            calls.addTokens(unused);
        }

        @Override
        public CompletionStage<?> fill() {
            calls.reset();
            return DONE;
        }

        @Override
        public void become(Rate rate, long version) {
            calls.replaceConfiguration(
                    BucketConfiguration.builder()
                            .addLimit(bandwidth(rate, rate.burst()))
                            .build(),
                    TokensInheritanceStrategy.PROPORTIONALLY);
        }
    }

    @Override
    public Map<String, String> settings() {
        return Map.copyOf(settings);
    }

    @Override
    public boolean change(String name, String expected, String text) {
        return expected.isEmpty() ? settings.putIfAbsent(name, text) == null : settings.replace(name, expected, text);
    }

    @Override
    public Instant now() {
        return wall.instant();
    }

    @Override
    public void close() {
        // There is nothing but memory.
    }
}
