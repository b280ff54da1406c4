package io.sallyport.session.redis;

import io.lettuce.core.api.StatefulConnection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection that is made when somebody needs it and there is none: first, and after it broke. However many wait,
 * one attempt is made at a time, and none while nobody asks. Thread-safe.
 *
 * <p>Lettuce's own way to connect again would also send again what was under way, whether the server had done it or not.
 */
final class Line<C extends StatefulConnection<String, String>> {

    private final Supplier<? extends CompletionStage<C>> connect;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable CompletableFuture<C> current;
    private volatile long heard = System.nanoTime();

    Line(Supplier<? extends CompletionStage<C>> connect) {
        this.connect = connect;
    }

    /** Returns the connection, or the attempt that is being made. */
    CompletableFuture<C> connection() {
        lock.lock();
        try {
            CompletableFuture<C> known = current;
            if (known != null && (!known.isDone() || isOpen(known))) {
                return known;
            }
            if (known != null) {
                close(known);
            }
            CompletableFuture<C> next = attempt();
            current = next;
            return next;
        } finally {
            lock.unlock();
        }
    }

    private CompletableFuture<C> attempt() {
        try {
            return connect.get().toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static boolean isOpen(CompletableFuture<? extends StatefulConnection<?, ?>> known) {
        return !known.isCompletedExceptionally() && known.join().isOpen();
    }

    /** Takes note that the server has said something. */
    void heard() {
        heard = System.nanoTime();
    }

    /** Returns whether the server has said nothing since then. */
    boolean isSilentSince(long nanos) {
        return heard - nanos < 0;
    }

    /** Lets go of a connection that is good for nothing any more; the next who asks gets another. */
    void drop(C connection) {
        lock.lock();
        try {
            CompletableFuture<C> known = current;
            if (known != null && known.isDone() && !known.isCompletedExceptionally() && known.join() == connection) {
                current = null;
                close(known);
            }
        } finally {
            lock.unlock();
        }
    }

    private static <C extends StatefulConnection<?, ?>> void close(CompletableFuture<C> known) {
        // Nobody waits for it, and what goes wrong with it is nothing that anybody could act on.
        CompletableFuture<@Nullable Void> closing = known.thenCompose(StatefulConnection::closeAsync);
        closing.exceptionally(broken -> null);
    }
}
