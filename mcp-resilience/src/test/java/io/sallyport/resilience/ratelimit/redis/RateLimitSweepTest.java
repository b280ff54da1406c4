package io.sallyport.resilience.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.distributed.BucketProxy;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Limit;
import io.sallyport.resilience.ratelimit.LimitScope;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.RateLimits;
import io.sallyport.testing.Incident;
import io.sallyport.testing.RedisProcess;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Many calls at several nodes with one Redis; prints how many pass, and how many decisions there are in a second. */
class RateLimitSweepTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));
    private static final int LIMIT = FULL ? 10_000 : 1_000;
    private static final int NODES = 3;
    private static final int THREADS_PER_NODE = 8;
    private static final int THREADS_AT_A_HOT_KEY = 32;
    private static final Duration MEASURED = Duration.ofSeconds(FULL ? 10 : 1);
    private static final Duration DAY = Duration.ofDays(1);

    private static RedisProcess redis;

    private final List<BucketStore> stores = new ArrayList<>();
    private final List<RateLimits> nodes = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @BeforeAll
    static void start() {
        redis = RedisProcess.with();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @AfterEach
    void close() {
        threads.shutdownNow();
        nodes.forEach(RateLimits::close);
        stores.forEach(BucketStore::close);
    }

    private RateLimits node(String limit, Rate rate, Duration ahead) {
        BucketStore store = RedisBucketStore.at(redis.uri())
                .commandTimeout(Duration.ofSeconds(10))
                .ticker(() -> System.nanoTime() + ahead.toNanos())
                .build();
        stores.add(store);
        RateLimits made = RateLimits.builder()
                .limit(Limit.of(limit, LimitScope.PRINCIPAL, rate))
                .store(store)
                .nodes(NODES)
                // How long it takes beside other work is not what is asked here.
                .patience(Duration.ofSeconds(5))
                .build();
        nodes.add(made);
        return made;
    }

    /** Makes as many calls as may pass at each of these nodes, and returns how many do. */
    private long passed(List<RateLimits> at) throws Exception {
        LongAdder passed = new LongAdder();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (RateLimits limits : at) {
            for (int i = 0; i < THREADS_PER_NODE; i++) {
                all.add(CompletableFuture.runAsync(
                        () -> {
                            for (int call = 0; call < LIMIT / THREADS_PER_NODE; call++) {
                                if (limits.ask("ann").isGranted()) {
                                    passed.increment();
                                }
                            }
                        },
                        threads));
            }
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(5, TimeUnit.MINUTES);
        return passed.sum();
    }

    /** @param back how many have come back meanwhile */
    private static void check(String what, long passed, long back) {
        System.out.printf(
                "%s: of %d calls at %d nodes %d passed a limit of %d, of which %d had come back%n",
                what, NODES * LIMIT, NODES, passed, LIMIT, back);
        assertThat(passed).isBetween(LIMIT * 99L / 100, LIMIT * 103L / 100 + back);
    }

    @Test
    @Incident("S133")
    void threeNodesHaveOneLimit() throws Exception {
        Rate rate = Rate.of(LIMIT, DAY);

        long passed = passed(List.of(
                node("together", rate, Duration.ZERO),
                node("together", rate, Duration.ZERO),
                node("together", rate, Duration.ZERO)));

        check("one Redis", passed, 0);
    }

    @Test
    void clocksThatAreMinutesWrongChangeNothing() throws Exception {
        Rate rate = Rate.of(LIMIT, Duration.ofMinutes(30));
        RateLimits behind = node("apart", rate, Duration.ofMinutes(-5));
        RateLimits right = node("apart", rate, Duration.ZERO);
        RateLimits ahead = node("apart", rate, Duration.ofMinutes(5));
        long begun = System.nanoTime();

        // One after the other: by its own clock, for each a sixth of the limit would have come back since the last.
        long passed = passed(List.of(behind)) + passed(List.of(right)) + passed(List.of(ahead));

        check(
                "clocks 5 minutes wrong",
                passed,
                1 + (System.nanoTime() - begun) * LIMIT / rate.per().toNanos());
    }

    private long perSecond(BooleanSupplier decision) throws Exception {
        LongAdder decisions = new LongAdder();
        long begun = System.nanoTime();
        // Half as long to become warm.
        long from = begun + MEASURED.toNanos() / 2;
        long end = from + MEASURED.toNanos();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < THREADS_AT_A_HOT_KEY; i++) {
            all.add(CompletableFuture.runAsync(
                    () -> {
                        for (long now = begun; now < end; now = System.nanoTime()) {
                            decision.getAsBoolean();
                            if (now > from) {
                                decisions.increment();
                            }
                        }
                    },
                    threads));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(5, TimeUnit.MINUTES);
        return decisions.sum() * 1000 / MEASURED.toMillis();
    }

    @Test
    void aKeyThatEverybodyUsesDoesNotWearOutTheStore() throws Exception {
        // There is always some left, but never more than the burst.
        Rate large = new Rate(100_000_000, Duration.ofSeconds(1), 10_000);
        Rate small = new Rate(100_000_000, Duration.ofSeconds(1), 99);
        RateLimits lending = node("lending", large, Duration.ZERO);
        RateLimits batching = node("batching", small, Duration.ZERO);
        RateLimits refusing = node("refusing", Rate.of(10, DAY), Duration.ZERO);
        RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", redis.port()));
        try {
            BucketProxy plain = Bucket4jLettuce.casBasedBuilder(client)
                    .build()
                    .builder()
                    .build(
                            "plain".getBytes(StandardCharsets.US_ASCII),
                            () -> BucketConfiguration.builder()
                                    .addLimit(limit ->
                                            limit.capacity(large.burst()).refillGreedy(large.calls(), large.per()))
                                    .build());

            long bare = perSecond(() -> plain.tryConsume(1));
            long refused = perSecond(() -> refusing.ask("ann").isGranted());
            long batched = perSecond(() -> batching.ask("ann").isGranted());
            long lent = perSecond(() -> lending.ask("ann").isGranted());

            System.out.printf(
                    "decisions in a second about one key, %d threads: plain compare-and-set %d; ours, burst of 10,000 (lends 100) %d,"
                            + " burst of 99 (lends none) %d, refused %d%n",
                    THREADS_AT_A_HOT_KEY, bare, lent, batched, refused);
            assertThat(lending.status().get(0).isStoreReachable()).isTrue();
            assertThat(lent).isGreaterThan(bare);
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
