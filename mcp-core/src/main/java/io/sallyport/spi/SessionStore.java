package io.sallyport.spi;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Keeps legacy sessions: who opened them, what was negotiated, and how they ended; with them the events of their streams
 * and, where several nodes share a store, what the nodes tell each other. The store's own clock decides about time, so
 * that nodes that share a store need not agree on theirs.
 *
 * <p>All methods may block for a few round trips to the store, but not longer than its own time-outs, and throw a {@link
 * StoreUnavailableException} when it cannot be reached. Then requests of sessions fail with status 503; requests without
 * a session are served.
 */
public interface SessionStore extends AutoCloseable {

    /** What survives of what a store has taken note of. */
    enum Durability {
        /** Nothing is kept at all: a session is what its id says. */
        NONE,
        /** It lives as long as this process. */
        PROCESS,
        /** It survives a node; what was written last may be lost with the store's server. */
        SERVER,
        /** It survives the store's server, too: it is on its disk before the method returns. */
        DISK
    }

    /**
     * What a store promises.
     *
     * @param isShared whether other nodes see what this one writes
     * @param durability what survives
     */
    record Capabilities(boolean isShared, Durability durability) {}

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
     * @param bytesPerStream how much is kept of a stream, at least; of all streams of a session as many times that as
     *     there may be of them
     * @param streamsPerSession how many streams are kept of a session
     */
    record Bounds(
            Duration idle, Duration absolute, int perPrincipal, int total, int bytesPerStream, int streamsPerSession) {

        /**
         * Returns 30 minutes idle, 8 hours at the most, 20 per principal, 10,000 in all; 256 KiB of each of 64 streams.
         */
        public static Bounds defaults() {
            return new Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 20, 10_000);
        }

        /** As many bytes and streams as by default. */
        public Bounds(Duration idle, Duration absolute, int perPrincipal, int total) {
            this(idle, absolute, perPrincipal, total, 256 * 1024, 64);
        }

        /** Returns the same with another bound of what is kept of streams. */
        public Bounds withStreams(int bytes, int streams) {
            return new Bounds(idle, absolute, perPrincipal, total, bytes, streams);
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
            if (bytesPerStream <= 0 || streamsPerSession <= 0) {
                throw new IllegalArgumentException("bytesPerStream and streamsPerSession must be positive, but were "
                        + bytesPerStream + " and " + streamsPerSession);
            }
        }
    }

    /**
     * A session as an operator sees it.
     *
     * @param record what is kept of it
     * @param opened when it was opened
     * @param used when it was used last, as far as the store has taken note
     */
    record Summary(SessionRecord record, Instant opened, Instant used) {}

    /** Returns what this store promises. */
    Capabilities capabilities();

    /** Returns the bounds of this store. */
    Bounds bounds();

    /**
     * Keeps a new session; when this returns it is as durable as the store makes things. A principal that has as many as
     * it may have loses one of its own for it; nobody loses one for another's.
     *
     * @throws IllegalArgumentException if a session with this key lives
     */
    Creation create(SessionRecord session);

    /**
     * Looks a session up and, if it lives, takes note that it is used. A store may note less than every use, as long as
     * no session expires before nine tenths of its idle time have gone by without a use.
     */
    Lookup find(String key);

    /**
     * Replaces a session by its next version, unless somebody else was faster or it has ended. It stays the principal's
     * that opened it.
     *
     * @param changed the next version of what was found before
     * @return whether it was replaced; if not, look again and decide again
     */
    boolean update(SessionRecord changed);

    /**
     * Changes a session as {@link #update} does, and decides again whenever somebody else was faster.
     *
     * @param found what was found of it before
     * @param next returns the next version of one that was found; nothing if it may stay as it is
     * @return what the session is now; nothing if it has ended
     * @throws StoreUnavailableException also if others were faster ten times
     */
    default Optional<SessionRecord> change(SessionRecord found, Function<SessionRecord, Optional<SessionRecord>> next) {
        SessionRecord current = found;
        for (int attempt = 0; attempt < 10; attempt++) {
            Optional<SessionRecord> changed = next.apply(current);
            if (changed.isEmpty()) {
                return Optional.of(current);
            }
            if (update(changed.get())) {
                return changed;
            }
            if (!(find(current.key()) instanceof Live live)) {
                return Optional.empty();
            }
            current = live.record();
        }
        throw new StoreUnavailableException("others change a session all the time");
    }

    /**
     * Ends a session; its streams are forgotten, and how it ended is remembered at least until it would have reached its
     * greatest age, as far as there is room. Ending it twice changes nothing.
     */
    void end(String key, End how);

    /**
     * Ends what has expired and returns the keys, at most {@code max} of them. To be called now and then. Whoever holds
     * something of a session hears of its end: here or from {@link Created}, each once, or from {@link #find}. In a store
     * that nodes share, what {@code find} saw expired is told here, too: other nodes may hold something of it.
     */
    List<String> sweep(int max);

    /**
     * Returns sessions that live, by their keys.
     *
     * @param after the key after which to begin; empty for the first
     * @param max how many at the most
     * @param of only sessions of this principal, if there is one
     */
    List<Summary> list(String after, int max, Optional<Principal> of);

    /** Returns how many sessions live. */
    int size();

    /** Returns the streams of the sessions. */
    EventLog events();

    /** Returns the nodes that share the store. */
    ClusterBus bus();

    /** Lets go of what the store holds. */
    @Override
    void close();

    /**
     * Returns the reduced mode without a store: the id of a session carries what the session consists of. Any node serves
     * calls, and the streams that it began itself. In exchange there is no replay of streams, no answer to what another
     * node has asked, no log level or subscription beyond the node that was told of it, and no end of a session before
     * its id expires: a deleted one opens again.
     *
     * @param bounds of which the greatest age holds for all nodes together, the others for each
     */
    static SessionStore none(Bounds bounds) {
        return new NoSessionStore(bounds);
    }

    /**
     * Returns a store that keeps in another one, sealed, what clients and upstreams say: parameters, events, messages
     * between nodes. A gateway does this itself with a store that is shared.
     *
     * @param store closed with the one that is returned
     */
    static SessionStore sealed(SessionStore store, Sealer sealer) {
        return new SealedSessionStore(store, sealer);
    }

    /** Returns a store in this process's memory, by this clock. */
    static SessionStore inMemory(Bounds bounds, InstantSource clock) {
        return new InMemorySessionStore(bounds, clock);
    }
}
