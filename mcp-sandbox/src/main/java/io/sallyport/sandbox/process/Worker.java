package io.sallyport.sandbox.process;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that waits for code, and the pipes to it. Confined to one thread at a time; ending it, and asking whether it
 * lives, anybody may.
 */
final class Worker implements Closeable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    /** What is killed is gone within milliseconds, unless the machine has other troubles. */
    private static final Duration GONE_WITHIN = Duration.ofSeconds(5);

    /** What an engine may take for itself when there is code. */
    private static final long MORE_BYTES = 48L * 1024 * 1024;

    /** More than any engine has, and few enough: another limit keeps to the very number where it holds. */
    private static final int MORE_THREADS = 66;

    private final Shape shape;
    private final Process process;

    /** The first process of the enclosure: with it, the kernel ends all others before anybody hears of it. */
    private final ProcessHandle first;

    private final Pipes pipes;
    private final ProcessTree tree;
    private final long mostBytes;
    private final ControlGroups groups;
    private final Optional<ControlGroup> group;

    Worker(Shape shape, Process process, ProcessHandle first, Pipes pipes, ControlGroups groups) {
        this.shape = shape;
        this.process = process;
        this.first = first;
        this.pipes = pipes;
        this.tree = new ProcessTree(first.pid());
        // What processes share with those that they come from counts for each.
        long own = tree.usage().bytes() * (1 + shape.processes());
        this.mostBytes = own + shape.memoryBytes() + MORE_BYTES;
        this.groups = groups;
        // To the kernel, files in memory are memory.
        this.group = groups.around(tree.pids(), mostBytes + shape.fileBytes(), MORE_THREADS + shape.processes());
    }

    /** The pipes of one worker. */
    record Pipes(Fifo requests, Fifo stdout, Fifo stderr, Fifo replies) implements Closeable {

        /** Returns whether a descriptor that the kernel says this of is an end of one of them. */
        boolean have(Path target) {
            return requests.is(target) || stdout.is(target) || stderr.is(target) || replies.is(target);
        }

        @Override
        public void close() {
            for (Fifo pipe : new Fifo[] {requests, stdout, stderr, replies}) {
                try {
                    pipe.close();
                } catch (IOException e) {
                    LOGGER.atDebug().addKeyValue("error", e.toString()).log("a pipe could not be closed");
                }
            }
        }
    }

    Shape shape() {
        return shape;
    }

    Pipes pipes() {
        return pipes;
    }

    ProcessTree tree() {
        return tree;
    }

    /** Returns how much memory all of its processes may have. */
    long mostBytes() {
        return mostBytes;
    }

    /** Returns whether the kernel has ended any of its processes since all of them had too much memory. */
    boolean isOutOfMemory() {
        return group.map(ControlGroup::hasKilled).orElse(false);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Returns how it has ended, as a shell would say. */
    int exitStatus() {
        return process.exitValue();
    }

    /** Ends it and all that it has started. Does not wait for that. */
    void kill() {
        first.destroyForcibly();
        if (!first.isAlive()) {
            process.destroyForcibly();
        }
    }

    /** Ends it, waits until it is gone, and closes the pipes. Nothing that it has started runs any more then. */
    @Override
    public void close() {
        kill();
        if (!awaitEnd(GONE_WITHIN.toNanos())) {
            process.destroyForcibly();
            LOGGER.atError().addKeyValue("pid", process.pid()).log("a worker does not end, although it was killed");
        }
        free();
    }

    private void free() {
        pipes.close();
        group.ifPresent(groups::remove);
    }

    /** Ends it as {@link #close()}, without waiting for that, and says when it is gone. */
    void discard(Runnable whenGone) {
        kill();
        process.onExit().thenRun(() -> {
            free();
            whenGone.run();
        });
    }

    /** Waits until it is gone, whoever interrupts that; an interruption is kept for later. */
    boolean awaitEnd(long nanos) {
        long end = System.nanoTime() + nanos;
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return process.waitFor(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
