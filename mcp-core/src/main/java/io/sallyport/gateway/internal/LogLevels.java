package io.sallyport.gateway.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.upstream.UpstreamSession;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The level of log messages that a legacy upstream was asked for in one session: what its client wants, or, where clients
 * share it, the most that any of them wanted. What a client does not want is left out on the way to it.
 */
final class LogLevels {

    /** From the most to the fewest messages. */
    static final List<String> ALL =
            List.of("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency");

    private static final long ANSWERED_WITHIN_SECONDS = 2;

    /** Makes a request of the gateway's own in a session. */
    interface Asking {
        CompletionStage<?> request(UpstreamSession in, String method, Map<String, ?> params);
    }

    private final boolean shared;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable String asked;

    LogLevels(boolean shared) {
        this.shared = shared;
    }

    /** Returns whether a notification is none that a client of this level does without. */
    static boolean wants(String level, Notification notification) {
        return !notification.method().equals(Methods.LOG_MESSAGE)
                || notification
                        .getString(Part.PARAMS, "level")
                        .filter(ALL::contains)
                        .map(severity -> ALL.indexOf(severity) >= ALL.indexOf(level))
                        .orElse(true);
    }

    /** Returns the session when its upstream knows what is wanted, or has had the time to. */
    CompletionStage<UpstreamSession> in(
            CompletionStage<UpstreamSession> opening,
            Optional<String> wanted,
            Asking asking,
            ScheduledExecutorService timer) {
        if (wanted.isEmpty() || !changes(wanted.get())) {
            return opening;
        }
        return opening.thenCompose(session -> {
            if (session.era() != Era.LEGACY || !session.facts().has("logging")) {
                return CompletableFuture.completedFuture(session);
            }
            CompletableFuture<UpstreamSession> ready = new CompletableFuture<>();
            try {
                timer.schedule(() -> ready.complete(session), ANSWERED_WITHIN_SECONDS, TimeUnit.SECONDS);
            } catch (RejectedExecutionException closing) {
                return CompletableFuture.completedFuture(session);
            }
            asking.request(session, Methods.SET_LEVEL, Map.of("level", wanted.get()))
                    .whenComplete((answer, failure) -> ready.complete(session));
            return ready;
        });
    }

    private boolean changes(String wanted) {
        lock.lock();
        try {
            boolean known =
                    asked != null && (asked.equals(wanted) || shared && ALL.indexOf(asked) < ALL.indexOf(wanted));
            if (!known) {
                asked = wanted;
            }
            return !known;
        } finally {
            lock.unlock();
        }
    }

    /** Takes note that the session began anew, without what it was asked. */
    void forget() {
        lock.lock();
        try {
            asked = null;
        } finally {
            lock.unlock();
        }
    }
}
