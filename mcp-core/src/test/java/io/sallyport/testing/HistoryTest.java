package io.sallyport.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A place for one number, and what is said to have been read there. */
class HistoryTest {

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final History<Integer> history = new History<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private static BiFunction<Integer, Integer, Optional<Integer>> read() {
        return (state, seen) -> Optional.of(state).filter(seen::equals);
    }

    private void reads(int seen) {
        history.put("read", () -> seen, read());
    }

    private void writes(int number) {
        history.put("write", () -> number, (state, written) -> Optional.of(written));
    }

    /** Begins to write something, and returns what ends that. */
    private Runnable beginsToWrite(int number) throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Supplier<Integer> writing = () -> {
            begun.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return number;
        };
        Future<?> written = threads.submit(() -> history.put("write", writing, (state, its) -> Optional.of(its)));
        begun.await();
        return () -> {
            end.countDown();
            try {
                written.get();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        };
    }

    @Test
    void acceptsWhatCameOneAfterTheOther() {
        reads(0);
        writes(1);
        reads(1);

        assertThatCode(() -> history.assertLinearizable(0)).doesNotThrowAnyException();
    }

    @Test
    void refusesAReadOfWhatHadBeenReplaced() {
        writes(1);
        writes(2);
        reads(1);

        assertThatThrownBy(() -> history.assertLinearizable(0))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("2 of 3 deeds")
                .hasMessageEndingWith("read -> 1");
    }

    @Test
    void acceptsEachOrderOfWhatWasUnderWayAtOnce() throws Exception {
        Runnable one = beginsToWrite(1);
        Runnable two = beginsToWrite(2);
        reads(2);
        reads(1);
        one.run();
        two.run();
        reads(1);

        assertThatCode(() -> history.assertLinearizable(0)).doesNotThrowAnyException();
    }

    @Test
    void refusesAWriteThatWasSeenAndThenNoMore() throws Exception {
        Runnable one = beginsToWrite(1);
        reads(1);
        reads(0);
        one.run();

        assertThatThrownBy(() -> history.assertLinearizable(0)).hasMessageEndingWith("read -> 0");
    }
}
