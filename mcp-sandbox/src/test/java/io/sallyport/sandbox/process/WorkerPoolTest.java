package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.nio.file.Files;
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
        launcher = PlainWorkers.launcher(
                folder, "if [ -e " + broken() + " ]; then exit 1; fi; echo READY >&3; exec sleep 60");
        pool = new WorkerPool(launcher, 2);
        pool.prepare(USUAL);
        awaitCounts(2, 0);
    }

    private Path broken() {
        return folder.resolve("broken");
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
    void startsAsManyAsMayWaitAgainAfterSomeCouldNotBeStarted() throws Exception {
        Files.writeString(broken(), "");
        pool.take(USUAL).close();
        pool.take(USUAL).close();
        Waiting.until("none is started any more", () -> pool.starting(USUAL.language()) == 0 ? true : null);
        awaitCounts(0, 0);
        Files.delete(broken());

        pool.take(USUAL).close();

        awaitCounts(2, 0);
    }

    @Test
    void closingEndsAllThatWait() {
        pool.close();

        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isEmpty();
        assertThat(pool.count(USUAL)).isZero();
    }
}
