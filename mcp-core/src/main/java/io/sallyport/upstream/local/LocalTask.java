package io.sallyport.upstream.local;

import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One run of a handler. Cancelling interrupts the handler and nobody else: not whoever the thread works for next, and not
 * the writing of an answer that is ready.
 */
final class LocalTask implements Runnable, CallHandle {

    private final Function<LocalTask, Response> handler;
    private final CallListener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Thread runner;
    private boolean cancelled;

    LocalTask(Function<LocalTask, Response> handler, CallListener listener) {
        this.handler = handler;
        this.listener = listener;
    }

    @Override
    public void run() {
        if (!begin()) {
            return;
        }
        Response response;
        boolean wanted;
        try {
            response = handler.apply(this);
        } finally {
            wanted = end();
        }
        if (wanted) {
            listener.onResponse(response);
        }
    }

    private boolean begin() {
        lock.lock();
        try {
            runner = Thread.currentThread();
            return !cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the answer is still wanted. */
    private boolean end() {
        lock.lock();
        try {
            runner = null;
            // Whatever interrupted the handler is over with it.
            Thread.interrupted();
            return !cancelled;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether nobody waits for the answer any more. */
    boolean isCancelled() {
        lock.lock();
        try {
            return cancelled;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void cancel(String reason) {
        lock.lock();
        try {
            cancelled = true;
            if (runner != null) {
                runner.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }
}
