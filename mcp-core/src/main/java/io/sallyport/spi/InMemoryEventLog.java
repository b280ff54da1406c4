package io.sallyport.spi;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Events of one process, bounded per stream and per session. A single event may be larger than a stream's share; that
 * all streams together have no more than all their shares is seen to for the session.
 */
final class InMemoryEventLog implements EventLog {

    private final int bytesPerStream;
    private final int streamsPerSession;

    private final Map<String, Session> sessions = new ConcurrentHashMap<>();

    /** Guarded by the map's lock for its key. */
    private static final class Session {
        /** Of the whole session, so that a stream that was dropped does not begin to count anew. */
        private long last;

        /** Least recently used first. */
        private final LinkedHashMap<String, Stream> streams = new LinkedHashMap<>(16, 0.75f, true);

        private long bytes;

        void dropOldest() {
            Iterator<Stream> oldest = streams.values().iterator();
            bytes -= oldest.next().bytes;
            oldest.remove();
        }
    }

    private static final class Stream {
        private final ArrayDeque<Event> events = new ArrayDeque<>();
        private long bytes;
    }

    InMemoryEventLog(int bytesPerStream, int streamsPerSession) {
        if (bytesPerStream <= 0 || streamsPerSession <= 0) {
            throw new IllegalArgumentException("bytesPerStream and streamsPerSession must be positive, but were "
                    + bytesPerStream + " and " + streamsPerSession);
        }
        this.bytesPerStream = bytesPerStream;
        this.streamsPerSession = streamsPerSession;
    }

    @Override
    public long append(String session, String stream, String data) {
        long[] number = new long[1];
        sessions.compute(session, (key, existing) -> {
            Session found = existing == null ? new Session() : existing;
            number[0] = ++found.last;
            append(found, stream, new Event(found.last, data));
            return found;
        });
        return number[0];
    }

    private void append(Session session, String name, Event event) {
        Stream stream = session.streams.get(name);
        if (stream == null) {
            if (session.streams.size() == streamsPerSession) {
                session.dropOldest();
            }
            stream = new Stream();
            session.streams.put(name, stream);
        }
        long before = stream.bytes;
        stream.events.add(event);
        stream.bytes += bytes(event);
        while (stream.bytes > bytesPerStream && stream.events.size() > 1) {
            stream.bytes -= bytes(stream.events.remove());
        }
        session.bytes += stream.bytes - before;
        while (session.bytes > (long) bytesPerStream * streamsPerSession && session.streams.size() > 1) {
            session.dropOldest();
        }
    }

    private static int bytes(Event event) {
        return event.data().getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public List<Event> after(String session, String stream, long number) {
        List<Event> found = new ArrayList<>();
        sessions.computeIfPresent(session, (key, its) -> {
            Stream events = its.streams.get(stream);
            if (events != null) {
                events.events.stream().filter(event -> event.number() > number).forEach(found::add);
            }
            return its;
        });
        return found;
    }

    @Override
    public void forget(String session, String stream) {
        sessions.computeIfPresent(session, (key, its) -> {
            Stream forgotten = its.streams.remove(stream);
            its.bytes -= forgotten == null ? 0 : forgotten.bytes;
            return its;
        });
    }

    @Override
    public void forget(String session) {
        sessions.remove(session);
    }

    @Override
    public void close() {
        sessions.clear();
    }
}
