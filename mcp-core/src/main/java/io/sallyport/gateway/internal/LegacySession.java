package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
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
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What this node holds of a legacy session: its streams, its calls, and what its client was asked. Thread-safe. */
final class LegacySession implements ServedEndpoint.Listener {

    /** Begins the names of streams for what comes outside calls; those of calls begin otherwise. */
    private static final char STANDALONE = 's';

    private static final char OF_CALL = 'p';
    private static final int NAME_DIGITS = 10;

    private static final int MAX_OPEN_QUESTIONS = 100;
    private static final int MAX_WATCHED = 1000;

    /** A change of each list, and of each resource watched. */
    private static final int MAX_MISSED = MAX_WATCHED + 3;

    /** What the client was asked on a stream; upstreams choose their ids without knowing of each other. */
    private record Question(LegacyStream on, String upstream, RequestId upstreamId, Consumer<Response> answer) {}

    private final LegacyStream.Context context;
    private final String key;
    private final boolean primes;
    private final EraBridge.ClientFacts client;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<RequestId, Question> questions = new ConcurrentHashMap<>();
    private final Map<RequestId, Call> calls = new ConcurrentHashMap<>();

    /** Those that this node writes and that are not over, by their names. */
    private final Map<String, LegacyStream> streams = new ConcurrentHashMap<>();

    /** The one for what comes outside calls, once a client has asked for one here. */
    private final AtomicReference<@Nullable LegacyStream> standalone = new AtomicReference<>();

    /** By URI, who watches it for this session. */
    private final Map<String, UpstreamManager> watched = new ConcurrentHashMap<>();

    /** Changes that a client which has lost its stream was not told of, each once. */
    private final Map<String, Notification> missed = new ConcurrentHashMap<>();

    private volatile boolean ended;

    /** What has changed since the session was opened, where no store keeps it. */
    private final AtomicReference<@Nullable SessionRecord> keptHere = new AtomicReference<>();

    private volatile long used;

    LegacySession(LegacyStream.Context context, String key, SessionRecord opened) {
        this.context = context;
        this.key = key;
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
    }

    String key() {
        return key;
    }

    Optional<SessionRecord> keptHere() {
        return Optional.ofNullable(keptHere.get());
    }

    void keepHere(SessionRecord changed) {
        keptHere.set(changed);
    }

    /** Takes note that a request came here. */
    void use(long now) {
        used = now;
    }

    /** Returns whether nothing is under way here and nothing was for so long. */
    boolean isUnusedFor(Duration time, long now) {
        return calls.isEmpty()
                && streams.values().stream().noneMatch(LegacyStream::isAttached)
                && Duration.ofNanos(now - used).compareTo(time) > 0;
    }

    int attached() {
        return (int) streams.values().stream().filter(LegacyStream::isAttached).count();
    }

    EraBridge.ClientFacts client() {
        return client;
    }

    /**
     * Opens a stream for the answer to one request.
     *
     * @param about the call, for a node that takes it over
     */
    LegacyStream newStream(EventStream connection, String about) {
        LegacyStream stream = stream(OF_CALL + Cluster.name(NAME_DIGITS), null);
        stream.begin(connection, about, primes);
        return stream;
    }

    private LegacyStream stream(String name, EventLog.@Nullable Pen taken) {
        Runnable over = () -> streams.remove(name);
        LegacyStream stream = taken == null
                ? new LegacyStream(context, key, name, over)
                : new LegacyStream(context, key, name, over, taken);
        streams.put(name, stream);
        if (ended) {
            stream.finish();
        }
        return stream;
    }

    /** Opens a stream for what comes outside calls, instead of the one before. */
    void listen(EventStream connection) {
        LegacyStream stream = stream(STANDALONE + Cluster.name(NAME_DIGITS), null);
        stream.begin(connection, "{}", primes);
        LegacyStream former = standalone.getAndSet(stream);
        if (former != null) {
            former.finish();
        }
    }

    /** Goes on with a stream of which the client has seen the events up to a number. */
    Optional<LegacyStream> resume(EventStream connection, String name, long lastEvent) {
        LegacyStream here = streams.get(name);
        if (here != null) {
            here.resume(connection, lastEvent, isStandalone(name) ? () -> tellMissed(here) : () -> {});
        }
        return Optional.ofNullable(here);
    }

    /**
     * Takes over, from whichever node has it, the stream for what comes outside calls.
     *
     * @param then run when the client listens to it
     */
    Optional<LegacyStream> takeStandalone(EventStream connection, String name, long lastEvent, Runnable then) {
        Optional<LegacyStream> taken = requireNonNull(context.log())
                .take(key, name, context.node(), true)
                .map(pen -> stream(name, pen));
        taken.map(standalone::getAndSet).ifPresent(LegacyStream::finish);
        taken.ifPresent(stream -> stream.resume(connection, lastEvent, then));
        return taken;
    }

    /** Takes over the stream of a call from a node that is dead. */
    Optional<Inherited> inherit(String name) {
        return requireNonNull(context.log())
                .take(key, name, context.node(), false)
                .map(pen -> new Inherited(stream(name, pen), pen.about()));
    }

    /**
     * What a dead node has left.
     *
     * @param about what it has written down of the call
     */
    record Inherited(LegacyStream stream, String about) {}

    /** Lets go of the stream outside calls: the client listens at another node now. */
    void letGoStandalone() {
        LegacyStream former = standalone.getAndSet(null);
        if (former != null) {
            former.finish();
        }
    }

    static boolean isStandalone(String streamName) {
        return !streamName.isEmpty() && streamName.charAt(0) == STANDALONE;
    }

    /** Returns the name of the stream that an event id is of. */
    static String streamOf(String eventId) {
        int end = eventId.lastIndexOf('_');
        return end < 0 ? eventId : eventId.substring(0, end);
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

    /** Gives up the call that the client names; returns whether it is one of this node's. */
    boolean cancel(RequestId id, String reason) {
        Call call = calls.remove(id);
        if (call != null) {
            call.cancel(reason);
        }
        return call != null;
    }

    /** Asks the client on a stream what an upstream wants to know, under an id of the session's. */
    void ask(LegacyStream stream, String upstream, Request question, Consumer<Response> answer) {
        if (questions.size() >= MAX_OPEN_QUESTIONS) {
            answer.accept(Questions.cannotBeAsked(question));
            return;
        }
        RequestId id = new RequestId("\"" + context.node() + '.' + numbers.incrementAndGet() + "\"");
        questions.put(id, new Question(stream, upstream, question.id(), answer));
        if (!stream.send(question.withId(id)) && questions.remove(id) != null) {
            answer.accept(Questions.cannotBeAsked(question));
        }
    }

    /** Returns the node that has asked what this answers, if it is one of our ids. */
    static Optional<String> askedBy(Response answer) {
        return answer.id()
                .map(RequestId::token)
                .filter(token -> token.startsWith("\""))
                .flatMap(token -> {
                    int end = token.lastIndexOf('.');
                    return end < 0 ? Optional.empty() : Optional.of(token.substring(1, end));
                });
    }

    /** Takes the client's answer to what it was asked. */
    void answered(Response response) {
        response.id()
                .map(questions::remove)
                .ifPresent(question -> question.answer().accept(response.withId(question.upstreamId())));
    }

    /** As {@link #answered}, with an answer that came to another node. */
    void answeredElsewhere(String json) {
        try {
            if (Message.parse(json.getBytes(StandardCharsets.UTF_8), MessageLimits.forClients())
                    instanceof Response response) {
                answered(response);
            }
        } catch (MalformedMessageException e) {
            throw new IllegalArgumentException("an answer that another node has taken is none", e);
        }
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

    /**
     * Tells the client of a change. One that has lost its stream is told when it comes back, of each change once; one
     * that never listened reads the state when it wants it.
     */
    private void tell(Notification notification) {
        LegacyStream stream = standalone.get();
        if (stream == null) {
            return;
        }
        if (stream.isAttached()) {
            stream.send(notification);
        } else if (missed.size() < MAX_MISSED) {
            String what = notification.method()
                    + notification.getString(Part.PARAMS, "uri").orElse("");
            missed.put(what, notification);
        }
    }

    /** Tells a client that has come back what changed in the meantime. */
    private void tellMissed(LegacyStream stream) {
        for (String what : List.copyOf(missed.keySet())) {
            Notification notification = missed.remove(what);
            if (notification != null) {
                stream.send(notification);
            }
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
                default -> translated(upstream, notification).ifPresent(this::say);
            }
        }

        /** What is no change is for those who listen when it is said. */
        private void say(Notification notification) {
            LegacyStream stream = standalone.get();
            if (stream != null && stream.isAttached()) {
                stream.send(notification);
            }
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            LegacyStream stream = standalone.get();
            if (stream != null && stream.isAttached()) {
                ask(stream, upstream, question, answer);
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

    /** Lets go of all that other nodes may go on with: this one stops, and not the session. */
    void leave() {
        List.copyOf(streams.values()).forEach(LegacyStream::leave);
        close();
    }

    /** Ends all that is under way. */
    void close() {
        markEnded();
        cancelAll("the session ended");
        calls.clear();
        questions.clear();
        List.copyOf(streams.values()).forEach(LegacyStream::finish);
        watched.keySet().forEach(this::unwatch);
    }

    @Override
    public String toString() {
        return "LegacySession[" + Json.quote(key) + "]";
    }
}
