package io.sallyport.upstream.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** A number of places, and a short queue for them that nobody stands in for long. Thread-safe; nothing blocks. */
final class Permits {

    /** Somebody who wants a place. Told once, by any thread. */
    interface Waiter {

        /** The place is theirs until it is given back. */
        void granted();

        /** There is none. */
        void refused();
    }

    private static final class Waiting {
        private final Waiter waiter;
        private boolean gone;

        Waiting(Waiter waiter) {
            this.waiter = waiter;
        }
    }

    private final int maxWaiting;
    private final Duration patience;
    private final ScheduledExecutorService timer;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all that follows. */
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>();

    private int free;

    Permits(int places, int maxWaiting, Duration patience, ScheduledExecutorService timer) {
        this.free = places;
        this.maxWaiting = maxWaiting;
        this.patience = patience;
        this.timer = timer;
    }

    /** Asks for a place; the answer may come before this returns. */
    void acquire(Waiter waiter) {
        Waiting waiting = null;
        boolean granted;
        lock.lock();
        try {
            granted = free > 0;
            if (granted) {
                free--;
            } else if (queue.size() < maxWaiting) {
                waiting = new Waiting(waiter);
                queue.add(waiting);
            }
        } finally {
            lock.unlock();
        }
        if (granted) {
            waiter.granted();
        } else if (waiting == null || !refuseLater(waiting)) {
            waiter.refused();
        }
    }

    private boolean refuseLater(Waiting waiting) {
        try {
            timer.schedule(() -> refuse(waiting), patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (RejectedExecutionException closing) {
            return !leave(waiting);
        }
    }

    private void refuse(Waiting waiting) {
        if (leave(waiting)) {
            waiting.waiter.refused();
        }
    }

    private boolean leave(Waiting waiting) {
        lock.lock();
        try {
            boolean waited = !waiting.gone;
            waiting.gone = true;
            queue.remove(waiting);
            return waited;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a place back; it goes to whoever waits longest. */
    void release() {
        Waiting next;
        lock.lock();
        try {
            next = queue.poll();
            if (next == null) {
                free++;
            } else {
                next.gone = true;
            }
        } finally {
            lock.unlock();
        }
        if (next != null) {
            next.waiter.granted();
        }
    }
}
