package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Tier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One execution in a worker: what it is asked, what it says, and how it ends. Confined to one thread.
 *
 * <p>That thread looks at all pipes and all limits in turn and waits for none of them: whatever code does or does not, it is
 * never what ends the wait. It looks often at first, since most code is short, and rarely later.
 */
final class Exchange {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** Room for what went wrong, beside the value that the limit is for. */
    private static final int REPLY_BYTES = 64 * 1024;

    private static final int BUFFER_BYTES = 64 * 1024;
    private static final long LOOKS_EVERY = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int NONCE_BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Worker worker;
    private final Execution execution;
    private final Cancellation cancellation;
    private final BooleanSupplier isClosed;
    private final BoundedText stdout;
    private final BoundedText stderr;
    private final Reply reply;
    private final byte[] request;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final Duration cpuBefore;
    private final long begun = System.nanoTime();
    private int sent;
    private long lookedAt = begun;
    private long movedAt = begun;
    private Optional<Duration> cpu = Optional.empty();
    private OptionalLong peakBytes = OptionalLong.empty();
    private boolean isIntact;

    /** @param isClosed whether whoever has the worker wants no more of it */
    Exchange(Worker worker, Execution execution, Cancellation cancellation, BooleanSupplier isClosed) {
        this.worker = worker;
        this.execution = execution;
        this.cancellation = cancellation;
        this.isClosed = isClosed;
        int most = execution.limits().outputBytes();
        this.stdout = new BoundedText(most);
        this.stderr = new BoundedText(most);
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        String id = HexFormat.of().formatHex(nonce);
        this.reply = new Reply(id, Math.max(most + 1, REPLY_BYTES));
        this.request = request(id);
        this.cpuBefore = worker.tree().usage().cpu();
    }

    private byte[] request(String nonce) {
        String kind = worker.shape().session() ? "session" : "once";
        byte[] code = execution.code().getBytes(StandardCharsets.UTF_8);
        if (execution.language() == Language.SHELL) {
            String alone = worker.shape().processes() == 0 ? "alone" : "one of many";
            long lines = execution.code().chars().filter(it -> it == '\n').count() + 1;
            return join(
                    (nonce + " " + lines + " " + alone + "\n").getBytes(StandardCharsets.US_ASCII),
                    code,
                    new byte[] {'\n'});
        }
        byte[] inputs = execution.inputs().toJson().getBytes(StandardCharsets.UTF_8);
        String header = String.join(
                " ",
                nonce,
                Integer.toString(code.length),
                Integer.toString(inputs.length),
                Integer.toString(execution.limits().outputBytes()),
                Long.toString(worker.shape().memoryBytes()),
                kind);
        return join((header + "\n").getBytes(StandardCharsets.US_ASCII), code, inputs);
    }

    private static byte[] join(byte[] first, byte[] second, byte[] third) {
        byte[] all = new byte[first.length + second.length + third.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        System.arraycopy(third, 0, all, first.length + second.length, third.length);
        return all;
    }

    /**
     * Runs it. Unless the worker {@linkplain #isIntact() is intact} afterwards, it must be closed.
     *
     * @throws InterruptedException if the thread was interrupted
     */
    Outcome run() throws InterruptedException {
        Ending ending;
        try {
            ending = ending();
        } catch (IOException e) {
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("a worker cannot be talked to");
            ending = Ending.failed(Outcome.Status.UNAVAILABLE, "Lost", "the sandbox was lost while the code ran");
        }
        isIntact = ending.isIntact();
        if (worker.isAlive()) {
            cpu = Optional.of(worker.tree().usage().cpu().minus(cpuBefore));
            peakBytes = OptionalLong.of(worker.tree().peakBytes());
        }
        Outcome.Builder outcome = Outcome.of(ending.status(), Tier.PROCESS)
                .said(stdout.text(), ending.withoutLastWords(stderr.text()))
                .usage(new Outcome.Usage(Duration.ofNanos(System.nanoTime() - begun), cpu, peakBytes));
        ending.value().ifPresent(outcome::value);
        ending.error().ifPresent(outcome::error);
        return outcome.build();
    }

    /** Returns whether the worker waits for more code. */
    boolean isIntact() {
        return isIntact;
    }

    private Ending ending() throws IOException, InterruptedException {
        while (true) {
            // Asked before the pipes are read: what it has said by then is in them.
            boolean wasAlive = worker.isAlive();
            boolean hasMoved = wasAlive && send();
            hasMoved |= take(worker.pipes().stdout(), stdout);
            hasMoved |= take(worker.pipes().stderr(), stderr);
            if (stdout.isExceeded() || stderr.isExceeded()) {
                return Ending.tooMuchSaid();
            }
            hasMoved |= takeReply();
            if (reply.isForged()) {
                return Ending.noReply();
            }
            Optional<Ending> ending = over(wasAlive, hasMoved);
            if (ending.isPresent()) {
                return ending.get();
            }
            if (hasMoved) {
                movedAt = System.nanoTime();
            } else {
                LockSupport.parkNanos(pause());
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private boolean send() throws IOException {
        if (sent == request.length) {
            return false;
        }
        int more = worker.pipes().requests().write(request, sent);
        sent += more;
        return more > 0;
    }

    private boolean take(Fifo from, BoundedText to) throws IOException {
        int count = from.read(buffer);
        to.add(buffer, count);
        return count > 0;
    }

    private boolean takeReply() throws IOException {
        int count = worker.pipes().replies().read(buffer);
        if (count > 0) {
            reply.add(buffer, count);
        }
        return count > 0;
    }

    private Optional<Ending> over(boolean isAlive, boolean hasMoved) throws IOException {
        if (cancellation.isCancelled()) {
            return Optional.of(Ending.failed(Outcome.Status.CANCELLED, "Cancelled", "the code was to end"));
        }
        if (isClosed.getAsBoolean()) {
            return Optional.of(Ending.failed(Outcome.Status.UNAVAILABLE, "Closed", "the sandbox is closed"));
        }
        Optional<String> told = reply.text();
        boolean hasEnded = told.isPresent() || (!isAlive && !hasMoved);
        if (hasEnded && worker.isOutOfMemory()) {
            return Optional.of(Ending.tooMuchMemory());
        }
        if (told.isPresent()) {
            // What was said before it is in the pipes, if it is not here.
            takeRest();
            return Optional.of(
                    stdout.isExceeded() || stderr.isExceeded()
                            ? Ending.tooMuchSaid()
                            : Ending.told(told.get(), execution.language()));
        }
        if (hasEnded) {
            return Optional.of(Ending.exited(worker.exitStatus(), stderr.text(), execution.language()));
        }
        return isAlive ? beyondLimits() : Optional.empty();
    }

    private void takeRest() throws IOException {
        boolean hasMoved = true;
        while (hasMoved && !stdout.isExceeded() && !stderr.isExceeded()) {
            hasMoved = take(worker.pipes().stdout(), stdout);
            hasMoved |= take(worker.pipes().stderr(), stderr);
        }
    }

    private Optional<Ending> beyondLimits() {
        Limits limits = execution.limits();
        long now = System.nanoTime();
        if (now - begun >= limits.wallTime().toNanos()) {
            return Optional.of(Ending.late());
        }
        if (now - lookedAt >= LOOKS_EVERY) {
            lookedAt = now;
            ProcessTree.Usage usage = worker.tree().usage();
            Duration used = usage.cpu().minus(cpuBefore);
            cpu = Optional.of(used);
            if (used.compareTo(limits.cpuTime()) >= 0) {
                return Optional.of(Ending.late());
            }
            // The kernel sees to each process, and we to all of them, as it does where there are control groups.
            if (usage.bytes() > worker.mostBytes() || worker.isOutOfMemory()) {
                return Optional.of(Ending.tooMuchMemory());
            }
        }
        return Optional.empty();
    }

    /** Shorter while something moves: a large request goes through a small pipe. */
    private long pause() {
        long micros = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - movedAt);
        return TimeUnit.MICROSECONDS.toNanos(micros < 20_000 ? 50 : micros < 200_000 ? 500 : 2000);
    }
}
