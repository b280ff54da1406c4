package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionRecord;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What this node holds of a legacy session: its streams, its calls, and what its client was asked. Thread-safe. */
final class LegacySession implements ServedEndpoint.Listener {

    private static final String STANDALONE = "g";
    private static final int MAX_OPEN_QUESTIONS = 100;
    private static final int MAX_WATCHED = 1000;

    /** With the one outside calls, as many as the log keeps. */
    private static final int MAX_STREAMS = 63;

    /** What the client was asked on a stream; upstreams choose their ids without knowing of each other. */
    private record Question(LegacyStream on, String upstream, RequestId upstreamId, Consumer<Response> answer) {}

    private final Ticks ticks;
    private final EventLog log;
    private final String key;
    private final boolean primes;
    private final Duration heartbeat;
    private final EraBridge.ClientFacts client;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<RequestId, Question> questions = new ConcurrentHashMap<>();
    private final Map<RequestId, Call> calls = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();

    /** Oldest first. Guarded by the lock. */
    private final LinkedHashMap<String, LegacyStream> streams = new LinkedHashMap<>();

    private final LegacyStream standalone;

    /** By URI, who watches it for this session. */
    private final Map<String, UpstreamManager> watched = new ConcurrentHashMap<>();

    private volatile boolean ended;

    LegacySession(Ticks ticks, EventLog log, SessionRecord opened, Duration heartbeat) {
        this.ticks = ticks;
        this.heartbeat = heartbeat;
        this.log = log;
        this.key = opened.key();
        this.primes = opened.protocolVersion().compareTo(ProtocolVersion.V2025_11_25) >= 0;
        JsonValue params = JsonValue.trusted(opened.initializeParams());
        this.client = new EraBridge.ClientFacts(
                params.get("capabilities")
                        .filter(JsonValue::isObject)
                        .map(JsonValue::toJson)
                        .orElse("{}"),
                params.get("clientInfo")
                        .filter(JsonValue::isObject)
                        .map(JsonValue::toJson)
                        .orElse("{}"),
                Optional.empty());
        this.standalone = new LegacyStream(ticks, log, key, STANDALONE, primes, heartbeat);
    }

    String key() {
        return key;
    }

    EraBridge.ClientFacts client() {
        return client;
    }

    LegacyStream standalone() {
        return standalone;
    }

    /** Opens a stream for the answer to one request. */
    LegacyStream newStream() {
        String name = "p" + Long.toString(numbers.incrementAndGet(), 36);
        LegacyStream stream = new LegacyStream(ticks, log, key, name, primes, heartbeat);
        Optional<String> tooMany;
        lock.lock();
        try {
            tooMany = streams.size() < MAX_STREAMS ? Optional.empty() : Optional.of(leastNeeded());
            tooMany.ifPresent(streams::remove);
            streams.put(name, stream);
        } finally {
            lock.unlock();
        }
        tooMany.ifPresent(other -> log.forget(key, other));
        if (ended) {
            stream.finish();
        }
        return stream;
    }

    /** Returns the oldest stream of an answer that was given, for which nobody may come any more; else the oldest. */
    private String leastNeeded() {
        return streams.entrySet().stream()
                .filter(entry -> entry.getValue().isFinished())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> streams.keySet().iterator().next());
    }

    /** Returns the stream that an event id is of. */
    Optional<LegacyStream> streamOf(String eventId) {
        int end = eventId.lastIndexOf('_');
        String name = end < 0 ? eventId : eventId.substring(0, end);
        if (name.equals(STANDALONE)) {
            return Optional.of(standalone);
        }
        lock.lock();
        try {
            return Optional.ofNullable(streams.get(name));
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number in an event id; -1 if it is none of ours. */
    static long numberOf(String eventId) {
        try {
            return Long.parseLong(eventId.substring(eventId.lastIndexOf('_') + 1));
        } catch (NumberFormatException notOurs) {
            return -1;
        }
    }

    /** Returns whether a call under this id was not under way before. */
    boolean begin(RequestId id, Call call) {
        return calls.putIfAbsent(id, call) == null;
    }

    /** Takes note that a call has ended: what was asked on its stream needs no answer any more. */
    void end(RequestId id, @Nullable LegacyStream stream) {
        calls.remove(id);
        if (stream != null) {
            questions.values().removeIf(question -> question.on() == stream);
        }
    }

    /** Gives up the call that the client names. */
    void cancel(Notification cancelled) {
        cancelled
                .get(Part.PARAMS, "requestId")
                .filter(id -> id.kind() == JsonValue.Kind.STRING || id.kind() == JsonValue.Kind.NUMBER)
                .map(id -> calls.remove(new RequestId(id.toJson())))
                .ifPresent(call ->
                        call.cancel(cancelled.getString(Part.PARAMS, "reason").orElse("the client cancelled")));
    }

    /** Asks the client on a stream what an upstream wants to know, under an id of the session's. */
    void ask(LegacyStream stream, String upstream, Request question, Consumer<Response> answer) {
        if (questions.size() >= MAX_OPEN_QUESTIONS) {
            answer.accept(Questions.cannotBeAsked(question));
            return;
        }
        RequestId id = RequestId.of(numbers.incrementAndGet());
        questions.put(id, new Question(stream, upstream, question.id(), answer));
        stream.send(question.withId(id));
    }

    /** Takes the client's answer to what it was asked. */
    void answered(Response response) {
        response.id()
                .map(questions::remove)
                .ifPresent(question -> question.answer().accept(response.withId(question.upstreamId())));
    }

    /**
     * Returns an upstream's notification as the client understands it: what it was asked, it was asked under our ids.
     * Nothing if a question is taken back that was not asked, or has been answered.
     */
    Optional<Notification> translated(String upstream, Notification notification) {
        if (!notification.method().equals(Methods.CANCELLED)) {
            return Optional.of(notification);
        }
        Optional<String> upstreamId = notification.get(Part.PARAMS, "requestId").map(JsonValue::toJson);
        return questions.entrySet().stream()
                .filter(entry -> entry.getValue().upstream().equals(upstream)
                        && upstreamId.equals(
                                Optional.of(entry.getValue().upstreamId().token())))
                .map(Map.Entry::getKey)
                .findFirst()
                .map(id -> {
                    questions.remove(id);
                    return (Notification) notification
                            .edit()
                            .set(Part.PARAMS, "requestId", id.token())
                            .apply();
                });
    }

    /** Returns whether there is room to watch a resource. */
    boolean mayWatch(String uri) {
        return watched.size() < MAX_WATCHED || watched.containsKey(uri);
    }

    /** Takes note of who watches a resource for this session, which was told to; returns whether nobody did before. */
    boolean watches(String uri, UpstreamManager by) {
        boolean isNew = watched.putIfAbsent(uri, by) == null;
        if (isNew && ended) {
            unwatch(uri);
        }
        return isNew;
    }

    /** Has a resource no longer watched and returns whether it was. */
    boolean unwatch(String uri) {
        UpstreamManager by = watched.remove(uri);
        if (by != null) {
            by.unwatch(uri);
        }
        return by != null;
    }

    @Override
    public void listsChanged(Set<Kind> kinds) {
        if (kinds.contains(Kind.TOOL)) {
            tell(Notification.of(Methods.TOOLS_CHANGED, null));
        }
        if (kinds.contains(Kind.PROMPT)) {
            tell(Notification.of(Methods.PROMPTS_CHANGED, null));
        }
        if (kinds.contains(Kind.RESOURCE) || kinds.contains(Kind.TEMPLATE)) {
            tell(Notification.of(Methods.RESOURCES_CHANGED, null));
        }
    }

    @Override
    public void resourceUpdated(String uri, Notification notification) {
        if (watched.containsKey(uri)) {
            tell(notification);
        }
    }

    /** Nobody reads later what nobody listens to: changes are about the state, which a client reads when it comes. */
    private void tell(Notification notification) {
        if (standalone.isAttached()) {
            standalone.send(notification);
        }
    }

    /** Returns who listens, for this session's client, to what an upstream says outside calls. */
    SessionListener outsideCallsOf(String upstream) {
        return new OutsideCalls(upstream);
    }

    private final class OutsideCalls implements SessionListener {

        private final String upstream;

        OutsideCalls(String upstream) {
            this.upstream = upstream;
        }

        @Override
        public void onNotification(Notification notification) {
            switch (notification.method()) {
                case Methods.TOOLS_CHANGED,
                        Methods.PROMPTS_CHANGED,
                        Methods.RESOURCES_CHANGED,
                        Methods.RESOURCE_UPDATED -> {
                    // Heard of in the gateway's own session, for all clients.
                }
                default -> translated(upstream, notification).ifPresent(LegacySession.this::tell);
            }
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            if (standalone.isAttached()) {
                ask(standalone, upstream, question, answer);
            } else {
                answer.accept(Questions.cannotBeAsked(question));
            }
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            // The next call opens another session with the upstream.
        }
    }

    /** Gives all calls up that are under way. */
    void cancelAll(String reason) {
        calls.values().forEach(call -> call.cancel(reason));
    }

    /** Returns whether it has ended; who opens something for it looks afterwards, and undoes it. */
    boolean hasEnded() {
        return ended;
    }

    /** Takes note that it has ended. */
    void markEnded() {
        ended = true;
    }

    /** Ends all that is under way. */
    void close() {
        markEnded();
        cancelAll("the session ended");
        calls.clear();
        questions.clear();
        List<LegacyStream> all;
        lock.lock();
        try {
            all = List.copyOf(streams.values());
            streams.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(LegacyStream::finish);
        standalone.finish();
        watched.keySet().forEach(this::unwatch);
        log.forget(key);
    }

    @Override
    public String toString() {
        return "LegacySession[" + Json.quote(key) + "]";
    }
}
