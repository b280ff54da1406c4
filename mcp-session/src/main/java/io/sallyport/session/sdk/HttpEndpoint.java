package io.sallyport.session.sdk;

import static java.util.Objects.requireNonNull;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import io.modelcontextprotocol.server.transport.HeaderAccessor;
import io.modelcontextprotocol.server.transport.ServerHttpHeaderValidator;
import io.modelcontextprotocol.server.transport.ServerTransportSecurityException;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.sallyport.filter.Refusal;
import io.sallyport.gateway.servlet.ServletReply;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.Principal;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.EventStream;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.stream.Sse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the HTTP requests of a provider's clients. Thread-safe. */
final class HttpEndpoint {

    static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    /** What it says is kept as long as the session. */
    private static final int MAX_INITIALIZE_BYTES = 64 * 1024;

    /** What the host has set; {@link ClusteredStreamableServerTransportProvider.Builder} says what it means. */
    record Settings(
            McpJsonMapper mapper,
            String path,
            boolean disallowDelete,
            McpTransportContextExtractor<HttpServletRequest> contextExtractor,
            Function<HttpServletRequest, Principal> principal,
            ServerHttpHeaderValidator headerValidator,
            Function<HttpServletRequest, UnaryOperator<Runnable>> aroundCalls,
            MessageLimits limits) {}

    private final Settings settings;
    private final Sessions sessions;
    private final Executor calls;

    HttpEndpoint(Settings settings, Sessions sessions, Executor calls) {
        this.settings = settings;
        this.sessions = sessions;
        this.calls = calls;
    }

    /** One request. */
    private record Exchange(HttpServletRequest request, ServletReply reply, Principal principal) {

        List<String> headers(String name) {
            return Collections.list(request.getHeaders(name));
        }

        boolean accepts(String type) {
            String accept = String.join(",", headers("Accept")).toLowerCase(Locale.ROOT);
            return accept.contains(type) || accept.contains("*/*");
        }

        void refuse(@Nullable RequestId id, Refusal refusal) {
            error(refusal.kind().status(), id, Errors.of(refusal));
        }

        void error(int status, @Nullable RequestId id, McpError error) {
            reply.answer(status, JSON, Response.error(id, error));
        }
    }

    /** Answers a request, now or later. To be called by the container's thread. */
    void handle(HttpServletRequest request, ServletReply reply) {
        try {
            serve(request, reply);
        } catch (StoreUnavailableException e) {
            refuse(reply, Errors.unavailable("Sessions cannot be served just now."));
        } catch (RejectedExecutionException full) {
            refuse(reply, Errors.overloaded("There is no room for this request just now."));
        } catch (IOException e) {
            // The client has gone before it had said everything.
            reply.answer(400, JSON, Response.error(null, invalid("The request ended early.")));
        } catch (RuntimeException e) {
            LOGGER.atError().setCause(e).log("a request failed");
            reply.answer(500, JSON, Response.error(null, Errors.internal()));
        }
    }

    static void refuse(ServletReply reply, Refusal refusal) {
        reply.answer(refusal.kind().status(), JSON, Response.error(null, Errors.of(refusal)));
    }

    private void serve(HttpServletRequest request, ServletReply reply) throws IOException {
        if (!isHere(request)) {
            reply.answer(404, JSON, Response.error(null, invalid("There is no MCP endpoint at this path.")));
            return;
        }
        try {
            settings.headerValidator().validate(new Headers(request));
        } catch (ServerTransportSecurityException e) {
            String why = Objects.requireNonNullElse(e.getMessage(), "Forbidden");
            reply.answer(e.getStatusCode(), JSON, Response.error(null, invalid(why)));
            return;
        }
        Principal principal = requireNonNull(settings.principal().apply(request), "the principal of a request");
        Exchange exchange = new Exchange(request, reply, principal);
        switch (request.getMethod()) {
            case "POST" -> post(exchange);
            case "GET" -> get(exchange);
            case "DELETE" -> delete(exchange);
            default -> notAllowed(exchange);
        }
    }

    /** The servlet may be mapped to the path itself or to one above it; nothing below the path is the endpoint. */
    private boolean isHere(HttpServletRequest request) {
        String inServlet = Objects.requireNonNullElse(request.getPathInfo(), "");
        return (request.getServletPath() + inServlet).equals(settings.path()) || inServlet.equals(settings.path());
    }

    private void notAllowed(Exchange exchange) {
        String allowed = settings.disallowDelete() ? "POST, GET" : "POST, GET, DELETE";
        Map<String, String> headers = new LinkedHashMap<>(JSON);
        headers.put("Allow", allowed);
        exchange.reply()
                .answer(405, headers, Response.error(null, invalid("Method not allowed; allowed are " + allowed)));
    }

    private void post(Exchange exchange) throws IOException {
        if (!isJson(exchange.request().getContentType())) {
            exchange.error(415, null, invalid("Unsupported media type; send Content-Type: application/json"));
            return;
        }
        if (!exchange.accepts("application/json") || !exchange.accepts("text/event-stream")) {
            exchange.error(406, null, invalid("Not acceptable; send Accept: application/json, text/event-stream"));
            return;
        }
        int most = settings.limits().maxBytes();
        byte[] body = exchange.request().getInputStream().readNBytes(most + 1);
        if (body.length > most) {
            exchange.error(413, null, invalid("The body has more than " + most + " bytes."));
            return;
        }
        Message message;
        McpSchema.JSONRPCMessage sdkMessage;
        try {
            message = Message.parse(body, settings.limits());
            sdkMessage = McpSchema.deserializeJsonRpcMessage(settings.mapper(), message.toJson());
        } catch (MalformedMessageException e) {
            McpError error = McpError.of(e.kind().code(), "Invalid message: " + e.getMessage());
            exchange.error(400, e.id().orElse(null), error);
            return;
        } catch (IOException | IllegalArgumentException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("the SDK does not read a message");
            exchange.error(400, null, invalid("Invalid message."));
            return;
        }
        if (message instanceof Request request && request.method().equals(Methods.INITIALIZE)) {
            initialize(exchange, request);
            return;
        }
        boolean isFirst =
                message instanceof Notification first && first.method().equals(Methods.INITIALIZED);
        Sessions.Open open = session(exchange, message, !isFirst);
        if (open == null) {
            return;
        }
        if (message instanceof Request request) {
            call(exchange, open, request, (McpSchema.JSONRPCRequest) sdkMessage);
        } else if (message instanceof Notification) {
            notification(exchange, open, (McpSchema.JSONRPCNotification) sdkMessage);
        } else if (sessions.answered(open, (Response) message) == ClusterBus.Posted.FULL) {
            exchange.refuse(null, Errors.overloaded("The node that waits for this answer does not keep up."));
        } else {
            // Nobody waits any more for the answer to what a dead node has asked.
            exchange.reply().answer(202, Map.of(), null);
        }
    }

    private static boolean isJson(@Nullable String contentType) {
        return contentType != null && contentType.split(";", 2)[0].strip().equalsIgnoreCase("application/json");
    }

    private void initialize(Exchange exchange, Request request) {
        if (request.size() > MAX_INITIALIZE_BYTES) {
            String why = "initialize has more than " + MAX_INITIALIZE_BYTES + " bytes, which are allowed";
            exchange.error(400, request.id(), McpError.of(ErrorCodes.INVALID_PARAMS, why));
            return;
        }
        String params = request.get(Part.PARAMS).map(JsonValue::toJson).orElse("{}");
        McpStreamableServerSession.McpStreamableServerSessionInit init;
        try {
            init = sessions.start(params);
        } catch (IOException | IllegalArgumentException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("the SDK does not read an initialize");
            String why = "The parameters of initialize are not valid.";
            exchange.error(400, request.id(), McpError.of(ErrorCodes.INVALID_PARAMS, why));
            return;
        }
        McpTransportContext context = settings.contextExtractor().extract(exchange.request());
        calls.execute(around(exchange)
                .apply(() -> init.initResult()
                        .contextWrite(ctx -> ctx.put(McpTransportContext.KEY, context))
                        .subscribe(
                                result -> initialized(exchange, request, params, init.session(), result),
                                failure -> notOpened(exchange, request, init.session(), failure))));
    }

    private UnaryOperator<Runnable> around(Exchange exchange) {
        return settings.aroundCalls().apply(exchange.request());
    }

    /** The session is kept before the client learns its id. */
    private void initialized(
            Exchange exchange,
            Request request,
            String params,
            McpStreamableServerSession session,
            McpSchema.InitializeResult result) {
        try {
            String json = settings.mapper().writeValueAsString(result);
            Optional<String> id = sessions.open(session, settings.path(), exchange.principal(), result, params);
            if (id.isEmpty()) {
                session.close();
                exchange.refuse(request.id(), Errors.overloaded("There is no room for another session."));
                return;
            }
            Map<String, String> headers = new LinkedHashMap<>(JSON);
            headers.put(McpHeaders.SESSION_ID, id.get());
            exchange.reply().answer(200, headers, Response.resultJson(request.id(), json));
        } catch (StoreUnavailableException e) {
            session.close();
            exchange.refuse(request.id(), Errors.unavailable("No session can be opened just now."));
        } catch (IOException | RuntimeException e) {
            notOpened(exchange, request, session, e);
        }
    }

    private static void notOpened(
            Exchange exchange, Request request, McpStreamableServerSession session, Throwable failure) {
        LOGGER.atError().setCause(failure).log("a session could not be opened");
        session.close();
        exchange.error(500, request.id(), Errors.internal());
    }

    /** Returns the session that the headers name; null if there is none, and then the client was told. */
    private Sessions.@Nullable Open session(Exchange exchange, @Nullable Message message, boolean isInitialized) {
        RequestId id = message instanceof Request request ? request.id() : null;
        List<String> ids = exchange.headers(McpHeaders.SESSION_ID);
        if (ids.size() != 1) {
            String why = ids.isEmpty()
                    ? " is missing; send initialize first and repeat the one of its answer"
                    : " was sent more than once";
            exchange.error(400, id, invalid("The header " + McpHeaders.SESSION_ID + why));
            return null;
        }
        Sessions.Found found = sessions.find(ids.get(0), settings.path(), exchange.principal(), isInitialized);
        if (found instanceof Sessions.None none) {
            exchange.error(404, id, Errors.sessionNotFound(none.reason()));
            return null;
        }
        Sessions.Open open = (Sessions.Open) found;
        List<String> versions = exchange.headers(McpHeaders.PROTOCOL_VERSION);
        boolean known = versions.isEmpty()
                || versions.size() == 1
                        && ProtocolVersion.isServedLegacy(versions.get(0).strip());
        if (!known) {
            String why = "The header " + McpHeaders.PROTOCOL_VERSION + " names no revision that is served here; this "
                    + "session speaks " + open.kept().protocolVersion();
            exchange.error(
                    400,
                    id,
                    new McpError(ErrorCodes.INVALID_REQUEST, why, Map.of("supported", ProtocolVersion.LEGACY)));
            return null;
        }
        return open;
    }

    private void notification(Exchange exchange, Sessions.Open open, McpSchema.JSONRPCNotification notification) {
        McpTransportContext context = context(exchange, open);
        Runnable handling = () -> open.session()
                .sdk()
                .accept(notification)
                .contextWrite(ctx -> ctx.put(McpTransportContext.KEY, context))
                .subscribe(
                        done -> {},
                        failure -> LOGGER.atWarn()
                                .addKeyValue("session", open.session().key())
                                .addKeyValue("method", notification.method())
                                .addKeyValue("error", failure.toString())
                                .log("the server failed at a notification"));
        calls.execute(around(exchange).apply(handling));
        exchange.reply().answer(202, Map.of(), null);
    }

    private void call(Exchange exchange, Sessions.Open open, Request request, McpSchema.JSONRPCRequest sdkRequest) {
        McpTransportContext context = context(exchange, open);
        UnaryOperator<Runnable> around = around(exchange);
        CallTransport transport = new CallTransport(
                open.session(),
                settings.mapper(),
                sessions.streams(),
                CallNote.of(request, ""),
                exchange.reply(),
                null,
                () -> keepChange(open, request));
        if (!open.session().begin(transport)) {
            exchange.refuse(request.id(), Errors.tooMany("Too many calls of this session are under way."));
            return;
        }
        if (request.method().equals(Methods.TOOLS_CALL)) {
            // It may change something: whatever happens to this node, its client can ask what became of it.
            transport.beginStream();
        } else {
            transport.beginStreamLater();
        }
        Runnable handling = around.apply(() -> handle(open.session(), transport, sdkRequest, context));
        try {
            calls.execute(handling);
        } catch (RejectedExecutionException full) {
            transport.abort(Errors.of(Errors.overloaded("There is no room for this request just now.")));
        }
    }

    private static void handle(
            HeldSession session,
            CallTransport transport,
            McpSchema.JSONRPCRequest request,
            McpTransportContext context) {
        session.sdk()
                .responseStream(transport)
                .handle(request)
                .contextWrite(ctx -> ctx.put(McpTransportContext.KEY, context))
                .subscribe(done -> {}, failure -> {
                    LOGGER.atError()
                            .addKeyValue("session", session.key())
                            .addKeyValue("method", request.method())
                            .setCause(failure)
                            .log("a call failed");
                    transport.close();
                });
    }

    /** What the client has set for its session has to be known at the next node. */
    private void keepChange(Sessions.Open open, Request request) {
        switch (request.method()) {
            case Methods.SET_LEVEL ->
                request.getString(Part.PARAMS, "level")
                        .ifPresent(level -> sessions.update(open, kept -> kept.withLogLevel(level)));
            case Methods.RESOURCES_SUBSCRIBE -> watch(open, request, true);
            case Methods.RESOURCES_UNSUBSCRIBE -> watch(open, request, false);
            default -> {
                // Changes nothing of the session.
            }
        }
    }

    private void watch(Sessions.Open open, Request request, boolean isWatched) {
        request.getString(Part.PARAMS, "uri")
                .ifPresent(uri -> sessions.update(open, kept -> {
                    Set<String> uris = new LinkedHashSet<>(kept.subscriptions());
                    if (isWatched) {
                        uris.add(uri);
                    } else {
                        uris.remove(uri);
                    }
                    return kept.withSubscriptions(uris);
                }));
    }

    private void get(Exchange exchange) {
        if (!exchange.accepts("text/event-stream")) {
            exchange.error(406, null, invalid("GET answers with a stream; send Accept: text/event-stream"));
            return;
        }
        Sessions.Open open = session(exchange, null, true);
        if (open == null) {
            return;
        }
        if (!open.session().mayListen()) {
            exchange.refuse(null, Errors.tooMany("Too many streams of this session are open."));
            return;
        }
        Resumed resumed = new Resumed(open, context(exchange, open), around(exchange));
        EventStream connection = exchange.reply().openStream(Sse.HEADERS);
        connection.onEnd(open.session()::listensNoMore);
        List<String> lastEvents = exchange.headers(McpHeaders.LAST_EVENT_ID);
        if (lastEvents.isEmpty()) {
            sessions.listens(open.session(), open.session().streams().listen(connection));
        } else {
            open.session().streams().resume(connection, lastEvents.get(0), resumed);
        }
    }

    /** What is due when a client goes on with a stream. */
    private final class Resumed implements SessionStreams.Continuation {

        private final Sessions.Open open;
        private final McpTransportContext context;
        private final UnaryOperator<Runnable> around;

        Resumed(Sessions.Open open, McpTransportContext context, UnaryOperator<Runnable> around) {
            this.open = open;
            this.context = context;
            this.around = around;
        }

        @Override
        public void listensAgain(SessionStream stream) {
            // What was said meanwhile is on the stream.
        }

        @Override
        public void listensHere(SessionStream stream) {
            sessions.listens(open.session(), stream);
            open.session().tellOfAll(open.kept());
        }

        /** Ends what a dead node has begun: by doing it again where that changes nothing, else by saying that nobody knows. */
        @Override
        public void inherits(SessionStream stream, CallNote call) {
            CallTransport transport = new CallTransport(
                    open.session(), settings.mapper(), sessions.streams(), call, null, stream, () -> {});
            if (call.again().isEmpty() || !open.session().begin(transport)) {
                transport.abort(diedBefore());
                return;
            }
            try {
                McpSchema.JSONRPCRequest request = (McpSchema.JSONRPCRequest) McpSchema.deserializeJsonRpcMessage(
                        settings.mapper(), call.again().get().toJson());
                calls.execute(around.apply(() -> handle(open.session(), transport, request, context)));
            } catch (IOException | RuntimeException e) {
                LOGGER.atWarn()
                        .addKeyValue("session", open.session().key())
                        .addKeyValue("error", e.toString())
                        .log("what a dead node has begun could not be done again");
                transport.abort(diedBefore());
            }
        }

        private McpError diedBefore() {
            return Errors.outcomeUnknown("The node that made this call has died before it was answered.");
        }
    }

    private void delete(Exchange exchange) {
        if (settings.disallowDelete()) {
            notAllowed(exchange);
            return;
        }
        Sessions.Open open = session(exchange, null, true);
        if (open != null) {
            sessions.endedByClient(open.session().key());
            exchange.reply().answer(200, Map.of(), null);
        }
    }

    private McpTransportContext context(Exchange exchange, Sessions.Open open) {
        McpTransportContext extracted = settings.contextExtractor().extract(exchange.request());
        String key = open.session().key();
        return name -> name.equals(ClusteredStreamableServerTransportProvider.SESSION) ? key : extracted.get(name);
    }

    private static McpError invalid(String message) {
        return McpError.of(ErrorCodes.INVALID_REQUEST, message);
    }

    /** The headers of a request, for the SDK's validators. */
    private record Headers(HttpServletRequest request) implements HeaderAccessor {

        @Override
        public List<String> getHeader(String name) {
            return Collections.list(request.getHeaders(name));
        }

        @Override
        public List<String> getHeaderNames() {
            return Collections.list(request.getHeaderNames());
        }
    }
}
