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
    // Both guarded by lock.
    private @Nullable String asked;
    private CompletableFuture<@Nullable Void> answered = CompletableFuture.completedFuture(null);

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
        if (wanted.isEmpty()) {
            return opening;
        }
        CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
        Optional<CompletableFuture<@Nullable Void>> already = begin(wanted.get(), told);
        if (already.isPresent()) {
            // Whoever has asked for it may still wait for the answer.
            return already.get().isDone() ? opening : opening.thenCombine(already.get(), (session, known) -> session);
        }
        return opening.thenCompose(session -> tell(session, wanted.get(), asking, timer))
                .whenComplete((session, failure) -> told.complete(null));
    }

    private static CompletionStage<UpstreamSession> tell(
            UpstreamSession session, String wanted, Asking asking, ScheduledExecutorService timer) {
        if (session.era() != Era.LEGACY || !session.facts().has("logging")) {
            return CompletableFuture.completedFuture(session);
        }
        CompletableFuture<UpstreamSession> ready = new CompletableFuture<>();
        try {
            timer.schedule(() -> ready.complete(session), ANSWERED_WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (RejectedExecutionException closing) {
            return CompletableFuture.completedFuture(session);
        }
        asking.request(session, Methods.SET_LEVEL, Map.of("level", wanted))
                .whenComplete((answer, failure) -> ready.complete(session));
        return ready;
    }

    /** Returns when the upstream knows, or will know, what is wanted; nothing if the caller is the one to tell it. */
    private Optional<CompletableFuture<@Nullable Void>> begin(String wanted, CompletableFuture<@Nullable Void> told) {
        lock.lock();
        try {
            boolean known =
                    asked != null && (asked.equals(wanted) || shared && ALL.indexOf(asked) < ALL.indexOf(wanted));
            if (known) {
                return Optional.of(answered);
            }
            asked = wanted;
            answered = told;
            return Optional.empty();
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
