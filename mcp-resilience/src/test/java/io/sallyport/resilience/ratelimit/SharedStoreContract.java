package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.resilience.ratelimit.BucketStore.Bucket;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a {@link BucketStore} that several nodes share must do beside. Each store that is opened is a node of its own. */
public abstract class SharedStoreContract extends BucketStoreContract {

    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration OFTEN = Duration.ofMillis(20);

    private final List<BucketStore> opened = new ArrayList<>();
    private final List<RateLimits> nodes = new ArrayList<>();
    private final String limit = "l" + UUID.randomUUID();
    private final TestCall ann = TestCall.by("ann");

    /** Returns a store at a node whose clock that counts is so far ahead. */
    protected abstract BucketStore open(Duration ahead) throws Exception;

    @Override
    protected BucketStore open() throws Exception {
        return open(Duration.ZERO);
    }

    private BucketStore node(Duration ahead) throws Exception {
        BucketStore store = open(ahead);
        opened.add(store);
        store.settings();
        return store;
    }

    private RateLimits limits(Rate rate, Duration ahead) throws Exception {
        RateLimits made = RateLimits.builder()
                .limit(Limit.of(limit, LimitScope.PRINCIPAL, rate))
                .store(node(ahead))
                .nodes(3)
                // As long as it takes on a machine that does other things.
                .patience(Duration.ofSeconds(5))
                .time(
                        () -> System.nanoTime() + ahead.toNanos(),
                        () -> Instant.now().plus(ahead),
                        OFTEN)
                .build();
        nodes.add(made);
        return made;
    }

    @AfterEach
    void endNodes() {
        nodes.forEach(RateLimits::close);
        opened.forEach(BucketStore::close);
    }

    @Test
    @Incident("S133")
    void threeNodesHaveOneLimit() throws Exception {
        RateLimits one = limits(Rate.of(30, DAY), Duration.ZERO);
        RateLimits two = limits(Rate.of(30, DAY), Duration.ZERO);
        RateLimits three = limits(Rate.of(30, DAY), Duration.ZERO);

        int passed = 0;
        for (int i = 0; i < 30; i++) {
            passed += ann.passes(one, 1) + ann.passes(two, 1) + ann.passes(three, 1);
        }

        assertThat(passed).isEqualTo(30);
    }

    @Test
    @Incident("S133")
    void aLimitIsStillThereAfterARestart() throws Exception {
        RateLimits before = limits(Rate.of(30, DAY), Duration.ZERO);
        ann.passes(before, 20);
        before.close();

        // When
        RateLimits after = limits(Rate.of(30, DAY), Duration.ZERO);

        assertThat(ann.passes(after, 100)).isEqualTo(10);
    }

    @Test
    void nodesWhoseClocksAreMinutesApartHaveOneLimit() throws Exception {
        Rate rate = Rate.of(1000, Duration.ofMinutes(10));
        RateLimits behind = limits(rate, Duration.ofMinutes(-5));
        RateLimits right = limits(rate, Duration.ZERO);
        RateLimits ahead = limits(rate, Duration.ofMinutes(5));
        long begun = System.nanoTime();

        // One after the other: for each of them, half of the limit would have come back since the last.
        int passed = ann.passes(behind, 1000) + ann.passes(right, 1000) + ann.passes(ahead, 1000);

        // A node lends ten at most; the rest came back while this went on.
        long back = 1 + (System.nanoTime() - begun) * 1000 / TimeUnit.MINUTES.toNanos(10);
        assertThat(passed).isBetween(990, (int) (1000 + 3 * 10 + back));
    }

    @Test
    void whatANodeHasLentIsToldOfLater() throws Exception {
        Bucket lending = node(Duration.ZERO).bucket(limit, Rate.of(1000, DAY), 1);
        Bucket other = node(Duration.ZERO).bucket(limit, Rate.of(1000, DAY), 1);

        for (int i = 0; i < 25; i++) {
            assertThat(lending.take(1)
                            .toCompletableFuture()
                            .get(10, TimeUnit.SECONDS)
                            .granted())
                    .isTrue();
        }

        long left =
                other.take(1).toCompletableFuture().get(10, TimeUnit.SECONDS).left();
        assertThat(left).isBetween(974L, 974L + 10);
    }

    @Test
    @Incident("S134")
    void whatAnOperatorSetsHoldsOnAllNodesAndForThoseThatComeLater() throws Exception {
        RateLimits one = limits(Rate.of(5, DAY), Duration.ZERO);
        RateLimits two = limits(Rate.of(5, DAY), Duration.ZERO);
        ann.passes(two, 5);

        // When
        one.set(limit, Rate.of(50, DAY), "olga", "more");
        one.reset(limit, "olga", "afresh");

        Waiting.until(
                "the other node has heard of it",
                () -> two.status().get(0).rate().calls() == 50 ? "yes" : null);
        Waiting.until("it counts afresh", () -> ann.passes(two) ? "yes" : null);
        RateLimits three = limits(Rate.of(5, DAY), Duration.ZERO);
        assertThat(ann.passes(one, 100) + ann.passes(two, 100) + ann.passes(three, 100))
                .isEqualTo(49);
    }

    @Test
    void whatIsSetAfterTheStoreHasLostItHoldsOnAllNodesToo() throws Exception {
        RateLimits one = limits(Rate.of(5, DAY), Duration.ZERO);
        RateLimits two = limits(Rate.of(5, DAY), Duration.ZERO);
        one.set(limit, Rate.of(6, DAY), "olga", "more");
        one.set(limit, Rate.of(7, DAY), "olga", "more");
        Waiting.until(
                "the other node has heard of it",
                () -> two.status().get(0).rate().calls() == 7 ? "yes" : null);
        BucketStore store = opened.get(0);
        // As it was before the second of the two.
        store.change(limit, store.settings().get(limit), "1 1 0 6 86400 6");

        // When
        one.set(limit, Rate.of(8, DAY), "olga", "more");

        Waiting.until(
                "the other node has heard of it",
                () -> two.status().get(0).rate().calls() == 8 ? "yes" : null);
    }

    @Test
    @Incident("S134")
    void aBoostEndsOnAllNodesByTheClockOfTheStore() throws Exception {
        RateLimits one = limits(Rate.of(5, DAY), Duration.ofMinutes(5));
        RateLimits two = limits(Rate.of(5, DAY), Duration.ofMinutes(-5));

        one.boost(limit, 10, Duration.ofHours(1), "olga", "a long one");
        Waiting.until("it holds there", () -> two.status().get(0).rate().calls() == 50 ? "yes" : null);
        assertThat(two.status().get(0).boostedUntil().orElseThrow())
                .isBetween(Instant.now().plusSeconds(3500), Instant.now().plusSeconds(3700));
        one.boost(limit, 10, Duration.ofMillis(300), "olga", "a short one");

        Waiting.until("it has ended here", () -> one.status().get(0).rate().calls() == 5 ? "yes" : null);
        Waiting.until("it has ended there", () -> two.status().get(0).rate().calls() == 5 ? "yes" : null);
    }

    @Test
    @Incident("S10")
    void oneKeyIsResetOnAllNodes() throws Exception {
        RateLimits one = limits(Rate.of(5, DAY), Duration.ZERO);
        RateLimits two = limits(Rate.of(5, DAY), Duration.ZERO);
        ann.passes(two, 9);

        // When
        one.resetKey(limit, RateLimits.keyOf(ann.principal()), "olga", "she has asked");

        // What a node remembers of a refusal it forgets in a moment.
        Waiting.until("she passes", () -> ann.passes(two) ? "yes" : null);
        assertThat(ann.passes(one, 9) + ann.passes(two, 9)).isEqualTo(4);
    }

    @Test
    void nodesThatWereGivenDifferentRatesCountApart() throws Exception {
        RateLimits old = limits(Rate.of(5, DAY), Duration.ZERO);
        RateLimits fresh = limits(Rate.of(9, DAY), Duration.ZERO);

        assertThat(ann.passes(old, 100)).isEqualTo(5);
        assertThat(ann.passes(fresh, 100)).isEqualTo(9);
    }
}
