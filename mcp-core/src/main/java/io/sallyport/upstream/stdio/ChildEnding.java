package io.sallyport.upstream.stdio;

import io.sallyport.upstream.stdio.ChildExit.Cause;
import io.sallyport.upstream.stdio.ChildGuard.Ward;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the end of a child and brings it about when asked to: after a grace SIGTERM to its whole tree, after another
 * SIGKILL. That its standard input ends first is up to whoever asks.
 *
 * <p>{@link Process#destroy} is never used: it closes the streams, which waits for a writer that is blocked because the
 * child does not read, and so hangs on just the children that need it. Signals go through {@link ProcessHandle}.
 *
 * <p>Anybody may ask; waiting is for the one thread that was named.
 */
final class ChildEnding {

    /** For what is left of the tree when the child is gone. */
    private static final Duration SWEEP = Duration.ofSeconds(5);

    private static final long RETRY_MILLIS = 50;
    private static final long LATE_RETRY_MILLIS = 1_000;

    /** What happens when on the way to the end, as {@link System#nanoTime}. */
    private record Plan(Cause cause, long terminateAt, long killAt, long giveUpAt) {
        Plan orSooner(Plan other, Cause why) {
            return new Plan(
                    why,
                    sooner(terminateAt, other.terminateAt),
                    sooner(killAt, other.killAt),
                    sooner(giveUpAt, other.giveUpAt));
        }

        private static long sooner(long one, long other) {
            return one - other < 0 ? one : other;
        }
    }

    private final Process process;
    private final ProcessTree tree;
    private final ChildLimits limits;
    private final Thread waiter;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean waiting = true; // Guarded by lock: the waiter may be interrupted, for it does nothing but wait.
    private volatile @Nullable Plan plan;
    private volatile boolean terminated;

    ChildEnding(Ward ward, ChildLimits limits, Thread waiter) {
        this.process = ward.process();
        this.tree = ward.tree();
        this.limits = limits;
        this.waiter = waiter;
    }

    /** Has the child ended within a bound, or sooner if that was asked for before. */
    void request(Duration bound) {
        long nanos = bound.toNanos();
        // What the graces leave of the bound, at least a fifth, is for the kill to take effect.
        long terminate = Math.min(limits.eofGrace().toNanos(), nanos / 5 * 2);
        long kill = Math.min(terminate + limits.termGrace().toNanos(), nanos / 5 * 4);
        long now = System.nanoTime();
        request(new Plan(Cause.CLOSED, now + terminate, now + kill, now + nanos));
    }

    /** Has a child ended that is of no use any more, unless its end was asked for already. */
    void requestUnlessEnding(Cause cause) {
        if (plan == null) {
            // One that closed a pipe is probably about to end by itself.
            Duration grace = cause == Cause.LINE_TOO_LONG ? Duration.ZERO : limits.eofGrace();
            long now = System.nanoTime();
            long kill = now + grace.plus(limits.termGrace()).toNanos();
            request(new Plan(cause, now + grace.toNanos(), kill, kill + SWEEP.toNanos()));
        }
    }

    private void request(Plan wanted) {
        lock.lock();
        try {
            Plan before = plan;
            plan = before == null ? wanted : before.orSooner(wanted, terminated ? before.cause : wanted.cause);
            if (waiting) {
                waiter.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns what ended the child once it is gone and reaped, on the way doing what the plan says. */
    Cause awaitExit() {
        boolean exited = false;
        while (!exited) {
            try {
                exited = awaitNextStep();
            } catch (InterruptedException e) {
                // There is a new plan: look again.
            }
        }
        lock.lock();
        try {
            waiting = false;
            Thread.interrupted();
            return cause();
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitNextStep() throws InterruptedException {
        Plan current = plan;
        if (current == null) {
            process.waitFor();
            return true;
        }
        if (process.waitFor(current.terminateAt - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return true;
        }
        if (!terminated) {
            terminated = true;
            terminate();
        }
        if (process.waitFor(current.killAt - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return true;
        }
        kill();
        // One that even SIGKILL does not end waits for a device; it goes when that answers, and until then we stay.
        boolean late = System.nanoTime() - current.giveUpAt >= 0;
        return process.waitFor(late ? LATE_RETRY_MILLIS : RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void terminate() {
        try {
            tree.terminate();
        } catch (UncheckedIOException e) {
            // The system cannot be asked who belongs to it; the child itself we know.
            process.toHandle().destroy();
        }
    }

    private void kill() {
        try {
            tree.kill();
        } catch (UncheckedIOException e) {
            process.toHandle().destroyForcibly();
        }
    }

    private Cause cause() {
        Plan current = plan;
        if (current == null) {
            return Cause.ENDED;
        }
        // The pipes of a process close when it ends, a moment before we can know that it has ended.
        boolean onlyClosedAPipe = current.cause == Cause.OUTPUT_CLOSED || current.cause == Cause.INPUT_CLOSED;
        return onlyClosedAPipe && !terminated ? Cause.ENDED : current.cause;
    }

    /**
     * Ends what the child left behind, at once if it ended by itself, else in the time that is left, and returns whether
     * nothing is left.
     */
    boolean endTree(Cause cause) throws InterruptedException {
        Plan current = plan;
        if (current != null && cause != Cause.ENDED) {
            awaitTree(current);
        }
        // A closer that is in a greater hurry does not wait for the kernel to clear away what was killed; we do.
        return tree.killAll(System.nanoTime() + SWEEP.toNanos());
    }

    private void awaitTree(Plan current) throws InterruptedException {
        try {
            int left = terminated ? tree.size() : tree.terminate();
            while (left > 0 && System.nanoTime() - current.killAt < 0) {
                TimeUnit.MILLISECONDS.sleep(10);
                left = tree.size();
            }
        } catch (UncheckedIOException e) {
            // Killing asks again, for as long as there is time.
        }
    }
}
