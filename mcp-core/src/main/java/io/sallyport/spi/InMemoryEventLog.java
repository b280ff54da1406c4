package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Events of one process, bounded per stream and per session. A single event may be larger than a stream's share; that
 * all streams together have no more than all their shares is seen to for the session. Guarded by the store's lock.
 */
final class InMemoryEventLog implements EventLog {

    private final SessionStore.Bounds bounds;
    private final ReentrantLock lock;
    private final Predicate<String> sessionLives;
    private final Predicate<String> nodeLives;
    private final Map<String, Session> sessions = new HashMap<>();

    private static final class Session {
        /** The one not appended to for longest first. */
        private final LinkedHashMap<String, Stream> streams = new LinkedHashMap<>();

        private long bytes;

        void drop(String name) {
            Stream dropped = streams.remove(name);
            bytes -= dropped == null ? 0 : dropped.bytes;
        }

        /** Returns the stream to lose first, other than this one. */
        Optional<String> leastNeeded(String butFor) {
            String oldest = null;
            for (Map.Entry<String, Stream> entry : streams.entrySet()) {
                if (!entry.getKey().equals(butFor)) {
                    if (entry.getValue().isFinished) {
                        return Optional.of(entry.getKey());
                    }
                    oldest = oldest == null ? entry.getKey() : oldest;
                }
            }
            return Optional.ofNullable(oldest);
        }
    }

    private static final class Stream {
        private final String about;
        private final ArrayDeque<Kept> events = new ArrayDeque<>();
        private String writer;
        private long fence = 1;
        private long last;
        private long bytes;
        private boolean isFinished;

        Stream(String writer, String about) {
            this.writer = writer;
            this.about = about;
        }
    }

    private record Kept(Event event, int bytes) {}

    /**
     * Creates a log.
     *
     * @param lock that of the store, under which it asks who lives
     */
    InMemoryEventLog(
            SessionStore.Bounds bounds,
            ReentrantLock lock,
            Predicate<String> sessionLives,
            Predicate<String> nodeLives) {
        this.bounds = bounds;
        this.lock = lock;
        this.sessionLives = sessionLives;
        this.nodeLives = nodeLives;
    }

    @Override
    public Optional<Pen> open(String session, String stream, String writer, String about) {
        lock.lock();
        try {
            if (!sessionLives.test(session)) {
                return Optional.empty();
            }
            Session its = sessions.computeIfAbsent(session, key -> new Session());
            if (its.streams.containsKey(stream)) {
                throw new IllegalArgumentException("the stream " + stream + " exists already");
            }
            if (its.streams.size() == bounds.streamsPerSession()) {
                its.leastNeeded(stream).ifPresent(its::drop);
            }
            its.streams.put(stream, new Stream(requireNonNull(writer, "writer"), requireNonNull(about, "about")));
            return Optional.of(new Pen(1, 0, about));
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Stream find(String session, String stream) {
        Session its = sessions.get(session);
        return its == null ? null : its.streams.get(stream);
    }

    @Override
    public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
        lock.lock();
        try {
            Stream found = find(session, stream);
            if (found == null || found.isFinished || !fromTheLiving && nodeLives.test(found.writer)) {
                return Optional.empty();
            }
            found.writer = requireNonNull(writer, "writer");
            found.fence++;
            return Optional.of(new Pen(found.fence, found.last, found.about));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Appended append(String session, String stream, long fence, long first, List<String> data, boolean isLast) {
        List<Kept> events = new ArrayList<>(data.size());
        for (int i = 0; i < data.size(); i++) {
            events.add(
                    new Kept(new Event(first + i, data.get(i)), data.get(i).getBytes(StandardCharsets.UTF_8).length));
        }
        lock.lock();
        try {
            Session its = sessions.get(session);
            Stream found = its == null ? null : its.streams.remove(stream);
            if (its == null || found == null) {
                return Appended.UNKNOWN;
            }
            its.streams.put(stream, found); // Now the one most recently appended to.
            boolean again = first + data.size() - 1 <= found.last;
            if (found.fence != fence || found.isFinished && !again) {
                return Appended.FENCED;
            }
            long before = found.bytes;
            events.stream().filter(kept -> kept.event.number() > found.last).forEach(kept -> {
                found.events.add(kept);
                found.last = kept.event.number();
                found.bytes += kept.bytes;
            });
            found.isFinished |= isLast;
            while (found.bytes > bounds.bytesPerStream() && found.events.size() > 1) {
                found.bytes -= found.events.remove().bytes;
            }
            its.bytes += found.bytes - before;
            makeRoom(its, stream);
            return Appended.KEPT;
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom(Session session, String butFor) {
        while (session.bytes > (long) bounds.bytesPerStream() * bounds.streamsPerSession()) {
            Optional<String> oldest = session.leastNeeded(butFor);
            if (oldest.isEmpty()) {
                return;
            }
            session.drop(oldest.get());
        }
    }

    @Override
    public Optional<Reading> read(String session, String stream, long after, int max) {
        lock.lock();
        try {
            Stream found = find(session, stream);
            if (found == null) {
                return Optional.empty();
            }
            List<Event> events = found.events.stream()
                    .map(Kept::event)
                    .filter(event -> event.number() > after)
                    .limit(max)
                    .toList();
            return Optional.of(new Reading(events, found.last, found.isFinished, found.writer));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Summary> streams(String session) {
        lock.lock();
        try {
            Session its = sessions.get(session);
            return its == null
                    ? List.of()
                    : its.streams.entrySet().stream()
                            .map(entry -> new Summary(
                                    entry.getKey(),
                                    entry.getValue().writer,
                                    entry.getValue().about,
                                    entry.getValue().isFinished))
                            .toList();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void forget(String session, String stream) {
        lock.lock();
        try {
            Session its = sessions.get(session);
            if (its != null) {
                its.drop(stream);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the streams of a session that has ended. */
    void forget(String session) {
        lock.lock();
        try {
            sessions.remove(session);
        } finally {
            lock.unlock();
        }
    }

    void clear() {
        lock.lock();
        try {
            sessions.clear();
        } finally {
            lock.unlock();
        }
    }
}
