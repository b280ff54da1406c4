package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Cancellation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Lets in so many, first come first served; waiting ends when nobody wishes any more. Thread-safe. */
final class Gate {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Object> waiting = new ArrayDeque<>();
    private int free;
    private boolean closed;

    Gate(int many) {
        this.free = many;
    }

    /**
     * Waits for room, and takes it.
     *
     * @return whether there was any
     */
    boolean enter(Duration atMost, Cancellation cancellation) throws InterruptedException {
        Object ticket = new Object();
        Runnable forget = cancellation.onCancel(this::wake);
        lock.lockInterruptibly();
        try {
            waiting.addLast(ticket);
            long nanos = atMost.toNanos();
            while (free == 0 || waiting.peekFirst() != ticket) {
                if (nanos <= 0 || closed || cancellation.isCancelled()) {
                    return false;
                }
                nanos = changed.awaitNanos(nanos);
            }
            free--;
            return true;
        } finally {
            waiting.remove(ticket);
            changed.signalAll();
            lock.unlock();
            forget.run();
        }
    }

    /** Gives room back. */
    void leave() {
        lock.lock();
        try {
            free++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sends those away who wait. */
    void close() {
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

    /** Waits, unless somebody wishes that this should end. */
    static void pause(Duration time, Cancellation cancellation) throws InterruptedException {
        new Gate(0).enter(time, cancellation);
    }
}
