package io.sallyport.spi;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Keeps nothing: what a session consists of is in its id. */
final class NoSessionStore implements SessionStore {

    private final Bounds bounds;

    NoSessionStore(Bounds bounds) {
        this.bounds = bounds;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(false, Durability.NONE);
    }

    @Override
    public Bounds bounds() {
        return bounds;
    }

    @Override
    public Creation create(SessionRecord session) {
        return new Created(Optional.empty());
    }

    @Override
    public Lookup find(String key) {
        return new Unknown();
    }

    @Override
    public boolean update(SessionRecord changed) {
        return false;
    }

    @Override
    public void end(String key, End how) {
        // It lives on until its id expires: nobody remembers that it should not.
    }

    @Override
    public List<String> sweep(int max) {
        return List.of();
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        return List.of();
    }

    @Override
    public int size() {
        return 0;
    }

    @Override
    public EventLog events() {
        return new NoEvents();
    }

    @Override
    public ClusterBus bus() {
        return new NoBus();
    }

    @Override
    public void close() {
        // Holds nothing.
    }

    private static final class NoEvents implements EventLog {
        @Override
        public Optional<Pen> open(String session, String stream, String writer, String about) {
            return Optional.empty();
        }

        @Override
        public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
            return Optional.empty();
        }

        @Override
        public Appended append(
                String session, String stream, long fence, long first, List<String> data, boolean isLast) {
            return Appended.UNKNOWN;
        }

        @Override
        public Optional<Reading> read(String session, String stream, long after, int max) {
            return Optional.empty();
        }

        @Override
        public List<EventLog.Summary> streams(String session) {
            return List.of();
        }

        @Override
        public void forget(String session, String stream) {
            // Knows none.
        }
    }

    private static final class NoBus implements ClusterBus {
        @Override
        public boolean beat(String node, Duration lease) {
            return true;
        }

        @Override
        public void leave(String node) {
            // Knows none.
        }

        @Override
        public Set<String> nodes() {
            return Set.of();
        }

        @Override
        public Posted post(String node, String text) {
            return Posted.NOBODY;
        }

        @Override
        public List<Letter> collect(String node, long after, int max, Duration atMost) {
            return List.of();
        }
    }
}
