package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Tier;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of runs, whatever the interpreter is. */
class WasmSandboxTest {

    private static final Guest.Ended WELL = Guest.Ended.well(Optional.empty(), 65_536);

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);

    /** Runs until it is told to end, or interrupted. */
    private final Guest waits = (execution, stdout, stderr) -> {
        stdout.write('>');
        begun.countDown();
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("the engine was interrupted", e);
        }
        return WELL;
    };

    private WasmSandbox sandbox = sandbox(waits);

    private static WasmSandbox sandbox(Guest guest) {
        return new WasmSandbox(Map.of(Language.PYTHON, limits -> guest), 1, 1, Duration.ofMillis(50));
    }

    @AfterEach
    void close() {
        sandbox.close();
    }

    private static Execution.Builder code() {
        return Execution.of(Language.PYTHON, "pass");
    }

    private static Execution within(Duration wallTime) {
        return code().limits(Limits.builder().wallTime(wallTime).build()).build();
    }

    @Test
    void whatTakesTooLongIsEndedAndWhatItSaidIsKept() throws Exception {
        Outcome outcome = sandbox.run(within(Duration.ofMillis(100)));

        assertThat(outcome.status()).isEqualTo(Outcome.Status.TIMEOUT);
        assertThat(outcome.stdout()).isEqualTo(">");
    }

    @Test
    void whatKeepsAProcessorBusyTooLongIsEnded() throws Exception {
        sandbox = sandbox((execution, stdout, stderr) -> {
            long spins = 0;
            while (!Thread.currentThread().isInterrupted()) {
                spins++;
            }
            throw new IllegalStateException("the engine was interrupted after " + spins);
        });
        Execution execution = code().limits(
                        Limits.builder().cpuTime(Duration.ofMillis(100)).build())
                .build();

        assertThat(sandbox.run(execution).status()).isEqualTo(Outcome.Status.TIMEOUT);
    }

    @Test
    void whatWaitsKeepsNoProcessorBusy() throws Exception {
        Execution execution = code().limits(Limits.builder()
                        .cpuTime(Duration.ofMillis(100))
                        .wallTime(Duration.ofMillis(400))
                        .build())
                .build();

        Outcome outcome = sandbox.run(execution);

        assertThat(outcome.usage().wallTime()).isGreaterThanOrEqualTo(Duration.ofMillis(400));
    }

    @Test
    void somebodyMayWishThatItEnds() throws Exception {
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Outcome> running = running(cancellation);

        cancellation.cancel();

        assertThat(running.get(10, TimeUnit.SECONDS).status()).isEqualTo(Outcome.Status.CANCELLED);
    }

    private CompletableFuture<Outcome> running(Cancellation cancellation) throws InterruptedException {
        CompletableFuture<Outcome> running = CompletableFuture.supplyAsync(() -> {
            try {
                return sandbox.run(code().build(), cancellation);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
        return running;
    }

    @Test
    void closingEndsWhatRuns() throws Exception {
        CompletableFuture<Outcome> running = running(new Cancellation());

        sandbox.close();

        assertThat(running.get(10, TimeUnit.SECONDS).status()).isEqualTo(Outcome.Status.UNAVAILABLE);
    }

    @Test
    void aClosedSandboxRunsNothing() throws Exception {
        sandbox.close();

        assertThat(sandbox.run(code().build()).status()).isEqualTo(Outcome.Status.UNAVAILABLE);
        assertThat(begun.getCount()).isEqualTo(1);
    }

    @Test
    void whoeverFindsNoRoomIsToldSo() throws Exception {
        CompletableFuture<Outcome> running = running(new Cancellation());

        Outcome outcome = sandbox.run(code().build());

        assertThat(outcome.status()).isEqualTo(Outcome.Status.UNAVAILABLE);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo("Busy");
        mayEnd.countDown();
        assertThat(running.get(10, TimeUnit.SECONDS).status()).isEqualTo(Outcome.Status.OK);
    }

    @Test
    void roomIsGivenBackByCodeThatTookTooLong() throws Exception {
        sandbox.run(within(Duration.ofMillis(100)));
        mayEnd.countDown();

        assertThat(sandbox.run(code().build()).status()).isEqualTo(Outcome.Status.OK);
    }

    @Test
    void whatIsToRunInAStrongerTierDoesNotRunHere() throws Exception {
        Outcome outcome = sandbox.run(code().weakestTier(Tier.PROCESS).build());

        assertThat(outcome.status()).isEqualTo(Outcome.Status.REJECTED);
        assertThat(begun.getCount()).isEqualTo(1);
    }

    @Test
    void aLanguageThatIsNotThereIsUnavailable() throws Exception {
        Execution execution = Execution.of(Language.JAVASCRIPT, "1").build();

        assertThat(sandbox.run(execution).status()).isEqualTo(Outcome.Status.UNAVAILABLE);
    }

    @Test
    void anInterpreterThatFailsDoesNotTellHow() throws Exception {
        sandbox = sandbox((execution, stdout, stderr) -> {
            throw new IllegalStateException("at address 0x7f");
        });

        Outcome.Failure failure = sandbox.run(code().build()).error().orElseThrow();

        assertThat(failure).isEqualTo(new Outcome.Failure("InterpreterFailed", "the interpreter has failed", ""));
    }

    @Test
    void nothingOfAnInterpreterThatFailsReachesTheHostsStandardError() throws Exception {
        CompletableFuture<Throwable> uncaught = new CompletableFuture<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.complete(thrown));
        try {
            sandbox = sandbox((execution, stdout, stderr) -> {
                throw new OutOfMemoryError("of a test");
            });

            Outcome outcome = sandbox.run(code().build());

            assertThat(outcome.status()).isEqualTo(Outcome.Status.MEMORY);
            assertThat(uncaught).isNotDone();
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    @Test
    void anInterruptedCallerHasEndedTheCode() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                sandbox.run(code().build());
                thrown.complete(new AssertionError("it came to its end"));
            } catch (InterruptedException e) {
                thrown.complete(e);
            }
        });
        caller.start();
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

        caller.interrupt();

        assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        mayEnd.countDown();
        assertThat(sandbox.run(code().build()).status()).as("its room is free").isEqualTo(Outcome.Status.OK);
    }

    @Test
    void aCallerWhoIsInterruptedAgainHasEndedTheCodeToo() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        sandbox = sandbox(heedless(interrupted));
        Thread caller = new Thread(() -> {
            try {
                sandbox.run(code().build());
            } catch (InterruptedException e) {
                // As it is to be.
            }
        });
        caller.start();
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
        caller.interrupt();
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();

        caller.interrupt();
        while (caller.isInterrupted() && caller.isAlive()) {
            Thread.onSpinWait();
        }
        assertThat(caller.isAlive()).as("it waits until the code has ended").isTrue();
        mayEnd.countDown();
        caller.join(TimeUnit.SECONDS.toMillis(10));

        assertThat(sandbox.run(code().build()).status()).as("its room is free").isEqualTo(Outcome.Status.OK);
    }

    @Test
    void whatEndsLateSaysSoThen() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        Guest guest = heedless(interrupted);
        Run run = new Run(code().build(), guest::run);
        CountDownLatch over = new CountDownLatch(1);
        CompletableFuture<Outcome> running = CompletableFuture.supplyAsync(() -> {
            try {
                return run.toItsEnd(new Cancellation());
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();

        run.whenOver(over::countDown);

        assertThat(over.getCount()).as("it still runs").isOne();
        mayEnd.countDown();
        assertThat(over.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(running.get(10, TimeUnit.SECONDS).status()).isEqualTo(Outcome.Status.OK);
    }

    /** Ends when it may, and not when it is interrupted. */
    private Guest heedless(CountDownLatch interrupted) {
        return (execution, stdout, stderr) -> {
            begun.countDown();
            while (mayEnd.getCount() > 0) {
                if (Thread.interrupted()) {
                    interrupted.countDown();
                }
                Thread.onSpinWait();
            }
            return WELL;
        };
    }

    @Test
    void outputEndsAtItsLimit() {
        BoundedOutput output = new BoundedOutput(4);

        assertThatThrownBy(() -> output.write(new byte[] {'a', 'b', 'c', 'd', 'e'}, 0, 5))
                .isInstanceOf(BoundedOutput.ExceededException.class);
        assertThat(output.text()).isEqualTo("abcd");
    }
}
