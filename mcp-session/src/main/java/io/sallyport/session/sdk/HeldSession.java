package io.sallyport.session.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.sallyport.filter.Refusal;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.SessionRecord;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * What this node holds of a session: the SDK's own session, which knows neither its id nor that there are other nodes, and
 * the streams that this node writes. Thread-safe.
 */
final class HeldSession {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** Between the name of the node that asks and the SDK's own id of the request. */
    private static final char AFTER_NODE = '.';

    private static final int MAX_CALLS = 100;
    private static final int MAX_CONNECTIONS = 16;

    private final SessionStream.Context context;
    private final McpJsonMapper mapper;
    private final String key;
    private final SessionStreams streams;
    private final McpStreamableServerSession sdk;

    private final Set<CallTransport> calls = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();

    /** The version of the record that the SDK's session has been told of, and the resources. Guarded by the lock. */
    private long toldVersion = -1;

    private final Set<String> toldSubscriptions = new HashSet<>();

    /** What the server has said that it offers, once it has. */
    private volatile McpSchema.@Nullable ServerCapabilities offered;

    private volatile boolean ended;
    private volatile long used;

    HeldSession(
            SessionStream.Context context, McpJsonMapper mapper, SessionRecord opened, McpStreamableServerSession sdk) {
        this.context = context;
        this.mapper = mapper;
        this.key = opened.key();
        this.streams = new SessionStreams(context, key, opened);
        this.sdk = sdk;
        use();
        sdk.listeningStream(new Outside());
    }

    String key() {
        return key;
    }

    SessionStreams streams() {
        return streams;
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
        used = context.ticks().now();
    }

    /** Returns whether nothing of it is under way here, and has not been for so long. */
    boolean unusedFor(long nanos) {
        return streams.attached() == 0 && calls.isEmpty() && context.ticks().now() - used > nanos;
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
        if (Message.of(json) instanceof Response response) {
            answered(response);
        }
    }

    /** Returns a message as it is sent: on one line, and, if it asks, with an id that says which node wants to know. */
    String written(McpSchema.JSONRPCMessage message) throws IOException {
        McpSchema.JSONRPCMessage sent = message;
        if (message instanceof McpSchema.JSONRPCRequest request) {
            sent = new McpSchema.JSONRPCRequest(
                    request.jsonrpc(),
                    request.method(),
                    context.node().name() + AFTER_NODE + request.id(),
                    request.params());
        }
        return Message.of(mapper.writeValueAsString(sent)).onOneLine().toJson();
    }

    /** Tells whoever listens at this node. */
    void tellHere(String json) {
        streams.outsideCalls()
                .filter(stream -> !stream.send(json))
                .ifPresent(full -> LOGGER.atDebug()
                        .addKeyValue("session", key)
                        .log("a client does not keep up; it was not told of a change"));
    }

    /** Sends what another node has to say outside calls. */
    void sendForOther(String json) {
        JsonValue message = JsonValue.trusted(json);
        boolean asks = message.get("id").isPresent();
        if (streams.sayForOther(json, asks)) {
            return;
        }
        if (asks) {
            Response refused =
                    Response.error(new RequestId(message.get("id").orElseThrow().toJson()), nobodyListens());
            askedBy(refused).ifPresent(other -> context.node().post(other, answerLetter(key, refused)));
        }
    }

    static Map<String, ?> answerLetter(String key, Response answer) {
        return Map.of(
                "kind",
                "answer",
                "session",
                key,
                "message",
                JsonValue.trusted(answer.onOneLine().toJson()));
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
        streams.finish();
        sdk.close();
    }

    /** Lets go of all that other nodes may go on with: this one stops, and not the session. */
    void leave() {
        ended = true;
        streams.leave();
        List.copyOf(calls)
                .forEach(call -> call.abort(
                        Errors.outcomeUnknown("The node that made this call was stopped before it was answered.")));
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
                streams.sayOutsideCalls(json, asks, isSaid -> {
                    if (isSaid || !asks) {
                        // Nobody reads later what nobody listens to; but who asks has to know.
                        sink.success();
                    } else {
                        sink.error(new IllegalStateException(
                                "the client does not listen, and cannot be asked outside a call"));
                    }
                });
            });
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
