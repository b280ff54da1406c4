package io.sallyport.spi;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Events of one process, bounded per stream and per session. */
final class InMemoryEventLog implements EventLog {

    private final int bytesPerStream;
    private final int streamsPerSession;

    /** By session, its streams, oldest first; the inner map guards itself. */
    private final Map<String, LinkedHashMap<String, Stream>> sessions = new ConcurrentHashMap<>();

    private static final class Stream {
        private final ArrayDeque<Event> events = new ArrayDeque<>();
        private long last;
        private int size;
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
            LinkedHashMap<String, Stream> streams = existing == null ? new LinkedHashMap<>() : existing;
            Stream events = streams.get(stream);
            if (events == null) {
                if (streams.size() == streamsPerSession) {
                    Iterator<String> oldest = streams.keySet().iterator();
                    oldest.next();
                    oldest.remove();
                }
                events = new Stream();
                streams.put(stream, events);
            }
            number[0] = ++events.last;
            events.events.add(new Event(events.last, data));
            events.size += data.length();
            while (events.size > bytesPerStream && events.events.size() > 1) {
                events.size -= events.events.remove().data().length();
            }
            return streams;
        });
        return number[0];
    }

    @Override
    public List<Event> after(String session, String stream, long number) {
        List<Event> found = new java.util.ArrayList<>();
        sessions.computeIfPresent(session, (key, streams) -> {
            Stream events = streams.get(stream);
            if (events != null) {
                events.events.stream().filter(event -> event.number() > number).forEach(found::add);
            }
            return streams;
        });
        return found;
    }

    @Override
    public void forget(String session, String stream) {
        sessions.computeIfPresent(session, (key, streams) -> {
            streams.remove(stream);
            return streams.isEmpty() ? null : streams;
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
