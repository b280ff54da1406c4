package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Tier;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Code that is being run on a thread of its own, and whoever waits for it. */
final class Run {

    /** What has code run, on the run's thread. */
    interface Body {
        Guest.Ended run(Execution execution, BoundedOutput stdout, BoundedOutput stderr);
    }

    /** Less, and a hundred nested parentheses end a run. */
    static final long STACK_BYTES = 16L * 1024 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final ThreadMXBean CPU_TIMES = ManagementFactory.getThreadMXBean();

    /** Interrupted code ends within milliseconds; if it ever should not, its thread is given up, and said so. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(5);

    private final Execution execution;
    private final Body body;
    private final BoundedOutput stdout;
    private final BoundedOutput stderr;
    private final Thread thread;
    private final long begun = System.nanoTime();

    /** Written by the run's thread before it ends. */
    private volatile Optional<Guest.Ended> ended = Optional.empty();

    private volatile Optional<Throwable> thrown = Optional.empty();

    /** Negative while nobody knows. */
    private volatile long cpuNanos = -1;

    /** Completed by the run's thread at its very end. */
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    private volatile boolean isClosed;

    private boolean isGuestIntact = true;

    Run(Execution execution, Body body) {
        this.execution = execution;
        this.body = body;
        this.stdout = new BoundedOutput(execution.limits().outputBytes());
        this.stderr = new BoundedOutput(execution.limits().outputBytes());
        this.thread = new Thread(null, this::run, "sallyport-sandbox", STACK_BYTES);
        thread.setDaemon(true);
        thread.setContextClassLoader(Run.class.getClassLoader());
    }

    /** Returns one in a copy of an interpreter, which is thrown away after it. */
    static Run inCopyOf(Interpreter interpreter, Execution execution) {
        return new Run(execution, (it, stdout, stderr) -> {
            try (Guest guest = interpreter.copy(it.limits())) {
                return guest.run(it, stdout, stderr);
            }
        });
    }

    private void run() {
        try {
            ended = Optional.of(body.run(execution, stdout, stderr));
        } catch (RuntimeException | Error e) {
            // Memory and stack are what code likes to use up; it is not for the host's standard error to say so.
            thrown = Optional.of(e);
        } finally {
            cpuNanos = CPU_TIMES.isCurrentThreadCpuTimeSupported() ? CPU_TIMES.getCurrentThreadCpuTime() : -1;
            over.complete(null);
        }
    }

    /** Ends it because whoever runs it is closed. */
    void close() {
        isClosed = true;
        thread.interrupt();
    }

    /** Does something when nothing runs any more: now, or on the run's thread, if that does not heed its interruption. */
    void whenOver(Runnable action) {
        if (thread.isAlive() && !over.isDone()) {
            LOGGER.atError()
                    .addKeyValue("language", execution.language().word())
                    .log("code does not end; its thread is given up");
            over.thenRun(action);
        } else {
            action.run();
        }
    }

    /** Returns whether what it ran in, or would have, can run other code. For whoever waited for it. */
    boolean isGuestIntact() {
        return isGuestIntact;
    }

    /** Runs the code to its end, and waits for that. Once only. */
    Outcome toItsEnd(Cancellation cancellation) throws InterruptedException {
        isGuestIntact = false;
        thread.start();
        Runnable forget = cancellation.onCancel(thread::interrupt);
        try {
            if (isClosed) {
                // Before it was begun, which nobody has noticed then.
                thread.interrupt();
            }
            boolean isLate = !endsWithinItsTime();
            if (isLate) {
                thread.interrupt();
                join(STOPS_WITHIN);
            }
            return outcome(isLate, cancellation);
        } catch (InterruptedException e) {
            thread.interrupt();
            joinUninterruptibly();
            throw e;
        } finally {
            forget.run();
        }
    }

    private boolean endsWithinItsTime() throws InterruptedException {
        while (true) {
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            Duration left = execution.limits().wallTime().minus(took);
            // One thread: no earlier than this it can have used up the processor's.
            Duration cpuLeft = execution.limits().cpuTime().minus(cpuTime(took));
            Duration next = left.compareTo(cpuLeft) < 0 ? left : cpuLeft;
            if (next.isNegative() || next.isZero()) {
                return !thread.isAlive();
            }
            if (join(next)) {
                return true;
            }
        }
    }

    private Duration cpuTime(Duration ifNobodyCanTell) {
        // Negative once it has ended.
        long nanos = CPU_TIMES.isThreadCpuTimeSupported() ? CPU_TIMES.getThreadCpuTime(thread.getId()) : -1;
        return nanos < 0 ? ifNobodyCanTell : Duration.ofNanos(nanos);
    }

    private boolean join(Duration atMost) throws InterruptedException {
        thread.join(Math.max(1, atMost.toMillis()));
        return !thread.isAlive();
    }

    private void joinUninterruptibly() {
        long end = System.nanoTime() + STOPS_WITHIN.toNanos();
        boolean wasInterrupted = false;
        while (thread.isAlive() && System.nanoTime() < end) {
            try {
                join(Duration.ofNanos(end - System.nanoTime()));
            } catch (InterruptedException again) {
                wasInterrupted = true;
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Outcome outcome(boolean isLate, Cancellation cancellation) {
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        Outcome.Usage used = new Outcome.Usage(
                took,
                cpuNanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(cpuNanos)),
                ended.map(it -> OptionalLong.of(it.memoryBytes())).orElse(OptionalLong.empty()));
        if (ended.isPresent() && !isLate && !cancellation.isCancelled() && !isClosed) {
            Guest.Ended it = ended.get();
            isGuestIntact = it.isIntact();
            Outcome.Builder outcome = Outcome.of(it.status(), Tier.WASM)
                    .said(stdout.text(), stderr.text())
                    .usage(used);
            it.value().ifPresent(outcome::value);
            it.error().ifPresent(outcome::error);
            return outcome.build();
        }
        Outcome.Status status;
        Outcome.Failure failure;
        if (cancellation.isCancelled()) {
            status = Outcome.Status.CANCELLED;
            failure = new Outcome.Failure("Cancelled", "the code was to end", "");
        } else if (isLate) {
            status = Outcome.Status.TIMEOUT;
            failure = new Outcome.Failure("Timeout", "the code has taken longer than it may", "");
        } else if (isClosed) {
            status = Outcome.Status.UNAVAILABLE;
            failure = new Outcome.Failure("Closed", "the sandbox is closed, or the session", "");
        } else if (thrown.map(Run::isOutOfMemory).orElse(false)) {
            status = Outcome.Status.MEMORY;
            failure = new Outcome.Failure("OutOfMemory", "there is less memory than the code may have", "");
        } else {
            Throwable fault = thrown.orElseGet(() -> new IllegalStateException("it has ended without an end"));
            LOGGER.atWarn()
                    .addKeyValue("language", execution.language().word())
                    .addKeyValue("error", fault.toString())
                    .log("the interpreter has failed");
            status = Outcome.Status.ERROR;
            failure = new Outcome.Failure("InterpreterFailed", "the interpreter has failed", "");
        }
        return Outcome.of(status, Tier.WASM)
                .said(stdout.text(), stderr.text())
                .error(failure)
                .usage(used)
                .build();
    }

    private static boolean isOutOfMemory(Throwable thrown) {
        return thrown instanceof OutOfMemoryError
                || thrown.getCause() instanceof OutOfMemoryError
                || thrown instanceof CowMemory.ExhaustedException;
    }
}
