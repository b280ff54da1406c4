package io.sallyport.sandbox;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/** The wish that code should end, which may come at any time and from any thread. Thread-safe. */
public final class Cancellation {

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Runnable> actions = new LinkedHashSet<>();
    private boolean cancelled;

    /** Creates one that has not been wished for. */
    public Cancellation() {}

    /** Ends whatever it was given to. Idempotent. */
    public void cancel() {
        List<Runnable> due;
        lock.lock();
        try {
            if (cancelled) {
                return;
            }
            cancelled = true;
            due = List.copyOf(actions);
            actions.clear();
        } finally {
            lock.unlock();
        }
        due.forEach(Runnable::run);
    }

    /** Returns whether somebody has wished for it. */
    public boolean isCancelled() {
        lock.lock();
        try {
            return cancelled;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Runs an action when somebody wishes for it, at once if somebody has.
     *
     * @param action must not wait for anything
     * @return takes the action back, if it has not been run
     */
    public Runnable onCancel(Runnable action) {
        lock.lock();
        try {
            if (!cancelled) {
                actions.add(action);
                return () -> forget(action);
            }
        } finally {
            lock.unlock();
        }
        action.run();
        return () -> {};
    }

    private void forget(Runnable action) {
        lock.lock();
        try {
            actions.remove(action);
        } finally {
            lock.unlock();
        }
    }
}
