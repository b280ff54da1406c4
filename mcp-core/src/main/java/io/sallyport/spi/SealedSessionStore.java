package io.sallyport.spi;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps in another store, sealed, what clients and upstreams say: who reads the store sees who has sessions, but not what
 * is said in them. What does not open is as if it were not there.
 */
final class SealedSessionStore implements SessionStore {

    private static final String RECORD = "session-record";
    private static final String EVENT = "session-event";
    private static final String ABOUT = "session-stream";
    private static final String LETTER = "cluster-letter";

    private final SessionStore store;
    private final Sealer sealer;
    private final EventLog events;
    private final ClusterBus bus;

    SealedSessionStore(SessionStore store, Sealer sealer) {
        this.store = store;
        this.sealer = sealer;
        this.events = new SealedEvents(store.events());
        this.bus = new SealedBus(store.bus());
    }

    private String seal(String purpose, String context, String plain) {
        byte[] sealed =
                sealer.seal(purpose, context.getBytes(StandardCharsets.UTF_8), plain.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().withoutPadding().encodeToString(sealed);
    }

    private Optional<String> open(String purpose, String context, String sealed) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(sealed);
        } catch (IllegalArgumentException notOurs) {
            return Optional.empty();
        }
        return sealer.open(purpose, context.getBytes(StandardCharsets.UTF_8), bytes)
                .map(plain -> new String(plain, StandardCharsets.UTF_8));
    }

    private SessionRecord sealed(SessionRecord session) {
        Map<String, String> upstreams = new LinkedHashMap<>();
        session.upstreams().forEach((name, state) -> upstreams.put(name, seal(RECORD, session.key(), state)));
        return session.with(seal(RECORD, session.key(), session.initializeParams()), upstreams);
    }

    private Optional<SessionRecord> opened(SessionRecord session) {
        Map<String, String> upstreams = new LinkedHashMap<>();
        session.upstreams()
                .forEach((name, state) ->
                        open(RECORD, session.key(), state).ifPresent(plain -> upstreams.put(name, plain)));
        return open(RECORD, session.key(), session.initializeParams()).map(params -> session.with(params, upstreams));
    }

    @Override
    public Capabilities capabilities() {
        return store.capabilities();
    }

    @Override
    public Bounds bounds() {
        return store.bounds();
    }

    @Override
    public Creation create(SessionRecord session) {
        return store.create(sealed(session));
    }

    @Override
    public Lookup find(String key) {
        Lookup found = store.find(key);
        return found instanceof Live live
                ? opened(live.record()).<Lookup>map(Live::new).orElseGet(Unknown::new)
                : found;
    }

    @Override
    public boolean update(SessionRecord changed) {
        return store.update(sealed(changed));
    }

    @Override
    public void end(String key, End how) {
        store.end(key, how);
    }

    @Override
    public List<String> sweep(int max) {
        return store.sweep(max);
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        return store.list(after, max, of).stream()
                .flatMap(summary -> opened(summary.record()).stream()
                        .map(record -> new Summary(record, summary.opened(), summary.used())))
                .toList();
    }

    @Override
    public int size() {
        return store.size();
    }

    @Override
    public EventLog events() {
        return events;
    }

    @Override
    public ClusterBus bus() {
        return bus;
    }

    @Override
    public void close() {
        store.close();
    }

    private final class SealedEvents implements EventLog {

        private final EventLog log;

        SealedEvents(EventLog log) {
            this.log = log;
        }

        private static String context(String session, String stream) {
            return session + " " + stream;
        }

        private Optional<Pen> opened(String session, String stream, Optional<Pen> pen) {
            return pen.flatMap(its -> SealedSessionStore.this
                    .open(ABOUT, context(session, stream), its.about())
                    .map(about -> new Pen(its.fence(), its.last(), about)));
        }

        @Override
        public Optional<Pen> open(String session, String stream, String writer, String about) {
            return log.open(session, stream, writer, seal(ABOUT, context(session, stream), about))
                    .map(pen -> new Pen(pen.fence(), pen.last(), about));
        }

        @Override
        public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
            return opened(session, stream, log.take(session, stream, writer, fromTheLiving));
        }

        @Override
        public Appended append(
                String session, String stream, long fence, long first, List<String> data, boolean isLast) {
            List<String> sealed = data.stream()
                    .map(event -> seal(EVENT, context(session, stream), event))
                    .toList();
            return log.append(session, stream, fence, first, sealed, isLast);
        }

        @Override
        public Optional<Reading> read(String session, String stream, long after, int max) {
            return log.read(session, stream, after, max).map(reading -> {
                List<Event> events = reading.events().stream()
                        .flatMap(event -> SealedSessionStore.this
                                .open(EVENT, context(session, stream), event.data())
                                .map(data -> new Event(event.number(), data))
                                .stream())
                        .toList();
                return new Reading(events, reading.last(), reading.isFinished(), reading.writer());
            });
        }

        @Override
        public List<EventLog.Summary> streams(String session) {
            return log.streams(session).stream()
                    .flatMap(stream -> SealedSessionStore.this
                            .open(ABOUT, context(session, stream.stream()), stream.about())
                            .map(about ->
                                    new EventLog.Summary(stream.stream(), stream.writer(), about, stream.isFinished()))
                            .stream())
                    .toList();
        }

        @Override
        public void forget(String session, String stream) {
            log.forget(session, stream);
        }
    }

    private final class SealedBus implements ClusterBus {

        private final ClusterBus bus;

        SealedBus(ClusterBus bus) {
            this.bus = bus;
        }

        @Override
        public boolean beat(String node, Duration lease) {
            return bus.beat(node, lease);
        }

        @Override
        public void leave(String node) {
            bus.leave(node);
        }

        @Override
        public Set<String> nodes() {
            return bus.nodes();
        }

        @Override
        public Posted post(String node, String text) {
            return bus.post(node, seal(LETTER, node, text));
        }

        @Override
        public List<Letter> collect(String node, long after, int max, Duration atMost) {
            // What does not open stays in the list, or its node would ask for it for ever.
            return bus.collect(node, after, max, atMost).stream()
                    .map(letter -> new Letter(
                            letter.number(), open(LETTER, node, letter.text()).orElse("{}")))
                    .toList();
        }
    }
}
