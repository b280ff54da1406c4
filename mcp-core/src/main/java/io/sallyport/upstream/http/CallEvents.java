package io.sallyport.upstream.http;

import io.sallyport.upstream.CallListener;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands what comes back of a call to its listener as a {@link CallListener} is promised it: by one thread at a time, in
 * order, one end, nothing after the end. Thread-safe.
 *
 * <p>What comes back of one call may come from several threads: that of its own connection, that of the session's
 * stream, a timer, whoever closes the session. While one of them is with the listener, the others leave what they have
 * to it and go on.
 */
final class CallEvents {

    private static final Logger LOGGER = LoggerFactory.getLogger(HttpUpstream.class);

    private final CallListener listener;
    private final Queue<Consumer<CallListener>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger undelivered = new AtomicInteger();
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean cancelled;

    CallEvents(CallListener listener) {
        this.listener = listener;
    }

    /** Returns whether the call has its end: an answer, a failure, or a cancellation. */
    boolean isEnded() {
        return ended.get();
    }

    /** Hands something on, unless the call has ended. */
    void tell(Consumer<CallListener> event) {
        if (!ended.get()) {
            deliver(event);
        }
    }

    /** Hands the end on and returns true, unless the call has ended before. */
    boolean end(Consumer<CallListener> event) {
        if (!ended.compareAndSet(false, true)) {
            return false;
        }
        deliver(event);
        return true;
    }

    /** Ends the call without a word to the listener and returns true, unless it has ended before. */
    boolean cancel() {
        if (!ended.compareAndSet(false, true)) {
            return false;
        }
        cancelled = true;
        return true;
    }

    private void deliver(Consumer<CallListener> event) {
        if (undelivered.compareAndSet(0, 1)) {
            // Nearly always: nobody else is here, and the queue is not needed.
            hand(event);
            if (undelivered.decrementAndGet() == 0) {
                return;
            }
        } else {
            waiting.add(event);
            if (undelivered.getAndIncrement() != 0) {
                return;
            }
        }
        do {
            Consumer<CallListener> next = waiting.poll();
            if (next != null) {
                hand(next);
            }
        } while (undelivered.decrementAndGet() != 0);
    }

    private void hand(Consumer<CallListener> event) {
        if (cancelled) {
            return;
        }
        try {
            event.accept(listener);
        } catch (RuntimeException | Error e) {
            // It must not end the thread, which serves other calls.
            LOGGER.atError().setCause(e).log("the listener of a call failed");
        }
    }
}
