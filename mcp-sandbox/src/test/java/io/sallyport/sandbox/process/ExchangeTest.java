package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said between us and a worker, with workers that do as they like. */
class ExchangeTest {

    private static final String ASKED = "echo READY >&3; read -r nonce code inputs rest <&4; ";

    private static final Duration BRIEF = Duration.ofMillis(200);

    @TempDir
    private Path folder;

    private Launcher launcher;

    @AfterEach
    void close() {
        if (launcher != null) {
            launcher.close();
        }
    }

    private Worker worker(String script) throws Exception {
        launcher = PlainWorkers.launcher(folder, script);
        return launcher.start(PlainWorkers.SHAPE);
    }

    private Outcome run(String script, Limits limits, String code) throws Exception {
        try (Worker worker = worker(script)) {
            Execution execution =
                    Execution.of(Language.PYTHON, code).limits(limits).build();
            return new Exchange(worker, execution, new Cancellation(), () -> false).run();
        }
    }

    private Outcome run(String script) throws Exception {
        return run(script, Limits.builder().wallTime(Duration.ofSeconds(20)).build(), "pass");
    }

    private static String type(Outcome outcome) {
        return outcome.error().map(Outcome.Failure::type).orElse("none");
    }

    @Test
    void givesBackWhatIsToldAndWhatIsSaid() throws Exception {
        Outcome outcome = run(ASKED + "echo out; echo err >&2; printf '%s 3\\nV42' $nonce >&3; exec sleep 60");

        assertThat(outcome.status()).isEqualTo(Status.OK);
        assertThat(outcome.value().map(JsonValue::toJson)).contains("42");
        assertThat(outcome.stdout()).isEqualTo("out\n");
        assertThat(outcome.stderr()).isEqualTo("err\n");
    }

    @Test
    void asksWithTheCodeAndTheInputs() throws Exception {
        String script = "echo READY >&3; cat <&4";

        Outcome outcome = run(script, Limits.builder().wallTime(BRIEF).build(), "some\ncode");

        assertThat(outcome.stdout()).matches("[0-9a-f]{32} 9 2 1048576 134217728 once\nsome\ncode\\{}");
    }

    @Incident("S167")
    @Test
    void takesNothingForAReplyThatIsSaid() throws Exception {
        Outcome outcome = run(ASKED + "printf '%s 3\\nV13' $nonce; printf '%s 3\\nV42' $nonce >&3; exec sleep 60");

        assertThat(outcome.value().map(JsonValue::toJson)).contains("42");
    }

    @ParameterizedTest
    @ValueSource(strings = {"echo 00000000000000000000000000000000 3", "printf V42", "yes"})
    void believesNoReplyToWhatItHasNotAsked(String forger) throws Exception {
        assertThat(type(run(ASKED + forger + " >&3; exec sleep 60"))).isEqualTo("NoReply");
    }

    @Test
    void doesNotWaitForAWorkerThatReadsNothing() throws Exception {
        Outcome outcome = run(
                "echo READY >&3; exec sleep 60",
                Limits.builder().wallTime(BRIEF).build(),
                "x".repeat(1_000_000));

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
    }

    @Test
    void sendsLongCodeWhole() throws Exception {
        Outcome outcome = run(
                ASKED
                        + "sum=$(head -c $code <&4 | wc -c); reply=V$sum; printf '%s %d\\n%s' $nonce ${#reply} $reply >&3; exec sleep 60",
                Limits.defaults(),
                "x".repeat(1_000_000));

        assertThat(outcome.value().map(JsonValue::toJson)).contains("1000000");
    }

    @Incident("S178")
    @ParameterizedTest
    @ValueSource(strings = {"yes", "yes >&2", "head -c 1001 /dev/zero"})
    void endsWhoSaysTooMuch(String flood) throws Exception {
        Outcome outcome = run(
                ASKED + flood + "; printf '%s 3\\nV42' $nonce >&3; exec sleep 60",
                Limits.builder().outputBytes(1000).build(),
                "pass");

        assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
        assertThat(outcome.stdout() + outcome.stderr()).hasSize(1000);
    }

    @Test
    void countsTheTimeOfProcessorsOfAllProcesses() throws Exception {
        // Nothing encloses these: they must end by themselves.
        String busy = "while kill -0 $PPID; do :; done 2>/dev/null";

        Outcome outcome = run(
                ASKED + "sh -c '" + busy + "' & sh -c '" + busy + "'",
                Limits.builder().cpuTime(BRIEF).build(),
                "pass");

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        assertThat(outcome.usage().cpuTime().orElseThrow()).isBetween(BRIEF, Duration.ofSeconds(5));
    }

    @Test
    void hearsWhatIsSaidBeforeAWorkerEnds() throws Exception {
        Outcome outcome = run(ASKED + "echo last words; exit 3");

        assertThat(outcome.status()).isEqualTo(Status.ERROR);
        assertThat(outcome.stdout()).isEqualTo("last words\n");
        assertThat(outcome.error().orElseThrow()).isEqualTo(new Outcome.Failure("SystemExit", "3", ""));
    }

    @Test
    void endsWhenSomebodyCancels() throws Exception {
        Cancellation cancellation = new Cancellation();
        try (Worker worker = worker(ASKED + "exec sleep 60")) {
            cancellation.cancel();

            Outcome outcome = new Exchange(
                            worker, Execution.of(Language.PYTHON, "pass").build(), cancellation, () -> false)
                    .run();

            assertThat(outcome.status()).isEqualTo(Status.CANCELLED);
        }
    }

    @Test
    void endsWhenTheSandboxIsClosed() throws Exception {
        AtomicBoolean isClosed = new AtomicBoolean(true);
        try (Worker worker = worker(ASKED + "exec sleep 60")) {
            Outcome outcome = new Exchange(
                            worker, Execution.of(Language.PYTHON, "pass").build(), new Cancellation(), isClosed::get)
                    .run();

            assertThat(outcome.status()).isEqualTo(Status.UNAVAILABLE);
        }
    }

    @Test
    void endsWhenTheCallerIsInterrupted() throws Exception {
        try (Worker worker = worker(ASKED + "exec sleep 60")) {
            Exchange exchange = new Exchange(
                    worker, Execution.of(Language.PYTHON, "pass").build(), new Cancellation(), () -> false);

            Thread.currentThread().interrupt();

            assertThatThrownBy(exchange::run).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void aWorkerThatEndsBeforeItBeginsTellsOperatorsWhy() throws Exception {
        launcher = PlainWorkers.launcher(folder, "echo no such luck >&2; exit 4");

        assertThatThrownBy(() -> launcher.start(PlainWorkers.SHAPE))
                .isInstanceOf(IOException.class)
                .hasMessage("a worker has ended with status 4 before it began: no such luck");
    }

    @Test
    void aWorkerThatIsGivenUpWhileItBeginsLeavesNothing() throws Exception {
        Path begun = folder.resolve("begun");
        launcher = PlainWorkers.launcher(folder, "sleep 60 & : >" + begun + "; wait");
        Thread caller = Thread.currentThread();
        CompletableFuture<Void> interrupted = CompletableFuture.runAsync(() -> {
            Waiting.until("it has begun", () -> Files.exists(begun) ? true : null);
            caller.interrupt();
        });

        assertThatThrownBy(() -> launcher.start(PlainWorkers.SHAPE)).isInstanceOf(InterruptedException.class);

        interrupted.join();
        Waiting.until(
                "nothing has the pipes",
                () -> ProcessHandle.allProcesses()
                                .noneMatch(it -> ProcessTree.output(it.pid()).startsWith(folder))
                        ? true
                        : null);
    }

    @Test
    void pipesAreNoFilesAnyMoreOnceAWorkerHasBegun() throws Exception {
        try (Worker worker = worker("echo READY >&3; exec sleep 60");
                Stream<Path> files = Files.list(folder)) {
            assertThat(worker.isAlive()).isTrue();
            assertThat(files).extracting(it -> it.getFileName().toString()).containsExactly("filter");
        }
    }

    @Test
    void aClosedLauncherStartsNothing() throws Exception {
        launcher = PlainWorkers.launcher(folder, "echo READY >&3; exec sleep 60");
        launcher.close();

        assertThatThrownBy(() -> launcher.start(PlainWorkers.SHAPE)).isInstanceOf(IOException.class);
    }
}
