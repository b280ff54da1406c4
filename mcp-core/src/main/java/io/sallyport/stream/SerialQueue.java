package io.sallyport.stream;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, in order, on an executor. Bounded. Thread-safe.
 *
 * @since 0.1
 */
public final class SerialQueue {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.stream");

    private static final int MAX_WAITING = 1000;

    private final Executor executor;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private boolean running;

    /** Creates a queue whose tasks the executor runs; if it rejects them, whoever gives the task does. */
    public SerialQueue(Executor executor) {
        this.executor = executor;
    }

    /** Runs the task after those before it, of which 1000 may wait, and returns whether there was room for it. */
    public boolean run(Runnable task) {
        return run(task, MAX_WAITING);
    }

    /** As {@link #run}, for the one that is the last. */
    public void runEvenIfFull(Runnable task) {
        run(task, Integer.MAX_VALUE);
    }

    private boolean run(Runnable task, int most) {
        lock.lock();
        try {
            if (waiting.size() >= most) {
                return false;
            }
            waiting.add(task);
            if (running) {
                return true;
            }
            running = true;
        } finally {
            lock.unlock();
        }
        try {
            executor.execute(this::drain);
        } catch (RejectedExecutionException full) {
            // Better late on this thread than never: what is queued may be the answer.
            drain();
        }
        return true;
    }

    private void drain() {
        while (true) {
            Runnable next;
            lock.lock();
            try {
                next = waiting.poll();
                if (next == null) {
                    running = false;
                    return;
                }
            } finally {
                lock.unlock();
            }
            try {
                next.run();
            } catch (RuntimeException e) {
                // What waits behind it may be the answer.
                LOGGER.atError().setCause(e).log("a task of a stream failed");
            }
        }
    }
}
