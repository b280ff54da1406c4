package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
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

    private static final int MAX_OPEN_QUESTIONS = 100;
    private static final int MAX_WATCHED = 1000;

    /** A change of each list, and of each resource watched. */
    private static final int MAX_MISSED = MAX_WATCHED + 3;

    /** What the client was asked on a stream; upstreams choose their ids without knowing of each other. */
    private record Question(
            @Nullable SessionStream on, String upstream, RequestId upstreamId, Consumer<Response> answer) {}

    private final String node;
    private final String key;
    private final Principal principal;
    private final SessionStreams streams;
    private final EraBridge.ClientFacts client;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<RequestId, Question> questions = new ConcurrentHashMap<>();
    private final Map<RequestId, Call> calls = new ConcurrentHashMap<>();

    /** By URI, who watches it for this session. */
    private final Map<String, UpstreamManager> watched = new ConcurrentHashMap<>();

    /** Changes that a client which has lost its stream was not told of, each once. */
    private final Map<String, Notification> missed = new ConcurrentHashMap<>();

    private volatile boolean ended;

    /** What becomes, when this has ended, of what it has at upstreams. */
    private volatile Consumer<UpstreamSession> atUpstreams = UpstreamSession::close;

    /** What has changed since the session was opened, where no store keeps it. */
    private final AtomicReference<@Nullable SessionRecord> keptHere = new AtomicReference<>();

    private volatile long used;

    LegacySession(SessionStream.Context context, String key, SessionRecord opened) {
        this.node = context.node().name();
        this.key = key;
        this.principal = opened.principal();
        this.streams = new SessionStreams(context, key, opened);
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

    Principal principal() {
        return principal;
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
                && streams.attached() == 0
                && Duration.ofNanos(now - used).compareTo(time) > 0;
    }

    SessionStreams streams() {
        return streams;
    }

    EraBridge.ClientFacts client() {
        return client;
    }

    /** Returns whether a call under this id was not under way before. */
    boolean begin(RequestId id, Call call) {
        return calls.putIfAbsent(id, call) == null;
    }

    /** Takes note that a call has ended: what was asked on its stream needs no answer any more. */
    void end(RequestId id, @Nullable SessionStream stream) {
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

    /**
     * Asks the client what an upstream wants to know, under an id of the session's.
     *
     * @param stream null to ask outside calls, wherever the client listens
     */
    void ask(@Nullable SessionStream stream, String upstream, Request question, Consumer<Response> answer) {
        if (questions.size() >= MAX_OPEN_QUESTIONS) {
            answer.accept(Questions.cannotBeAsked(question));
            return;
        }
        RequestId id = new RequestId("\"" + node + '.' + numbers.incrementAndGet() + "\"");
        questions.put(id, new Question(stream, upstream, question.id(), answer));
        Consumer<Boolean> done = isAsked -> {
            if (!isAsked && questions.remove(id) != null) {
                answer.accept(Questions.cannotBeAsked(question));
            }
        };
        String asked = line(question.withId(id));
        if (stream == null) {
            streams.sayOutsideCalls(asked, true, done);
        } else {
            done.accept(stream.send(asked));
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
        SessionStream stream = streams.outsideCalls().orElse(null);
        if (stream == null) {
            return;
        }
        if (stream.isAttached()) {
            stream.send(line(notification));
        } else if (missed.size() < MAX_MISSED) {
            String what = notification.method()
                    + notification.getString(Part.PARAMS, "uri").orElse("");
            missed.put(what, notification);
        }
    }

    /** Tells a client that has come back what changed in the meantime. */
    void tellMissed(SessionStream stream) {
        for (String what : List.copyOf(missed.keySet())) {
            Notification notification = missed.remove(what);
            if (notification != null) {
                stream.send(line(notification));
            }
        }
    }

    private static String line(Message message) {
        return message.onOneLine().toJson();
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

        private void say(Notification notification) {
            streams.sayOutsideCalls(line(notification), false, said -> {});
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            ask(null, upstream, question, answer);
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

    /** Returns what becomes, now that this has ended, of what it has at upstreams. */
    Consumer<UpstreamSession> atUpstreams() {
        return atUpstreams;
    }

    /** Takes note that it has ended here, and what becomes of what it has at upstreams. */
    void markEnded(Consumer<UpstreamSession> endAtUpstreams) {
        atUpstreams = endAtUpstreams;
        ended = true;
        streams.markEnded();
    }

    /** Lets go of all that other nodes may go on with: this one stops, and not the session. */
    void leave() {
        streams.leave();
        close();
    }

    /** Ends all that is under way. */
    void close() {
        cancelAll("the session ended");
        calls.clear();
        questions.clear();
        streams.finish();
        watched.keySet().forEach(this::unwatch);
    }

    @Override
    public String toString() {
        return "LegacySession[" + Json.quote(key) + "]";
    }
}
