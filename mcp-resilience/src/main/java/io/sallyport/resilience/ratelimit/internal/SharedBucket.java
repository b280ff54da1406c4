package io.sallyport.resilience.ratelimit.internal;

import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TokensInheritanceStrategy;
import io.github.bucket4j.distributed.AsyncBucketProxy;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.distributed.proxy.optimization.DelayParameters;
import io.github.bucket4j.distributed.proxy.optimization.NopeOptimizationListener;
import io.github.bucket4j.distributed.proxy.optimization.Optimization;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import io.github.bucket4j.distributed.proxy.optimization.delay.DelayOptimization;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.BucketStore.Taken;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * A bucket that several nodes take calls out of. What threads of this node ask for while the store is being asked is asked for
 * together, next. Of a large bucket this node lends calls, a hundredth of its burst at most, and tells the store of them later:
 * when they are used up, or after a moment. Thread-safe.
 */
public final class SharedBucket implements BucketStore.Bucket {

    private static final int LENT_PART = 100;
    private static final Duration LENT_FOR = Duration.ofMillis(200);

    private final AsyncProxyManager<String> buckets;
    private final StoreClock clock;
    private final String name;
    private volatile AsyncBucketProxy calls;

    /** Creates it; nobody is asked. */
    public SharedBucket(AsyncProxyManager<String> buckets, StoreClock clock, String name, Rate rate, long version) {
        this.buckets = buckets;
        this.clock = clock;
        this.name = name;
        this.calls = calls(rate, version);
    }

    private AsyncBucketProxy calls(Rate rate, long version) {
        BucketConfiguration configuration = BucketConfiguration.builder()
                .addLimit(limit -> limit.capacity(rate.burst()).refillGreedy(rate.calls(), rate.per()))
                .build();
        return buckets.builder()
                .withOptimization(optimization(rate))
                .withImplicitConfigurationReplacement(version, TokensInheritanceStrategy.PROPORTIONALLY)
                .build(name, () -> CompletableFuture.completedFuture(configuration));
    }

    private Optimization optimization(Rate rate) {
        long lent = rate.burst() / LENT_PART;
        return lent == 0
                ? Optimizations.batching()
                // By the store's clock: by the wall's, a node whose clock is ahead would lend what has not come back
                // yet.
                : new DelayOptimization(new DelayParameters(lent, LENT_FOR), NopeOptimizationListener.INSTANCE, clock);
    }

    @Override
    public CompletionStage<Taken> take(long wanted) {
        return ask(() -> calls.tryConsumeAndReturnRemaining(wanted)).thenApply(SharedBucket::taken);
    }

    private static Taken taken(ConsumptionProbe probe) {
        return new Taken(
                probe.isConsumed(), probe.getRemainingTokens(), Duration.ofNanos(probe.getNanosToWaitForRefill()));
    }

    /** Before the store was ever reached there is no time to count by. */
    private <T> CompletableFuture<T> ask(Supplier<CompletableFuture<T>> question) {
        if (!clock.isKnown()) {
            return CompletableFuture.failedFuture(new StoreUnavailableException("it has not been reached yet"));
        }
        return question.get();
    }

    @Override
    public void giveBack(long unused) {
        // Nobody waits for it. If it fails they are missing until they come back by themselves.
        CompletableFuture<Void> given = ask(() -> calls.addTokens(unused));
        given.exceptionally(lost -> null);
    }

    @Override
    public CompletionStage<?> fill() {
        return ask(() -> calls.reset());
    }

    @Override
    public void become(Rate rate, long version) {
        AsyncBucketProxy before = calls;
        calls = calls(rate, version);
        if (clock.isKnown()) {
            // What was lent and not told of yet.
            CompletableFuture<Void> told = before.getOptimizationController().syncImmediately();
            told.exceptionally(lost -> null);
        }
    }
}
