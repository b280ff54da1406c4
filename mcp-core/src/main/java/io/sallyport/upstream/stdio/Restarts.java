package io.sallyport.upstream.stdio;

import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Keeps a server whose processes end by themselves from being started again and again. Thread-safe.
 *
 * <pre>
 *            five have ended within a minute
 *   ALLOWED ────────────────────────────────▶ QUARANTINED ◀───────────┐
 *      ▲                                          │ after 5 minutes    │ it ends
 *      │ a minute later                           ▼ one is started     │
 *      └──── PROBATION ◀── it has answered ──── TRIAL ─────────────────┤
 *                │                                                     │
 *                └──────────── one has ended ──────────────────────────┘
 * </pre>
 */
final class Restarts {

    private static final int FAILURES = 5;
    private static final Duration WITHIN = Duration.ofMinutes(1);
    private static final Duration QUARANTINE = Duration.ofMinutes(5);

    /** How soon it makes sense to ask whether a trial has gone well. */
    private static final Duration DURING_TRIAL = Duration.ofSeconds(1);

    private enum State {
        ALLOWED,
        QUARANTINED,
        TRIAL,
        PROBATION
    }

    private final LongSupplier ticker;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all that follows. When processes have ended, the last ones. */
    private final Deque<Long> failures = new ArrayDeque<>();

    private State state = State.ALLOWED;

    /** When the quarantine or the probation ends. */
    private long until;

    private String reason = "";

    /** @param ticker a monotonic clock, in nanoseconds */
    Restarts(LongSupplier ticker) {
        this.ticker = ticker;
    }

    /** Asks whether a session may be opened, for which processes are started. Returns why not, if not. */
    Optional<UpstreamFailure> tryOpen() {
        lock.lock();
        try {
            long now = ticker.getAsLong();
            if (state == State.QUARANTINED && now - until >= 0) {
                state = State.TRIAL;
                return Optional.empty();
            }
            return switch (state) {
                case ALLOWED, PROBATION -> Optional.empty();
                case QUARANTINED -> Optional.of(refused(Duration.ofNanos(until - now)));
                case TRIAL -> Optional.of(refused(DURING_TRIAL));
            };
        } finally {
            lock.unlock();
        }
    }

    /** Asks whether a process may be started for a session that may be opened. Returns why not, if not. */
    Optional<UpstreamFailure> tryStart() {
        lock.lock();
        try {
            return state == State.QUARANTINED
                    ? Optional.of(refused(Duration.ofNanos(Math.max(0, until - ticker.getAsLong()))))
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private UpstreamFailure refused(Duration retryIn) {
        return UpstreamFailure.notSent(UpstreamFailure.Kind.QUARANTINED, reason).retryAfter(retryIn);
    }

    /** A session was opened or not. If not, and no process has ended by itself, the next one may be tried at once. */
    void opened(boolean isOpen) {
        lock.lock();
        try {
            if (state == State.TRIAL) {
                state = isOpen ? State.PROBATION : State.QUARANTINED;
                until = ticker.getAsLong() + (isOpen ? WITHIN.toNanos() : 0);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * A process has ended by itself, or could not be left alive.
     *
     * @param isProbe whether another one is started in its place, which decides
     */
    void ended(String how, boolean isProbe) {
        lock.lock();
        try {
            long now = ticker.getAsLong();
            if (isProbe && state == State.TRIAL) {
                return;
            }
            if (state == State.PROBATION && now - until >= 0) {
                state = State.ALLOWED;
            }
            failures.addLast(now);
            while (failures.size() > FAILURES || now - failures.getFirst() > WITHIN.toNanos()) {
                failures.removeFirst();
            }
            if (state != State.ALLOWED || failures.size() == FAILURES) {
                quarantine(now, how);
            }
        } finally {
            lock.unlock();
        }
    }

    private void quarantine(long now, String how) {
        reason = (state == State.ALLOWED
                        ? FAILURES + " processes have ended within " + WITHIN.toSeconds() + " s"
                        : "it has ended again")
                + ", so none is started for " + QUARANTINE.toMinutes() + " minutes; the last one: " + how;
        state = State.QUARANTINED;
        until = now + QUARANTINE.toNanos();
        failures.clear();
    }

    /** Forgets all that has happened. */
    void reset() {
        lock.lock();
        try {
            state = State.ALLOWED;
            failures.clear();
        } finally {
            lock.unlock();
        }
    }
}
