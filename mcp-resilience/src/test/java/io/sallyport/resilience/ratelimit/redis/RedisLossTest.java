package io.sallyport.resilience.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Limit;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.RedisProcess;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of calls when a server of Redis dies, or says nothing any more. */
class RedisLossTest {

    /** As long as it takes on a machine that does other things; who waits for a silent server waits as long once. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private RedisProcess redis;
    private BucketStore store;
    private RateLimits limits;
    private CapturedLog log;

    @BeforeEach
    void start() {
        log = CapturedLog.of("io.sallyport.limits");
        redis = RedisProcess.with();
        store = RedisBucketStore.at(redis.uri()).commandTimeout(PATIENCE).build();
        limits = RateLimits.builder()
                .limit(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(30, Duration.ofDays(1))))
                .store(store)
                .nodes(3)
                .patience(PATIENCE)
                .build();
        Waiting.until("it is there", () -> isReachable() ? "yes" : null);
    }

    @AfterEach
    void stop() {
        limits.close();
        store.close();
        redis.close();
        log.close();
    }

    private long passed(String who, int calls) {
        return IntStream.range(0, calls)
                .filter(i -> limits.ask(who).isGranted())
                .count();
    }

    private boolean isReachable() {
        return limits.status().get(0).isStoreReachable();
    }

    @Test
    void whileTheServerIsDeadANodeHasItsShareAndAfterwardsAllCountTogether() {
        passed("ann", 21);

        // When
        redis.kill();

        assertThat(passed("ann", 100)).isEqualTo(3);
        assertThat(passed("bob", 100)).isEqualTo(10);
        redis.startAgain();
        Waiting.until("it is back", () -> passed("ann", 1) == 1 ? "yes" : null);
        // It remembers nothing.
        assertThat(passed("ann", 100)).isEqualTo(29);
    }

    @Test
    void whileTheServerSaysNothingANodeHasItsShareAndAfterwardsAllCountTogether() {
        passed("ann", 21);

        // When
        redis.freeze();

        assertThat(passed("ann", 100)).isEqualTo(3);
        redis.thaw();
        Waiting.until("it is back", () -> passed("ann", 1) == 1 ? "yes" : null);
        // It remembers; what was asked while it said nothing may have been taken.
        assertThat(passed("ann", 100)).isBetween(5L, 8L);
    }
}
