package io.sallyport.spi;

import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Keeps legacy sessions: who opened them, what was negotiated, and how they ended. The store's own clock decides about
 * time, so that nodes that share a store need not agree on theirs.
 *
 * <p>A store that cannot be reached makes requests of sessions fail with status 503; requests without a session are
 * served.
 */
public interface SessionStore extends AutoCloseable {

    /** Why a session is no more. */
    enum End {
        /** Nothing was heard of it for too long. */
        EXPIRED_IDLE("expired_idle"),
        /** It reached its greatest age. */
        EXPIRED_MAX_AGE("expired_max_age"),
        /** The client ended it. */
        TERMINATED_BY_CLIENT("terminated_by_client"),
        /** It made room for another session of the same principal. */
        EVICTED("evicted"),
        /** The gateway or an operator ended it. */
        TERMINATED_BY_SERVER("terminated_by_server");

        private final String word;

        End(String word) {
            this.word = word;
        }

        /** Returns the stable word for logs and errors. */
        public String word() {
            return word;
        }
    }

    /** What a look-up found. */
    sealed interface Lookup {}

    /** The session lives. */
    record Live(SessionRecord record) implements Lookup {}

    /** The session has ended, and the store still remembers how. */
    record Ended(End how) implements Lookup {}

    /** The store knows nothing of it. */
    record Unknown() implements Lookup {}

    /** What came of the wish to open a session. */
    sealed interface Creation {}

    /**
     * The session is open and will be found.
     *
     * @param evicted the key of the session that made room, if one had to: one that had expired, else the one of the
     *     same principal that was not used for longest
     */
    record Created(Optional<String> evicted) implements Creation {}

    /** There is no room: all sessions live, and the principal has fewer than it may have. */
    record Full() implements Creation {}

    /**
     * How long sessions live and how many there may be.
     *
     * @param idle how long a session lives without being used
     * @param absolute how long a session lives at the most
     * @param perPrincipal how many sessions a principal may have
     * @param total how many sessions there may be
     */
    record Bounds(Duration idle, Duration absolute, int perPrincipal, int total) {

        /** Returns 30 minutes idle, 8 hours at the most, 20 per principal, 10,000 in all. */
        public static Bounds defaults() {
            return new Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 20, 10_000);
        }

        /** Checks each value and that the idle time is not longer than the absolute one. */
        public Bounds {
            if (idle.isNegative() || idle.isZero()) {
                throw new IllegalArgumentException("idle must be positive, but was " + idle);
            }
            if (absolute.compareTo(idle) < 0) {
                throw new IllegalArgumentException(
                        "absolute must be at least idle (" + idle + "), but was " + absolute);
            }
            if (perPrincipal <= 0 || total <= 0) {
                throw new IllegalArgumentException(
                        "perPrincipal and total must be positive, but were " + perPrincipal + " and " + total);
            }
        }
    }

    /**
     * Keeps a new session; when this returns it is as durable as the store makes things. A principal that has as many as
     * it may have loses one of its own for it; nobody loses one for another's.
     *
     * @throws IllegalArgumentException if a session with this key lives
     */
    Creation create(SessionRecord session);

    /** Looks a session up and, if it lives, takes note that it is used. */
    Lookup find(String key);

    /**
     * Replaces a session by its next version, unless somebody else was faster or it has ended. It stays the principal's
     * that opened it.
     *
     * @param changed the next version of what was found before
     * @return whether it was replaced; if not, look again and decide again
     */
    boolean update(SessionRecord changed);

    /** Ends a session; how it ended is remembered for a while. Ending it twice changes nothing. */
    void end(String key, End how);

    /**
     * Ends what has expired and returns the keys, at most {@code max} of them. To be called now and then. Whoever holds
     * something of a session hears of its end: here, from {@link #find}, or from {@link Created}; each is told once.
     */
    java.util.List<String> sweep(int max);

    /** Returns how many sessions live. */
    int size();

    /** Lets go of what the store holds. */
    @Override
    void close();

    /** Returns a store in this process's memory, by this clock. */
    static SessionStore inMemory(Bounds bounds, InstantSource clock) {
        return new InMemorySessionStore(bounds, clock);
    }
}
