package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerPoolTest {

    private static final Shape USUAL = PlainWorkers.SHAPE;

    private static final Shape OTHER = Shape.once(
            Language.PYTHON, Limits.builder().memoryBytes(8L * 1024 * 1024).build());

    @TempDir
    private Path folder;

    private Launcher launcher;
    private WorkerPool pool;

    @BeforeEach
    void start() throws Exception {
        launcher = PlainWorkers.launcher(folder, "echo READY >&3; exec sleep 60");
        pool = new WorkerPool(launcher, 2);
        pool.prepare(USUAL);
        awaitCounts(2, 0);
    }

    @AfterEach
    void close() {
        pool.close();
        launcher.close();
    }

    private void awaitCounts(int usual, int other) {
        Waiting.until(
                usual + " of one shape and " + other + " of the other wait",
                () -> pool.count(USUAL) == usual && pool.count(OTHER) == other ? true : null);
    }

    @Incident("S172")
    @Test
    void givesAwayWhoWaitsAndStartsAnother() throws Exception {
        try (Worker first = pool.take(USUAL);
                Worker second = pool.take(USUAL)) {
            assertThat(first).isNotSameAs(second);
            awaitCounts(2, 0);
        }
    }

    @Test
    void startsWhatNobodyWaitsForAndKeepsAnotherInPlaceOfTheOldest() throws Exception {
        try (Worker worker = pool.take(OTHER)) {
            assertThat(worker.shape()).isEqualTo(OTHER);
            awaitCounts(1, 1);
        }
    }

    @Test
    void givesAwayNoneThatHasEnded() throws Exception {
        ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
        Waiting.until(
                "all have ended",
                () -> ProcessHandle.current().children().noneMatch(ProcessHandle::isAlive) ? true : null);

        try (Worker worker = pool.take(USUAL)) {
            assertThat(worker.isAlive()).isTrue();
        }
    }

    @Test
    void closingEndsAllThatWait() {
        pool.close();

        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
        assertThat(pool.count(USUAL)).isZero();
    }
}
