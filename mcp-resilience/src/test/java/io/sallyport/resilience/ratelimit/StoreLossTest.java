package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of calls while a shared store does not answer. */
class StoreLossTest {

    private static final Duration DAY = Duration.ofDays(1);

    /** A store that is shared, for all that anybody can tell, and is there when a test says so. */
    private static final class Breaking implements BucketStore {

        private final LocalBucketStore shared = new LocalBucketStore(System::nanoTime, Instant::now);
        private final AtomicInteger asked = new AtomicInteger();
        private volatile boolean isGone;
        private volatile boolean isSilent;

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public Bucket bucket(String name, Rate rate, long version) {
            Bucket bucket = shared.bucket(name, rate, version);
            return new Bucket() {
                @Override
                public CompletionStage<Taken> take(long calls) {
                    asked.incrementAndGet();
                    if (isSilent) {
                        return new CompletableFuture<>();
                    }
                    return isGone
                            ? CompletableFuture.failedFuture(new StoreUnavailableException("gone"))
                            : bucket.take(calls);
                }

                @Override
                public void giveBack(long calls) {
                    bucket.giveBack(calls);
                }

                @Override
                public CompletionStage<?> fill() {
                    return isGone
                            ? CompletableFuture.failedFuture(new StoreUnavailableException("gone"))
                            : bucket.fill();
                }

                @Override
                public void become(Rate other, long itsVersion) {
                    bucket.become(other, itsVersion);
                }
            };
        }

        @Override
        public Map<String, String> settings() {
            if (isGone || isSilent) {
                throw new StoreUnavailableException("gone");
            }
            return shared.settings();
        }

        @Override
        public boolean change(String name, String expected, String text) {
            return shared.change(name, expected, text);
        }

        @Override
        public Instant now() {
            return shared.now();
        }

        @Override
        public void close() {}
    }

    private final Breaking store = new Breaking();
    private final List<AuditEvent> events = new CopyOnWriteArrayList<>();
    private final TestCall ann = TestCall.by("ann");
    private RateLimits limits;

    private RateLimits limits(int nodes, Duration lookedAtEvery) {
        limits = RateLimits.builder()
                .limit(Limit.of("user", LimitScope.PRINCIPAL, Rate.of(30, DAY)))
                .store(store)
                .nodes(nodes)
                .audit(events::add)
                .time(System::nanoTime, Instant::now, lookedAtEvery)
                .build();
        return limits;
    }

    @AfterEach
    void close() {
        limits.close();
        limits.close();
    }

    @Test
    void aNodeGoesOnWithItsShareAndNeverWithoutALimit() {
        limits(3, DAY);
        store.isGone = true;

        assertThat(ann.passes(limits, 1000)).isEqualTo(10);
        assertThat(TestCall.by("bob").passes(limits, 1000)).isEqualTo(10);
        assertThat(limits.status().get(0).isStoreReachable()).isFalse();
    }

    @Test
    void theShareIsOfWhatWasLeft() {
        limits(3, DAY);
        ann.passes(limits, 24);
        store.isGone = true;

        assertThat(ann.passes(limits, 1000)).isEqualTo(2);
    }

    @Test
    void aStoreThatIsNotThereAtTheBeginningKeepsNobodyFromBeginning() {
        store.isGone = true;

        limits(3, DAY);

        assertThat(ann.passes(limits, 1000)).isEqualTo(10);
    }

    @Test
    void oneCallWaitsForASilentStoreAndThenNobody() {
        limits(3, DAY);
        store.isSilent = true;

        // When
        int passed = ann.passes(limits, 1000);

        assertThat(passed).isEqualTo(10);
        assertThat(store.asked).hasValue(1);
    }

    @Test
    void whenTheStoreIsBackAllCountTogetherAgain() {
        limits(3, Duration.ofMillis(20));
        store.isGone = true;
        ann.passes(limits, 1000);

        // When
        store.isGone = false;

        Waiting.until("it is back", () -> limits.status().get(0).isStoreReachable() ? "yes" : null);
        assertThat(ann.passes(limits, 1000)).isEqualTo(30);
    }

    @Test
    void operatorsReadOfTheLossAndOfTheReturnOnce() {
        try (CapturedLog log = CapturedLog.ofDebug("io.sallyport.limits")) {
            limits(3, Duration.ofMillis(20));
            store.isGone = true;
            ann.passes(limits, 100);
            Waiting.until("it was looked at", () -> log.messages().isEmpty() ? null : "yes");
            store.isGone = false;
            Waiting.until("it is back", () -> log.messages().size() > 1 ? "yes" : null);

            assertThat(log.levels()).containsExactly("WARN", "INFO");
            assertThat(log.messages().get(0)).contains("goes on with its share");
        }
    }

    @Test
    void whatARefusedKeyAsksCostsTheStoreNothing() {
        limits(3, DAY);
        ann.passes(limits, 31);
        int before = store.asked.get();

        assertThat(ann.passes(limits, 1000)).isZero();
        // In a moment it is asked again, for others may have given something back.
        assertThat(store.asked.get() - before).isLessThan(10);
    }

    @Test
    void anInterruptedThreadAsksNobodyAndStaysInterrupted() {
        limits(3, DAY);
        store.isSilent = true;
        Thread.currentThread().interrupt();

        boolean passed = ann.passes(limits);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(passed).isTrue();
    }

    @Test
    void whatAnOperatorChangesMeanwhileFailsAndIsOnRecord() {
        limits(3, DAY);
        store.isGone = true;

        assertThatThrownBy(() -> limits.set("user", Rate.of(1, DAY), "olga", "less"))
                .isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> limits.resetKey("user", RateLimits.keyOf(ann.principal()), "olga", "again"))
                .isInstanceOf(StoreUnavailableException.class);
        assertThat(events)
                .hasSize(2)
                .allSatisfy(event -> assertThat(event.outcome()).isEqualTo(AuditEvent.Outcome.FAILED));
        assertThat(limits.status().get(0).rate()).isEqualTo(Rate.of(30, DAY));
    }

    @Test
    void whatALaterReleaseHasSetIsLeftToIt() {
        store.shared.change("user", "", "2 what this release does not know");
        try (CapturedLog log = CapturedLog.of("io.sallyport.limits")) {
            limits(3, DAY);

            assertThat(ann.passes(limits, 100)).isEqualTo(30);
            assertThat(log.messages())
                    .containsExactly("what was set for a limit cannot be read; it stays as it is at this node");
        }
    }
}
