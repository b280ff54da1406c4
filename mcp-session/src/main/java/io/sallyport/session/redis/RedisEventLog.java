package io.sallyport.session.redis;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Streams of sessions, each a Redis stream of its events and a hash of what is known of it. Thread-safe. */
final class RedisEventLog implements EventLog {

    private final Link link;
    private final SessionStore.Bounds bounds;

    RedisEventLog(Link link, SessionStore.Bounds bounds) {
        this.link = link;
        this.bounds = bounds;
    }

    @Override
    public Optional<Pen> open(String session, String stream, String writer, String about) {
        String answer = (String) link.run(
                        Operation.OPEN,
                        session,
                        stream,
                        requireNonNull(writer, "writer"),
                        requireNonNull(about, "about"),
                        String.valueOf(bounds.streamsPerSession()))
                .get(0);
        if (answer.equals("exists")) {
            throw new IllegalArgumentException("the stream " + stream + " exists already");
        }
        return answer.equals("none") ? Optional.empty() : Optional.of(new Pen(1, 0, about));
    }

    @Override
    public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
        List<?> answer =
                link.run(Operation.TAKE, session, stream, requireNonNull(writer, "writer"), flag(fromTheLiving));
        return answer.isEmpty()
                ? Optional.empty()
                : Optional.of(new Pen(number(answer.get(0)), number(answer.get(1)), (String) answer.get(2)));
    }

    @Override
    public Appended append(String session, String stream, long fence, long first, List<String> data, boolean isLast) {
        long bytesPerSession = (long) bounds.bytesPerStream() * bounds.streamsPerSession();
        Stream<String> head = Stream.of(
                session,
                stream,
                String.valueOf(fence),
                String.valueOf(first),
                flag(isLast),
                String.valueOf(bounds.bytesPerStream()),
                String.valueOf(bytesPerSession));
        String[] arguments = Stream.concat(head, data.stream()).toArray(String[]::new);
        return Appended.valueOf((String) link.run(Operation.APPEND, arguments).get(0));
    }

    @Override
    public Optional<Reading> read(String session, String stream, long after, int max) {
        List<?> answer = link.run(Operation.READ, session, stream, String.valueOf(after), String.valueOf(max));
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        List<Event> events = new ArrayList<>();
        for (Object entry : (List<?>) answer.get(3)) {
            events.add(new Event(entryNumber(entry), entryText(entry)));
        }
        return Optional.of(new Reading(events, number(answer.get(0)), isSet(answer.get(1)), (String) answer.get(2)));
    }

    @Override
    public List<Summary> streams(String session) {
        return link.run(Operation.STREAMS, session).stream()
                .map(stream -> (List<?>) stream)
                .map(stream -> new Summary(
                        (String) stream.get(0), (String) stream.get(1), (String) stream.get(2), isSet(stream.get(3))))
                .toList();
    }

    @Override
    public void forget(String session, String stream) {
        link.run(Operation.FORGET, session, stream);
    }

    /** Returns the number of an entry of a Redis stream, which has the id {@code number-0}. */
    static long entryNumber(Object entry) {
        String id = (String) ((List<?>) entry).get(0);
        return Long.parseLong(id.substring(0, id.indexOf('-')));
    }

    /** Returns the value of the only field of an entry of a Redis stream. */
    static String entryText(Object entry) {
        return (String) ((List<?>) ((List<?>) entry).get(1)).get(1);
    }

    private static String flag(boolean value) {
        return value ? "1" : "0";
    }

    private static boolean isSet(Object flag) {
        return flag.equals("1");
    }

    private static long number(Object value) {
        return Long.parseLong(value.toString());
    }
}
