package io.sallyport.sandbox;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets in so many at once, first come first served; for kinds of sandboxes. Waiting ends as soon as nobody wishes for it any
 * more. Thread-safe.
 */
public final class Gate {

    private static final Duration LONGEST = Duration.ofDays(7);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Object> waiting = new ArrayDeque<>();
    private int free;
    private boolean closed;

    /**
     * Creates one.
     *
     * @param atMost how many may be inside at once
     * @throws IllegalArgumentException if that is negative
     */
    public Gate(int atMost) {
        if (atMost < 0) {
            throw new IllegalArgumentException("atMost must not be negative, but was " + atMost);
        }
        this.free = atMost;
    }

    /**
     * Returns how long who comes is to wait, if that is a time to wait for; for builders, whose {@code patience} it is.
     *
     * @throws IllegalArgumentException if it is negative, or more than 7 days
     */
    public static Duration patience(Duration patience) {
        if (patience.isNegative() || patience.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "patience must not be negative, and at most 7 days, but was " + patience);
        }
        return patience;
    }

    /**
     * Waits for room, and takes it: who has come in must {@link #leave}.
     *
     * @param atMost how long to wait; if it is not positive, not at all
     * @return whether there was any; if there was not, it took too long, or was cancelled, or the gate is closed
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public boolean enter(Duration atMost, Cancellation cancellation) throws InterruptedException {
        Object ticket = new Object();
        Runnable forget = cancellation.onCancel(this::wake);
        lock.lock();
        try {
            waiting.addLast(ticket);
            long nanos = atMost.toNanos();
            while (!closed && !cancellation.isCancelled()) {
                if (free > 0 && waiting.peekFirst() == ticket) {
                    free--;
                    return true;
                }
                if (nanos <= 0) {
                    return false;
                }
                nanos = changed.awaitNanos(nanos);
            }
            return false;
        } finally {
            waiting.remove(ticket);
            changed.signalAll();
            lock.unlock();
            forget.run();
        }
    }

    /** Takes room if there is some and nobody waits for it. Returns whether it has. */
    public boolean tryEnter() {
        lock.lock();
        try {
            boolean isFree = free > 0 && waiting.isEmpty() && !closed;
            free -= isFree ? 1 : 0;
            return isFree;
        } finally {
            lock.unlock();
        }
    }

    /** Gives room back. */
    public void leave() {
        lock.lock();
        try {
            free++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sends those away who wait, and who come. Idempotent. */
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits, unless somebody wishes that this should end.
     *
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    public static void pause(Duration time, Cancellation cancellation) throws InterruptedException {
        new Gate(0).enter(time, cancellation);
    }
}
