package io.sallyport.upstream.stdio;

import io.sallyport.spi.RedactingStream;
import io.sallyport.spi.Redactor;
import io.sallyport.upstream.stdio.ChildExit.Cause;
import io.sallyport.upstream.stdio.ChildGuard.Ward;
import io.sallyport.upstream.stdio.LineQueue.Sent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running child process that is spoken to in lines: what a {@code stdio} upstream stands on. It knows nothing of MCP.
 *
 * <p>Four daemon threads per child, named {@code sallyport-child-<name>-…}, all of which end with it: <em>out</em> reads
 * lines and calls {@link Listener#onLine}, <em>err</em> drains standard error whatever happens elsewhere, <em>in</em>
 * writes what was sent, <em>life</em> waits for the end, brings it about when asked to, and reports it. Pipes offer no
 * other way than a thread each, and one that blocks in a pipe must not be one that somebody else needs.
 *
 * <p>Safe for use by several threads.
 */
final class ChildProcess {

    /** Told what a child does. What it throws is logged and otherwise ignored. */
    interface Listener {

        /**
         * A line of standard output, without its end; never an empty one. Called by one thread, in order, perhaps before
         * {@link ChildProcess#start} has returned. While it runs no more is read, which slows down this child alone.
         */
        void onLine(byte[] line);

        /** A line of standard error, fit for a log. Should be quick: while it runs standard error is not drained. */
        void onStderr(String line);

        /** The child has ended. Called once, after the last line, when nothing of it is left or can be ended. */
        void onExit(ChildExit exit);
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(ChildProcess.class);
    /** For a reader that still waits although every process that we know of is gone. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final String name;
    private final String command;
    private final ChildGuard guard;
    private final Listener listener;
    private final Ward ward;
    private final Process process;
    private final long startedAt = System.nanoTime();
    private final LineQueue queue;
    private final StderrTail stderr;
    private final PipeReader out;
    private final PipeReader err;
    private final Thread in;
    private final Thread life;
    private final ChildEnding ending;
    private final CountDownLatch over = new CountDownLatch(1);

    /** Held while a line is handed over, so that none comes after the end was reported. */
    private final ReentrantLock delivery = new ReentrantLock();

    private boolean deliveryEnded; // Guarded by delivery.

    private volatile boolean deaf;
    private volatile boolean treeGone;

    private ChildProcess(
            String name,
            String command,
            ChildLimits limits,
            ChildGuard guard,
            Redactor redactor,
            Listener listener,
            Ward ward) {
        this.name = name;
        this.command = command;
        this.guard = guard;
        this.listener = listener;
        this.ward = ward;
        this.process = ward.process();
        this.queue = new LineQueue(limits.maxQueuedLines(), limits.maxQueuedBytes());
        this.stderr = new StderrTail(redactor::redact, this::deliverStderr);
        LineSplitter lines = new LineSplitter(limits.maxLineBytes(), this::deliver);
        this.out = new PipeReader(threadName("out"), process.getInputStream(), new OutSink(lines));
        this.err = new PipeReader(threadName("err"), process.getErrorStream(), new ErrSink(redactor));
        this.in = thread("in", this::write);
        this.life = thread("life", this::live);
        this.ending = new ChildEnding(ward, limits, life);
    }

    /**
     * Starts a command.
     *
     * @param name what threads and logs call it
     * @param environment of the command, with what is secret in it
     * @param redactor takes out of standard error what nobody may see
     * @throws IOException if it cannot be started; the message says why and what to do
     */
    static ChildProcess start(
            String name,
            StdioCommand command,
            Map<String, String> environment,
            ChildLimits limits,
            ChildGuard guard,
            Redactor redactor,
            Listener listener)
            throws IOException {
        Path program = command.resolve();
        List<String> line = new ArrayList<>();
        line.add(program.toString());
        line.addAll(command.revealArguments());
        Ward ward = guard.start(line, environment, command.directory());
        ChildProcess child =
                new ChildProcess(name, command.describe(program.toString()), limits, guard, redactor, listener, ward);
        child.begin();
        return child;
    }

    private void begin() {
        try {
            err.start();
            out.start();
            in.start();
            life.start(); // Last, as it waits for the others.
        } catch (OutOfMemoryError e) {
            // No thread to be had: a child that nobody listens to must not stay.
            ward.tree().kill();
            throw e;
        }
    }

    private String threadName(String role) {
        return "sallyport-child-" + name + "-" + role;
    }

    private Thread thread(String role, Runnable task) {
        Thread thread = new Thread(task, threadName(role));
        thread.setDaemon(true);
        return thread;
    }

    /** Returns the pid of the child. */
    long pid() {
        return process.pid();
    }

    /** Returns whether the child itself runs. */
    boolean isAlive() {
        return process.isAlive();
    }

    /** Returns the last lines of standard error, the oldest first. */
    List<String> stderrTail() {
        return stderr.lines();
    }

    /**
     * Sends a line, given without its end, and returns at once what became of it. The array must not be changed
     * afterwards.
     *
     * @throws IllegalArgumentException if there is a line break in it
     */
    Sent send(byte[] line) {
        return queue.offer(line);
    }

    /** As {@link #send(byte[])}, for what remains in the buffer, which is copied and left as it was. */
    Sent send(ByteBuffer line) {
        byte[] copy = new byte[line.remaining()];
        line.duplicate().get(copy);
        return queue.offer(copy);
    }

    /**
     * Begins to end the child and returns at once. No more lines are taken or handed over; those accepted before are
     * still written; then its standard input is closed, then the whole tree gets SIGTERM, then SIGKILL. A second call can
     * only hasten it.
     *
     * @param bound the time for all of it
     */
    void stop(Duration bound) {
        deaf = true;
        // The end is asked for before the input ends: a child that is quick has been closed all the same.
        ending.request(bound);
        queue.close();
        if (!out.isCurrentThread()) {
            // A listener that waits for something would keep the pipe full and the child from ending by itself.
            out.interrupt();
        }
    }

    /**
     * As {@link #stop}, and waits. From the listener's own methods too, where it waits for the processes but not for the
     * rest of the notices.
     *
     * @return whether nothing is left of the child and all that it started, within the bound
     */
    boolean close(Duration bound) {
        long deadline = System.nanoTime() + bound.toNanos();
        stop(bound);
        Thread current = Thread.currentThread();
        try {
            if (current != life && !over.await(bound.toNanos(), TimeUnit.NANOSECONDS)) {
                return false;
            }
            if (current != life && !out.isCurrentThread() && !err.isCurrentThread()) {
                // At least a millisecond: no time at all would mean for ever.
                life.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            stop(Duration.ZERO);
            current.interrupt();
        }
        return treeGone;
    }

    private void live() {
        try {
            Cause cause = ending.awaitExit();
            queue.closeNow();
            treeGone = ending.endTree(cause);
            if (treeGone) {
                guard.release(ward);
            } else {
                LOGGER.atWarn()
                        .addKeyValue("child", name)
                        .log("some of the processes that a child started could not be ended");
            }
            over.countDown();
            report(cause);
        } catch (InterruptedException e) {
            // Only we know this thread, and we interrupt it only while it waits for the child.
            throw new IllegalStateException(e);
        } finally {
            over.countDown();
        }
    }

    private void report(Cause cause) throws InterruptedException {
        err.awaitEnd(LAST_WORDS);
        out.awaitEndOrSilence(LAST_WORDS);
        delivery.lock();
        try {
            deliveryEnded = true;
        } finally {
            delivery.unlock();
        }
        in.join(LAST_WORDS.toMillis());
        ChildExit exit = new ChildExit(
                cause,
                process.exitValue(),
                command,
                Duration.ofNanos(System.nanoTime() - startedAt),
                stderr.lines(),
                queue.begun(),
                treeGone);
        guarded("onExit", () -> listener.onExit(exit));
    }

    private void write() {
        try {
            queue.drainTo(process.getOutputStream());
        } catch (IOException e) {
            queue.closeNow();
            ending.requestUnlessEnding(Cause.INPUT_CLOSED);
        } catch (InterruptedException e) {
            queue.closeNow();
        }
    }

    private void deliver(byte[] line) {
        delivery.lock();
        try {
            if (!deliveryEnded && !deaf) {
                guarded("onLine", () -> listener.onLine(line));
            }
        } finally {
            delivery.unlock();
        }
    }

    private void deliverStderr(String line) {
        guarded("onStderr", () -> listener.onStderr(line));
    }

    private void guarded(String method, Runnable call) {
        try {
            call.run();
        } catch (Throwable e) {
            // Whatever it is: without its threads the child would be one that nobody listens to and nobody ends.
            LOGGER.atError()
                    .addKeyValue("child", name)
                    .addKeyValue("method", method)
                    .setCause(e)
                    .log("a listener of a child process failed");
        }
    }

    private final class OutSink implements PipeReader.Sink {
        private final LineSplitter lines;

        OutSink(LineSplitter lines) {
            this.lines = lines;
        }

        @Override
        public boolean accept(byte[] chunk, int length) {
            boolean fits = deaf || lines.accept(chunk, length);
            return fits || tooLong();
        }

        @Override
        public void end(boolean wanted) {
            if (wanted && !deaf && !lines.finish()) {
                tooLong();
            }
            ending.requestUnlessEnding(Cause.OUTPUT_CLOSED);
            queue.close();
        }

        private boolean tooLong() {
            deaf = true;
            ending.requestUnlessEnding(Cause.LINE_TOO_LONG);
            queue.close();
            return false;
        }
    }

    /**
     * Looks through standard error twice. As it comes, because a secret may have several lines, and a line may be cut in the
     * middle of one; and line by line in {@link StderrTail}, because what colours text may stand in the middle of one.
     */
    private final class ErrSink implements PipeReader.Sink {
        private final Redactor redactor;
        private @Nullable RedactingStream redacting;

        ErrSink(Redactor redactor) {
            this.redactor = redactor;
        }

        @Override
        public boolean accept(byte[] chunk, int length) {
            if (redacting == null && redactor.isIdle()) {
                stderr.accept(chunk, length);
                return true;
            }
            pass(stream -> stream.accept(chunk, 0, length));
            return true;
        }

        @Override
        public void end(boolean wanted) {
            if (redacting != null) {
                pass(RedactingStream::finish);
            }
            stderr.finish();
        }

        private void pass(Function<RedactingStream, byte[]> step) {
            byte[] redacted;
            try {
                if (redacting == null) {
                    redacting = redactor.stream();
                }
                redacted = step.apply(redacting);
            } catch (RuntimeException e) {
                redacting = null;
                redacted = (StderrTail.WITHHELD + "\n").getBytes(StandardCharsets.UTF_8);
            }
            stderr.accept(redacted, redacted.length);
        }
    }
}
