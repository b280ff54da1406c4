package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.resilience.ratelimit.BucketStore.Bucket;
import io.sallyport.resilience.ratelimit.BucketStore.Taken;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link BucketStore} must do. Nothing comes back while a test runs: rates are by the day, but where one says else. */
public abstract class BucketStoreContract {

    private static final Duration DAY = Duration.ofDays(1);
    private static final int THREADS = 8;

    private BucketStore store;
    private String name;

    /** Returns a store that can be asked, of which others may be in use. */
    protected abstract BucketStore open() throws Exception;

    @BeforeEach
    void begin() throws Exception {
        store = open();
        // A shared store is asked so before anything else.
        store.settings();
        name = "contract:" + UUID.randomUUID();
    }

    @AfterEach
    void end() {
        store.close();
        store.close();
    }

    private Bucket bucket(long burst) {
        return store.bucket(name, Rate.of(burst, DAY), 1);
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private static long takenOneByOne(Bucket bucket, int times) {
        return IntStream.range(0, times)
                .filter(i -> await(bucket.take(1)).granted())
                .count();
    }

    @Test
    void aBucketBeginsFullAndGivesWhatItHas() {
        Bucket bucket = bucket(10);

        assertThat(await(bucket.take(4))).isEqualTo(new Taken(true, 6, Duration.ZERO));
        Taken refused = await(bucket.take(7));
        assertThat(refused.granted()).isFalse();
        assertThat(refused.left()).isEqualTo(6);
        assertThat(refused.retryIn()).isBetween(Duration.ofMinutes(143), Duration.ofMinutes(144));
        assertThat(await(bucket.take(6)).granted()).isTrue();
        assertThat(await(bucket.take(1)).granted()).isFalse();
    }

    @Test
    void bucketsOfOtherNamesAreOthers() {
        takenOneByOne(bucket(3), 4);

        assertThat(takenOneByOne(store.bucket(name + "2", Rate.of(3, DAY), 1), 4))
                .isEqualTo(3);
    }

    @Test
    void whatIsGivenBackIsThereAgainUpToTheBurst() {
        Bucket bucket = bucket(10);
        await(bucket.take(10));

        bucket.giveBack(4);
        bucket.giveBack(4);

        assertThat(Waiting.until("it is back", () -> await(bucket.take(8)).granted() ? "yes" : null))
                .isNotNull();
        bucket.giveBack(9);
        bucket.giveBack(9);
        Waiting.until("it is back", () -> await(bucket.take(10)).granted() ? "yes" : null);
        assertThat(await(bucket.take(1)).granted()).isFalse();
    }

    @Test
    void aBucketIsFilled() {
        Bucket bucket = bucket(10);
        await(bucket.take(9));

        await(bucket.fill());

        assertThat(await(bucket.take(10)).granted()).isTrue();
        assertThat(await(bucket.take(1)).granted()).isFalse();
    }

    @Test
    void anotherRateKeepsWhatIsLeftInProportion() {
        Bucket bucket = bucket(1000);
        await(bucket.take(500));

        bucket.become(Rate.of(100, DAY), 2);

        long left = IntStream.range(0, 100)
                .filter(i -> await(bucket.take(1)).granted())
                .count();
        assertThat(left).isEqualTo(50);
    }

    @Test
    void callsComeBackInTime() {
        Bucket bucket = store.bucket(name, new Rate(50, Duration.ofSeconds(1), 5), 1);
        await(bucket.take(5));

        Taken next = Waiting.until("one is back", () -> {
            Taken taken = await(bucket.take(1));
            return taken.granted() ? taken : null;
        });

        assertThat(next.left()).isLessThanOrEqualTo(4);
    }

    @Test
    void threadsAtOnceGetWhatThereIsAndNoMore() {
        Bucket bucket = bucket(50);
        AtomicLong taken = new AtomicLong();

        CompletableFuture.allOf(Stream.generate(() -> CompletableFuture.runAsync(
                                () -> taken.addAndGet(takenOneByOne(bucket, 40)), task -> new Thread(task).start()))
                        .limit(THREADS)
                        .toArray(CompletableFuture[]::new))
                .orTimeout(60, TimeUnit.SECONDS)
                .join();

        assertThat(taken).hasValue(50);
    }

    @Test
    void settingsAreChangedByWhoKnowsWhatTheyWere() {
        String setting = "s" + UUID.randomUUID();

        assertThat(store.settings()).doesNotContainKey(setting);
        assertThat(store.change(setting, "one", "two")).isFalse();
        assertThat(store.change(setting, "", "one")).isTrue();
        assertThat(store.change(setting, "", "two")).isFalse();
        assertThat(store.change(setting, "zero", "two")).isFalse();
        assertThat(store.change(setting, "one", "two")).isTrue();
        assertThat(store.settings()).containsEntry(setting, "two");
    }

    @Test
    void ofThoseWhoChangeASettingAtOnceOneDoes() {
        String setting = "s" + UUID.randomUUID();
        store.change(setting, "", "before");

        List<CompletableFuture<Boolean>> changes = IntStream.range(0, THREADS)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> store.change(setting, "before", "by " + i), task -> new Thread(task).start()))
                .toList();

        assertThat(changes.stream().filter(CompletableFuture::join)).hasSize(1);
    }

    @Test
    void theStoreKnowsWhatTimeItIs() {
        assertThat(store.now())
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
    }
}
