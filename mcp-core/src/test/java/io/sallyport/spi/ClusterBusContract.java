package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.ClusterBus.Posted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every {@link ClusterBus} must do. */
public interface ClusterBusContract {

    /** See {@link SessionStoreContract#open}. */
    SessionStore open(SessionStore.Bounds bounds);

    /** See {@link SessionStoreContract#another}. */
    Optional<SessionStore> another(SessionStore store);

    /** See {@link SessionStoreContract#letPass}. */
    void letPass(Duration duration);

    /** See {@link StoreContract#lease}. */
    Duration lease();

    private SessionStore open() {
        return open(SessionStore.Bounds.defaults());
    }

    private static List<String> texts(List<Letter> letters) {
        return letters.stream().map(Letter::text).toList();
    }

    @Test
    default void aNodeLivesAsLongAsItsLease() {
        try (SessionStore store = open()) {
            ClusterBus bus = store.bus();
            assertThat(bus.beat("n", lease())).as("nobody knew it").isFalse();
            letPass(lease().dividedBy(2));
            assertThat(bus.beat("n", lease())).isTrue();
            letPass(lease().dividedBy(2));
            assertThat(bus.nodes()).containsExactly("n");

            letPass(lease());

            assertThat(bus.nodes()).isEmpty();
            assertThat(bus.beat("n", lease())).as("it was taken for dead").isFalse();
            assertThat(bus.nodes()).containsExactly("n");
        }
    }

    @Test
    default void aNodeThatLeavesLivesNoMore() {
        try (SessionStore store = open()) {
            ClusterBus bus = store.bus();
            bus.beat("n", lease());
            bus.beat("m", lease());
            bus.post("n", "1");

            bus.leave("n");
            bus.leave("unknown");

            assertThat(bus.nodes()).containsExactly("m");
            assertThat(bus.collect("n", 0, 10, Duration.ZERO)).isEmpty();
        }
    }

    @Test
    default void lettersStayInTheInboxUntilTheirNodeHasTakenNoteOfThem() {
        try (SessionStore store = open()) {
            ClusterBus bus = store.bus();
            bus.beat("n", lease());
            bus.beat("m", lease());
            bus.post("n", "1");
            bus.post("m", "of another");
            bus.post("n", "é\uD83D\uDE00");
            bus.post("n", "3");

            List<Letter> first = bus.collect("n", 0, 2, Duration.ZERO);
            assertThat(texts(first)).containsExactly("1", "é\uD83D\uDE00");
            assertThat(bus.collect("n", 0, 2, Duration.ZERO)).isEqualTo(first);
            assertThat(texts(bus.collect("n", first.get(0).number(), 10, Duration.ZERO)))
                    .containsExactly("é\uD83D\uDE00", "3");
            assertThat(texts(bus.collect("n", first.get(1).number(), 10, Duration.ZERO)))
                    .containsExactly("3");
            assertThat(texts(bus.collect("n", 0, 10, Duration.ZERO)))
                    .as("what was taken note of is gone")
                    .containsExactly("3");
            assertThat(texts(bus.collect("m", 0, 10, Duration.ZERO))).containsExactly("of another");
        }
    }

    @Test
    default void nothingIsPostedToANodeThatDoesNotLive() {
        try (SessionStore store = open()) {
            ClusterBus bus = store.bus();
            bus.beat("n", lease());
            assertThat(bus.post("n", "x")).isEqualTo(Posted.KEPT);
            letPass(lease());

            assertThat(bus.post("n", "x")).isEqualTo(Posted.NOBODY);
            assertThat(bus.post("unknown", "x")).isEqualTo(Posted.NOBODY);
        }
    }

    @Test
    default void numbersOfLettersGrowEvenOverADeath() {
        try (SessionStore store = open()) {
            ClusterBus bus = store.bus();
            bus.beat("n", lease());
            bus.post("n", "before");
            long before = bus.collect("n", 0, 1, Duration.ZERO).get(0).number();
            letPass(lease());
            bus.beat("n", lease());
            bus.post("n", "after");

            List<Letter> after = bus.collect("n", before, 10, Duration.ZERO);

            assertThat(texts(after)).containsExactly("after");
        }
    }

    @Test
    default void aNodeIsWokenByALetter() throws Exception {
        try (SessionStore store = open();
                SessionStore sender = another(store).orElse(store)) {
            store.bus().beat("n", lease());
            CompletableFuture<List<Letter>> waiting =
                    CompletableFuture.supplyAsync(() -> store.bus().collect("n", 0, 10, Duration.ofSeconds(30)));

            sender.bus().post("n", "hello");

            assertThat(texts(waiting.get(10, TimeUnit.SECONDS))).containsExactly("hello");
        }
    }

    @Test
    default void aNodeThatWaitsInVainGoesOnInTime() {
        try (SessionStore store = open()) {
            store.bus().beat("n", lease());

            assertThat(store.bus().collect("n", 0, 10, Duration.ofMillis(50))).isEmpty();
        }
    }

    @Test
    default void aNodeThatWaitsIsLetGoWhenItsStoreCloses() throws Exception {
        SessionStore store = open();
        store.bus().beat("n", lease());
        Thread waiting = new Thread(() -> {
            try {
                store.bus().collect("n", 0, 10, Duration.ofMinutes(10));
            } catch (StoreUnavailableException closed) {
                // May say so, or return nothing.
            }
        });
        waiting.start();

        store.close();

        waiting.join(10_000);
        assertThat(waiting.isAlive()).isFalse();
    }

    @Test
    default void anInboxIsBounded() {
        try (SessionStore store = open()) {
            store.bus().beat("n", lease());
            List<Posted> posted = new ArrayList<>();
            for (int i = 0; i <= 10_000; i++) {
                if (i % 500 == 0) {
                    // All of them may take longer than the lease.
                    store.bus().beat("n", lease());
                }
                posted.add(store.bus().post("n", "x"));
            }

            assertThat(posted.subList(0, 10_000)).containsOnly(Posted.KEPT);
            assertThat(posted.get(10_000)).isEqualTo(Posted.FULL);
        }
    }
}
