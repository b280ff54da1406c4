package io.sallyport.session.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * What this node holds of a session: the SDK's own session, which knows neither its id nor that there are other nodes, and
 * the streams that this node writes. Thread-safe.
 */
final class HeldSession {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** Begins the names of streams for what comes outside calls; those of calls begin otherwise. */
    private static final char STANDALONE = 's';

    private static final char OF_CALL = 'p';

    /** Between the name of the node that asks and the SDK's own id of the request. */
    private static final char AFTER_NODE = '.';

    private static final int MAX_CALLS = 100;
    private static final int MAX_CONNECTIONS = 16;

    /**
     * What a dead node has left.
     *
     * @param about what it has written down of the call
     */
    record Inherited(SessionStream stream, String about) {}

    private final SessionStream.Context context;
    private final ClusterNode node;
    private final McpJsonMapper mapper;
    private final String key;
    private final boolean primes;
    private final McpStreamableServerSession sdk;

    /** Those that this node writes and that are not over, by their names. */
    private final Map<String, SessionStream> streams = new ConcurrentHashMap<>();

    private final Set<CallTransport> calls = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    /** The one for what comes outside calls, once a client has asked for one here. */
    private final AtomicReference<@Nullable SessionStream> standalone = new AtomicReference<>();

    private final ReentrantLock lock = new ReentrantLock();

    /** The version of the record that the SDK's session has been told of, and the resources. Guarded by the lock. */
    private long toldVersion = -1;

    private final Set<String> toldSubscriptions = new HashSet<>();

    /** What the server has said that it offers, once it has. */
    private volatile McpSchema.@Nullable ServerCapabilities offered;

    private volatile boolean ended;
    private volatile long used = Ticks.now();

    HeldSession(
            SessionStream.Context context,
            ClusterNode node,
            McpJsonMapper mapper,
            SessionRecord opened,
            McpStreamableServerSession sdk) {
        this.context = context;
        this.node = node;
        this.mapper = mapper;
        this.key = opened.key();
        this.primes = opened.protocolVersion().compareTo(ProtocolVersion.V2025_11_25) >= 0;
        this.sdk = sdk;
        sdk.listeningStream(new Outside());
    }

    String key() {
        return key;
    }

    McpStreamableServerSession sdk() {
        return sdk;
    }

    /** Takes note of what the server offers to this session. */
    void offers(McpSchema.ServerCapabilities capabilities) {
        offered = capabilities;
    }

    /**
     * Tells a client that came from another node to look again: what changed meanwhile, nobody here knows. It does no harm
     * if nothing has.
     */
    void tellOfAll(SessionRecord kept) {
        McpSchema.ServerCapabilities capabilities = offered;
        if (capabilities == null) {
            return;
        }
        if (capabilities.tools() != null && isSet(capabilities.tools().listChanged())) {
            tellHere(Notification.of(Methods.TOOLS_CHANGED, null).toJson());
        }
        if (capabilities.prompts() != null && isSet(capabilities.prompts().listChanged())) {
            tellHere(Notification.of(Methods.PROMPTS_CHANGED, null).toJson());
        }
        if (capabilities.resources() != null && isSet(capabilities.resources().listChanged())) {
            tellHere(Notification.of(Methods.RESOURCES_CHANGED, null).toJson());
        }
        kept.subscriptions()
                .forEach(uri -> tellHere(Notification.of(Methods.RESOURCE_UPDATED, Map.of("uri", uri))
                        .toJson()));
    }

    private static boolean isSet(@Nullable Boolean flag) {
        return Boolean.TRUE.equals(flag);
    }

    /** Takes note that it is used here. */
    void use() {
        used = Ticks.now();
    }

    /** Returns whether nothing of it is under way here, and has not been for so long. */
    boolean unusedFor(long nanos) {
        return streams.isEmpty() && calls.isEmpty() && Ticks.now() - used > nanos;
    }

    /** Tells the SDK's session what has changed at other nodes: the log level, and what is watched. */
    void tell(SessionRecord kept) {
        Set<String> toWatch = new HashSet<>(kept.subscriptions());
        Set<String> toLeave = new HashSet<>();
        lock.lock();
        try {
            if (kept.version() <= toldVersion) {
                return;
            }
            toldVersion = kept.version();
            toLeave.addAll(toldSubscriptions);
            toLeave.removeAll(kept.subscriptions());
            toWatch.removeAll(toldSubscriptions);
            toldSubscriptions.clear();
            toldSubscriptions.addAll(kept.subscriptions());
        } finally {
            lock.unlock();
        }
        kept.logLevel().ifPresent(level -> sdk.setMinLoggingLevel(McpSchema.LoggingLevel.fromValue(level)));
        toWatch.forEach(uri -> tell(Methods.RESOURCES_SUBSCRIBE, uri));
        toLeave.forEach(uri -> tell(Methods.RESOURCES_UNSUBSCRIBE, uri));
    }

    private void tell(String method, String uri) {
        sdk.responseStream(new Discarding())
                .handle(new McpSchema.JSONRPCRequest(method, "told", Map.of("uri", uri)))
                .subscribe(
                        done -> {},
                        failure -> LOGGER.atDebug()
                                .addKeyValue("session", key)
                                .addKeyValue("reason", failure.toString())
                                .log("what is watched could not be told"));
    }

    /** Opens a stream for the answer to one request, with what another node has to know of it. */
    SessionStream newStream(Connection connection, CallNote note) {
        SessionStream stream = stream(OF_CALL + ClusterNode.newName(), null);
        stream.begin(connection, note.encoded(), primes);
        return stream;
    }

    private SessionStream stream(String name, EventLog.@Nullable Pen taken) {
        SessionStream stream = new SessionStream(context, key, name, () -> streams.remove(name), taken);
        streams.put(name, stream);
        if (ended) {
            stream.finish();
        }
        return stream;
    }

    /** Takes a place for one more connection that listens; given back when the connection ends. */
    boolean mayListen() {
        if (connections.incrementAndGet() > MAX_CONNECTIONS) {
            connections.decrementAndGet();
            return false;
        }
        return true;
    }

    void listensNoMore() {
        connections.decrementAndGet();
    }

    /** Opens a stream for what comes outside calls, instead of the one before. */
    void listen(Connection connection) {
        SessionStream stream = stream(STANDALONE + ClusterNode.newName(), null);
        stream.begin(connection, "{}", primes);
        replaceStandalone(stream);
    }

    private void replaceStandalone(@Nullable SessionStream stream) {
        SessionStream former = standalone.getAndSet(stream);
        if (former != null && former != stream) {
            former.finish();
        }
    }

    /** Goes on with a stream of this node of which the client has seen the events up to a number; false if it is none. */
    boolean resume(Connection connection, String name, long lastEvent) {
        SessionStream here = streams.get(name);
        if (here != null) {
            here.resume(connection, lastEvent);
        }
        return here != null;
    }

    /** Takes over, from whichever node has it, the stream for what comes outside calls. */
    Optional<SessionStream> takeStandalone(String name) {
        Optional<SessionStream> taken =
                context.log().take(key, name, context.node(), true).map(pen -> stream(name, pen));
        taken.ifPresent(this::replaceStandalone);
        return taken;
    }

    /** Takes over the stream of a call from a node that is dead. */
    Optional<Inherited> inherit(String name) {
        return context.log()
                .take(key, name, context.node(), false)
                .map(pen -> new Inherited(stream(name, pen), pen.about()));
    }

    /** Lets go of the stream outside calls: the client listens at another node now. */
    void letGoStandalone() {
        replaceStandalone(null);
    }

    static boolean isStandalone(String streamName) {
        return !streamName.isEmpty() && streamName.charAt(0) == STANDALONE;
    }

    /** Returns whether there is room for one more call. */
    boolean begin(CallTransport call) {
        if (calls.size() >= MAX_CALLS) {
            return false;
        }
        calls.add(call);
        if (ended) {
            call.abort(Errors.sessionNotFound("ended"));
        }
        return true;
    }

    void end(CallTransport call) {
        calls.remove(call);
        use();
    }

    /** Returns the node that has asked what this answers, if it is one of our ids. */
    static Optional<String> askedBy(Response answer) {
        return questionId(answer).map(id -> id.substring(0, id.indexOf(AFTER_NODE)));
    }

    private static Optional<String> questionId(Response answer) {
        return answer.id()
                .map(RequestId::token)
                .flatMap(token -> JsonValue.trusted(token).asString())
                .filter(id -> id.indexOf(AFTER_NODE) > 0);
    }

    /** Takes the client's answer to what it was asked here. Nobody waits for an answer to anything else. */
    void answered(Response answer) {
        Optional<String> id = questionId(answer).map(text -> text.substring(text.indexOf(AFTER_NODE) + 1));
        if (id.isEmpty()) {
            return;
        }
        McpSchema.JSONRPCMessage message;
        try {
            message = McpSchema.deserializeJsonRpcMessage(mapper, answer.toJson());
        } catch (IOException | IllegalArgumentException e) {
            LOGGER.atDebug()
                    .addKeyValue("session", key)
                    .addKeyValue("reason", e.toString())
                    .log("an answer was not understood");
            return;
        }
        if (message instanceof McpSchema.JSONRPCResponse response) {
            sdk.accept(new McpSchema.JSONRPCResponse(response.jsonrpc(), id.get(), response.result(), response.error()))
                    .subscribe(
                            done -> {},
                            nobodyWaits -> LOGGER.atDebug()
                                    .addKeyValue("session", key)
                                    .log("an answer came that nobody waits for"));
        }
    }

    /** As {@link #answered}, with an answer that came to another node. */
    void answeredElsewhere(String json) {
        try {
            if (Message.parse(
                            json.getBytes(StandardCharsets.UTF_8),
                            MessageLimits.forUpstreams().withMaxBytes(json.length() * 3 + 1))
                    instanceof Response response) {
                answered(response);
            }
        } catch (MalformedMessageException e) {
            throw new IllegalArgumentException("an answer that another node has taken is none", e);
        }
    }

    /** Returns a message as it is sent: on one line, and, if it asks, with an id that says which node wants to know. */
    String written(McpSchema.JSONRPCMessage message) throws IOException {
        McpSchema.JSONRPCMessage sent = message;
        if (message instanceof McpSchema.JSONRPCRequest request) {
            sent = new McpSchema.JSONRPCRequest(
                    request.jsonrpc(), request.method(), context.node() + AFTER_NODE + request.id(), request.params());
        }
        return oneLine(mapper.writeValueAsString(sent));
    }

    /** Between tokens a line break means nothing, and within strings there is none; in an event it would end a line. */
    static String oneLine(String json) {
        return json.replace('\n', ' ').replace('\r', ' ');
    }

    /** Tells whoever listens at this node. */
    void tellHere(String json) {
        SessionStream stream = standalone.get();
        if (stream != null && !stream.send(json, () -> {})) {
            LOGGER.atDebug().addKeyValue("session", key).log("a client does not keep up; it was not told of a change");
        }
    }

    /** Sends what another node has to say outside calls. */
    void sendForOther(String json) {
        SessionStream stream = standalone.get();
        JsonValue message = JsonValue.trusted(json);
        boolean asks = message.get("id").isPresent();
        if (stream != null && (!asks || stream.isAttached()) && stream.send(json, () -> {})) {
            return;
        }
        if (asks) {
            Response refused =
                    Response.error(new RequestId(message.get("id").orElseThrow().toJson()), nobodyListens());
            askedBy(refused).ifPresent(other -> node.post(other, answerLetter(key, refused)));
        }
    }

    static Map<String, ?> answerLetter(String key, Response answer) {
        return Map.of(
                "kind", "answer", "session", key, "message", answer.onOneLine().toJson());
    }

    private static McpError nobodyListens() {
        return Errors.of(Refusal.of(Refusal.Kind.UNAVAILABLE, "sessions", "The client does not listen."));
    }

    /** Returns whether it has ended; who opens something for it looks afterwards, and undoes it. */
    boolean hasEnded() {
        return ended;
    }

    /** Ends all that is under way here, because the session has ended. */
    void close(McpError why) {
        ended = true;
        List.copyOf(calls).forEach(call -> call.abort(why));
        List.copyOf(streams.values()).forEach(SessionStream::finish);
        sdk.close();
    }

    /** Ends all that is under way here, because this node ends; the client goes on at another one. */
    void leave() {
        ended = true;
        List.copyOf(calls)
                .forEach(call -> call.abort(
                        Errors.outcomeUnknown("The node that made this call was stopped before it was answered.")));
        SessionStream listening = standalone.getAndSet(null);
        if (listening != null) {
            listening.release();
        }
        sdk.close();
    }

    @Override
    public String toString() {
        return "HeldSession[" + key + "]";
    }

    /**
     * What the SDK takes for the client's listening stream: always there, and wherever the client listens. What it says
     * here is said at that node.
     */
    private final class Outside implements McpStreamableServerTransport {

        @Override
        public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
            return Mono.create(sink -> {
                String json;
                try {
                    json = written(message);
                } catch (IOException | RuntimeException e) {
                    sink.error(e);
                    return;
                }
                boolean asks = message instanceof McpSchema.JSONRPCRequest;
                SessionStream here = standalone.get();
                if (here != null && (!asks || here.isAttached())) {
                    if (!here.send(json, sink::success)) {
                        sink.error(new IllegalStateException("the client does not keep up"));
                    }
                } else if (here == null && node.isShared()) {
                    context.executor().execute(() -> sendElsewhere(json, asks, sink));
                } else {
                    nobody(asks, sink);
                }
            });
        }

        private void sendElsewhere(String json, boolean asks, MonoSink<Void> sink) {
            try {
                Optional<String> other = context.log().streams(key).stream()
                        .filter(stream -> isStandalone(stream.stream()) && !stream.isFinished())
                        .map(EventLog.Summary::writer)
                        .filter(writer -> !writer.equals(context.node()))
                        .findFirst();
                boolean told = other.isPresent()
                        && node.post(other.get(), Map.of("kind", "outside", "session", key, "message", json))
                                == ClusterBus.Posted.KEPT;
                if (told) {
                    sink.success();
                } else {
                    nobody(asks, sink);
                }
            } catch (StoreUnavailableException e) {
                sink.error(e);
            }
        }

        /** Nobody reads later what nobody listens to; but who asks has to know. */
        private void nobody(boolean asks, MonoSink<Void> sink) {
            if (asks) {
                sink.error(new IllegalStateException("the client does not listen, and cannot be asked outside a call"));
            } else {
                sink.success();
            }
        }

        @Override
        public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message, String messageId) {
            return sendMessage(message);
        }

        @Override
        public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
            return mapper.convertValue(data, type);
        }

        @Override
        public Mono<Void> closeGracefully() {
            return Mono.empty();
        }

        @Override
        public void close() {
            // It lives as long as the session does.
        }
    }

    /** For what the SDK's session is told without being asked for an answer. */
    private final class Discarding implements McpStreamableServerTransport {

        @Override
        public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message, String messageId) {
            return Mono.empty();
        }

        @Override
        public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
            return mapper.convertValue(data, type);
        }

        @Override
        public Mono<Void> closeGracefully() {
            return Mono.empty();
        }
    }
}
