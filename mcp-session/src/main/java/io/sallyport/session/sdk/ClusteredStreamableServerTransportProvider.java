package io.sallyport.session.sdk;

import static java.util.Objects.requireNonNull;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import io.modelcontextprotocol.server.transport.HeaderAccessor;
import io.modelcontextprotocol.server.transport.ServerHttpHeaderValidator;
import io.modelcontextprotocol.server.transport.ServerTransportSecurityException;
import io.modelcontextprotocol.server.transport.ServerTransportSecurityValidator;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import io.sallyport.filter.Refusal;
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
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Serves the sessions of a server that is built on the official MCP Java SDK from a {@link SessionStore} that several nodes
 * share: in place of the SDK's {@code HttpServletStreamableServerTransportProvider}, which keeps them in the memory of one
 * process.
 *
 * <p>With a shared store any node serves any request of any session. A client whose node dies goes on at another one,
 * with the same session id; a stream that broke off is gone on with after its last event ({@code Last-Event-ID}); a call
 * that a dead node had begun is made again if it changes nothing, and else ends with an error that says that its outcome is
 * unknown ({@link ErrorCodes#OUTCOME_UNKNOWN}). A session belongs to the {@link Principal} that opened it, and does not
 * exist for others. How long sessions live and how many there may be are bounds of the store. With a store that is not
 * shared all this holds for one node.
 *
 * <p>What the server's own code keeps in memory stays where it is: a node that goes on with a session has a new session of
 * the SDK, and with it another {@code exchange.sessionId()}. What has to last has a name that is the same at every node in
 * {@code exchange.transportContext().get(SESSION)}. {@link #notifyClients} reaches those who listen at this node; {@link
 * #notifyClient}, and what is asked or told outside calls, reach the client wherever it listens.
 *
 * <p>A servlet: to be mapped to the endpoint's path, with support for asynchronous requests, as must all filters before it.
 * Thread-safe. Its threads begin with the server that is built on it, and end with {@link #closeGracefully}; the store is
 * the host's. Idle streams hold no thread.
 *
 * @since 0.1
 */
@WebServlet(asyncSupported = true) // Read by embedded Tomcat, as of the SDK's provider.
public final class ClusteredStreamableServerTransportProvider extends HttpServlet
        implements McpStreamableServerTransportProvider {

    /**
     * The key in the transport context of what a session is called at every node: a hash of its id, which opens nothing.
     */
    public static final String SESSION = "io.sallyport.session";

    private static final long serialVersionUID = 1L;

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    /** What it says is kept as long as the session. */
    private static final int MAX_INITIALIZE_BYTES = 64 * 1024;

    private final transient SessionStore store;
    private final transient McpJsonMapper mapper;
    private final String endpoint;
    private final boolean disallowDelete;
    private final transient McpTransportContextExtractor<HttpServletRequest> contextExtractor;
    private final transient Function<HttpServletRequest, Principal> principal;
    private final transient ServerHttpHeaderValidator headerValidator;
    private final transient Function<HttpServletRequest, UnaryOperator<Runnable>> aroundCalls;
    private final Duration heartbeat;
    private final transient MessageLimits limits;

    /** Both from the moment on at which a server is built on this. */
    private transient volatile @Nullable Sessions sessions;

    private transient volatile @Nullable Threads threads;
    private final AtomicBoolean closing = new AtomicBoolean();

    private ClusteredStreamableServerTransportProvider(Builder builder, SessionStore store) {
        this.store = store;
        this.mapper = builder.jsonMapper == null ? McpJsonDefaults.getMapper() : builder.jsonMapper;
        this.endpoint = builder.endpoint;
        this.disallowDelete = builder.disallowDelete;
        this.contextExtractor = builder.contextExtractor;
        this.principal = builder.principal;
        this.headerValidator = builder.headerValidator;
        this.aroundCalls = builder.aroundCalls;
        this.heartbeat = builder.heartbeat;
        this.limits = MessageLimits.forClients().withMaxBytes(builder.maxRequestSize);
    }

    /** Returns a builder; it needs a {@link Builder#sessionStore store}. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public List<String> protocolVersions() {
        return ProtocolVersion.LEGACY;
    }

    /**
     * Called by the server that is built on this, once; from then on this serves.
     *
     * @throws IllegalStateException if there is a server already
     */
    @Override
    public void setSessionFactory(McpStreamableServerSession.Factory factory) {
        if (sessions != null || closing.get()) {
            throw new IllegalStateException("a provider serves one server, and this one has or had its own");
        }
        Threads started = Threads.start();
        Sessions begun = new Sessions(store, mapper, factory, started, heartbeat);
        begun.start();
        threads = started;
        sessions = begun;
    }

    /** Tells all clients that listen at this node. Never fails because of one that cannot be told. */
    @Override
    public Mono<Void> notifyClients(String method, @Nullable Object params) {
        return Mono.fromRunnable(() -> {
            Sessions current = sessions;
            if (current == null) {
                return;
            }
            String json;
            try {
                json = HeldSession.oneLine(
                        mapper.writeValueAsString(new McpSchema.JSONRPCNotification(method, params)));
            } catch (IOException e) {
                throw new IllegalArgumentException("the parameters of " + method + " cannot be written", e);
            }
            current.held().forEach(session -> session.tellHere(json));
        });
    }

    /**
     * Tells the client of a session, at whichever node it listens; nobody if it does not listen.
     *
     * @param sessionId as of {@code exchange.sessionId()} at this node
     */
    @Override
    public Mono<Void> notifyClient(String sessionId, String method, @Nullable Object params) {
        return Mono.defer(() -> Optional.ofNullable(sessions)
                .flatMap(current -> current.ofSdk(sessionId))
                .map(session -> session.sdk().sendNotification(method, params))
                .orElseGet(Mono::empty));
    }

    /**
     * Ends this node's part: calls under way end with an error, clients go on at other nodes, and all threads end.
     * Sessions live on in the store, which stays open. Twice is once.
     */
    @Override
    public Mono<Void> closeGracefully() {
        return Mono.fromRunnable(() -> {
            if (closing.compareAndSet(false, true)) {
                Optional.ofNullable(sessions).ifPresent(Sessions::close);
                Optional.ofNullable(threads).ifPresent(Threads::end);
            }
        });
    }

    @Override
    public void destroy() {
        close();
        super.destroy();
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        try {
            handle(request, response);
        } catch (StoreUnavailableException e) {
            refuse(response, null, Errors.unavailable("Sessions cannot be served just now."));
        } catch (RejectedExecutionException full) {
            refuse(response, null, Errors.overloaded("There is no room for this request just now."));
        } catch (RuntimeException e) {
            LOGGER.atError().setCause(e).log("a request failed");
            if (request.isAsyncStarted()) {
                // Nobody else would end it.
                response.setStatus(500);
                request.getAsyncContext().complete();
            } else {
                error(response, 500, null, Errors.internal());
            }
        }
    }

    private void handle(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!isHere(request)) {
            error(response, 404, null, invalid("There is no MCP endpoint at this path."));
            return;
        }
        if (!request.isAsyncSupported()) {
            LOGGER.atError()
                    .log("asynchronous requests are not supported here; set setAsyncSupported(true) for this servlet "
                            + "and for all filters before it");
            error(response, 500, null, Errors.internal());
            return;
        }
        Sessions current = sessions;
        Threads its = threads;
        if (current == null || its == null || closing.get()) {
            refuse(response, null, Errors.unavailable("The server is not serving just now."));
            return;
        }
        try {
            headerValidator.validate(new Headers(request));
        } catch (ServerTransportSecurityException e) {
            error(response, e.getStatusCode(), null, invalid(Objects.requireNonNullElse(e.getMessage(), "Forbidden")));
            return;
        }
        Exchange exchange = new Exchange(
                current,
                its.calls(),
                request,
                response,
                requireNonNull(principal.apply(request), "the principal of a request"));
        switch (request.getMethod()) {
            case "POST" -> post(exchange);
            case "GET" -> get(exchange);
            case "DELETE" -> delete(exchange);
            default -> notAllowed(response, disallowDelete ? "POST, GET" : "POST, GET, DELETE");
        }
    }

    /** The servlet may be mapped to the path itself or to one above it; nothing below the path is the endpoint. */
    private boolean isHere(HttpServletRequest request) {
        String inServlet = Objects.requireNonNullElse(request.getPathInfo(), "");
        return (request.getServletPath() + inServlet).equals(endpoint) || inServlet.equals(endpoint);
    }

    /** One request. */
    private record Exchange(
            Sessions sessions,
            ExecutorService calls,
            HttpServletRequest request,
            HttpServletResponse response,
            Principal principal) {

        List<String> headers(String name) {
            return Collections.list(request.getHeaders(name));
        }

        boolean accepts(String type) {
            String accept = String.join(",", headers("Accept")).toLowerCase(Locale.ROOT);
            return accept.contains(type) || accept.contains("*/*");
        }
    }

    private void post(Exchange exchange) throws IOException {
        HttpServletResponse response = exchange.response();
        if (!isJson(exchange.request().getContentType())) {
            error(response, 415, null, invalid("Unsupported media type; send Content-Type: application/json"));
            return;
        }
        if (!exchange.accepts("application/json") || !exchange.accepts("text/event-stream")) {
            error(response, 406, null, invalid("Not acceptable; send Accept: application/json, text/event-stream"));
            return;
        }
        byte[] body = exchange.request().getInputStream().readNBytes(limits.maxBytes() + 1);
        if (body.length > limits.maxBytes()) {
            error(response, 413, null, invalid("The body has more than " + limits.maxBytes() + " bytes."));
            return;
        }
        Message message;
        McpSchema.JSONRPCMessage sdkMessage;
        try {
            message = Message.parse(body, limits);
            sdkMessage = McpSchema.deserializeJsonRpcMessage(mapper, message.toJson());
        } catch (MalformedMessageException e) {
            error(
                    response,
                    400,
                    e.id().orElse(null),
                    McpError.of(e.kind().code(), "Invalid message: " + e.getMessage()));
            return;
        } catch (IOException | IllegalArgumentException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("the SDK does not read a message");
            error(response, 400, null, invalid("Invalid message."));
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
        } else if (exchange.sessions().answered(open, (Response) message) == ClusterBus.Posted.FULL) {
            refuse(response, null, Errors.overloaded("The node that waits for this answer does not keep up."));
        } else {
            // Nobody waits any more for the answer to what a dead node has asked.
            accepted(response);
        }
    }

    private void initialize(Exchange exchange, Request request) throws IOException {
        if (request.size() > MAX_INITIALIZE_BYTES) {
            error(
                    exchange.response(),
                    400,
                    request.id(),
                    McpError.of(
                            ErrorCodes.INVALID_PARAMS,
                            "initialize has more than " + MAX_INITIALIZE_BYTES + " bytes, which are allowed"));
            return;
        }
        String params = request.get(Part.PARAMS).map(JsonValue::toJson).orElse("{}");
        McpStreamableServerSession.McpStreamableServerSessionInit init;
        try {
            init = exchange.sessions().start(params);
        } catch (IOException | IllegalArgumentException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("the SDK does not read an initialize");
            error(
                    exchange.response(),
                    400,
                    request.id(),
                    McpError.of(ErrorCodes.INVALID_PARAMS, "The parameters of initialize are not valid."));
            return;
        }
        McpTransportContext context = contextExtractor.extract(exchange.request());
        UnaryOperator<Runnable> around = aroundCalls.apply(exchange.request());
        Connection connection = Connection.of(exchange.request(), exchange.response());
        run(
                exchange,
                connection,
                request.id(),
                around.apply(() -> init.initResult()
                        .contextWrite(ctx -> ctx.put(McpTransportContext.KEY, context))
                        .subscribe(
                                result -> initialized(exchange, connection, request, params, init.session(), result),
                                failure -> {
                                    LOGGER.atError().setCause(failure).log("a session could not be opened");
                                    init.session().close();
                                    error(connection, 500, request.id(), Errors.internal());
                                })));
    }

    /** The session is kept before the client learns its id. */
    private void initialized(
            Exchange exchange,
            Connection connection,
            Request request,
            String params,
            McpStreamableServerSession session,
            McpSchema.InitializeResult result) {
        try {
            String json = HeldSession.oneLine(mapper.writeValueAsString(McpSchema.JSONRPCResponse.result(
                    mapper.readValue(request.id().token(), Object.class), result)));
            Optional<String> id = exchange.sessions().open(session, endpoint, exchange.principal(), result, params);
            if (id.isEmpty()) {
                session.close();
                refuse(connection, request.id(), Errors.overloaded("There is no room for another session."));
                return;
            }
            Map<String, String> headers = new LinkedHashMap<>(CallTransport.JSON);
            headers.put(McpHeaders.SESSION_ID, id.get());
            connection.answer(200, headers, json.getBytes(StandardCharsets.UTF_8));
        } catch (StoreUnavailableException e) {
            session.close();
            refuse(connection, request.id(), Errors.unavailable("No session can be opened just now."));
        } catch (IOException | RuntimeException e) {
            LOGGER.atError().setCause(e).log("a session could not be opened");
            session.close();
            error(connection, 500, request.id(), Errors.internal());
        }
    }

    /** Returns the session that the headers name; null if there is none, and then the client was told. */
    private Sessions.@Nullable Open session(Exchange exchange, @Nullable Message message, boolean isInitialized)
            throws IOException {
        RequestId id = message instanceof Request request ? request.id() : null;
        List<String> ids = exchange.headers(McpHeaders.SESSION_ID);
        if (ids.size() != 1) {
            error(
                    exchange.response(),
                    400,
                    id,
                    invalid("The header " + McpHeaders.SESSION_ID
                            + (ids.isEmpty()
                                    ? " is missing; send initialize first and repeat the one of its answer"
                                    : " was sent more than once")));
            return null;
        }
        Sessions.Found found = exchange.sessions().find(ids.get(0), endpoint, exchange.principal(), isInitialized);
        if (found instanceof Sessions.None none) {
            error(exchange.response(), 404, id, Errors.sessionNotFound(none.reason()));
            return null;
        }
        Sessions.Open open = (Sessions.Open) found;
        List<String> versions = exchange.headers(McpHeaders.PROTOCOL_VERSION);
        boolean known = versions.isEmpty()
                || versions.size() == 1
                        && protocolVersions().contains(versions.get(0).strip());
        if (!known) {
            error(
                    exchange.response(),
                    400,
                    id,
                    new McpError(
                            ErrorCodes.INVALID_REQUEST,
                            "The header " + McpHeaders.PROTOCOL_VERSION + " names no revision that is served here; "
                                    + "this session speaks " + open.kept().protocolVersion(),
                            Map.of("supported", protocolVersions())));
            return null;
        }
        return open;
    }

    private void notification(Exchange exchange, Sessions.Open open, McpSchema.JSONRPCNotification notification)
            throws IOException {
        McpTransportContext context = context(exchange, open);
        exchange.calls()
                .execute(aroundCalls
                        .apply(exchange.request())
                        .apply(() -> open.session()
                                .sdk()
                                .accept(notification)
                                .contextWrite(ctx -> ctx.put(McpTransportContext.KEY, context))
                                .subscribe(
                                        done -> {},
                                        failure -> LOGGER.atWarn()
                                                .addKeyValue(
                                                        "session",
                                                        open.session().key())
                                                .addKeyValue("method", notification.method())
                                                .addKeyValue("error", failure.toString())
                                                .log("the server failed at a notification"))));
        accepted(exchange.response());
    }

    private void call(Exchange exchange, Sessions.Open open, Request request, McpSchema.JSONRPCRequest sdkRequest)
            throws IOException {
        McpTransportContext context = context(exchange, open);
        UnaryOperator<Runnable> around = aroundCalls.apply(exchange.request());
        Connection connection = Connection.of(exchange.request(), exchange.response());
        CallTransport transport = new CallTransport(
                open.session(),
                mapper,
                exchange.sessions().streams(),
                CallNote.of(request),
                connection,
                null,
                () -> keepChange(exchange.sessions(), open, request));
        if (!open.session().begin(transport)) {
            refuse(connection, request.id(), Errors.tooMany("Too many calls of this session are under way."));
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
            exchange.calls().execute(handling);
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
    private static void keepChange(Sessions sessions, Sessions.Open open, Request request) {
        switch (request.method()) {
            case Methods.SET_LEVEL ->
                request.getString(Part.PARAMS, "level")
                        .ifPresent(level -> sessions.update(open, kept -> kept.withLogLevel(level)));
            case Methods.RESOURCES_SUBSCRIBE -> watch(sessions, open, request, true);
            case Methods.RESOURCES_UNSUBSCRIBE -> watch(sessions, open, request, false);
            default -> {
                // Changes nothing of the session.
            }
        }
    }

    private static void watch(Sessions sessions, Sessions.Open open, Request request, boolean isWatched) {
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

    private void get(Exchange exchange) throws IOException {
        if (!exchange.accepts("text/event-stream")) {
            error(exchange.response(), 406, null, invalid("GET answers with a stream; send Accept: text/event-stream"));
            return;
        }
        Sessions.Open open = session(exchange, null, true);
        if (open == null) {
            return;
        }
        if (!open.session().mayListen()) {
            refuse(exchange.response(), null, Errors.tooMany("Too many streams of this session are open."));
            return;
        }
        McpTransportContext context = context(exchange, open);
        UnaryOperator<Runnable> around = aroundCalls.apply(exchange.request());
        List<String> lastEvents = exchange.headers(McpHeaders.LAST_EVENT_ID);
        Connection connection = Connection.of(exchange.request(), exchange.response());
        connection.onEnd(open.session()::listensNoMore);
        connection.begin(200, Sse.HEADERS);
        if (lastEvents.isEmpty()) {
            open.session().listen(connection);
            exchange.sessions().listens(open.session());
            return;
        }
        try {
            exchange.sessions()
                    .streams()
                    .executor()
                    .execute(() -> resume(exchange, open, lastEvents.get(0), connection, context, around));
        } catch (RejectedExecutionException full) {
            // The client comes back.
            connection.close();
        }
    }

    /** Goes on with a stream that was lost, wherever it was; never shows another stream's events. */
    private void resume(
            Exchange exchange,
            Sessions.Open open,
            String lastEvent,
            Connection connection,
            McpTransportContext context,
            UnaryOperator<Runnable> around) {
        Sessions current = exchange.sessions();
        HeldSession session = open.session();
        int separator = lastEvent.lastIndexOf('_');
        String name = separator < 0 ? "" : lastEvent.substring(0, separator);
        long number = number(lastEvent.substring(separator + 1));
        try {
            if (separator < 0 || number < 0) {
                connection.close();
            } else if (session.resume(connection, name, number)) {
                return;
            } else if (HeldSession.isStandalone(name)) {
                Optional<SessionStream> taken = session.takeStandalone(name);
                taken.ifPresentOrElse(
                        stream -> {
                            stream.resume(connection, number);
                            current.listens(session);
                            session.tellOfAll(open.kept());
                        },
                        connection::close);
            } else {
                new StreamTail(
                                current.streams(),
                                current.node(),
                                session,
                                name,
                                connection,
                                number,
                                inherited -> goOn(exchange, open, inherited, context, around))
                        .start();
            }
        } catch (StoreUnavailableException e) {
            // The client comes back, and finds another node or a store that is back.
            connection.close();
        }
    }

    private static long number(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException notOurs) {
            return -1;
        }
    }

    /** Ends what a dead node has begun: by doing it again where that changes nothing, else by saying that nobody knows. */
    private void goOn(
            Exchange exchange,
            Sessions.Open open,
            HeldSession.Inherited inherited,
            McpTransportContext context,
            UnaryOperator<Runnable> around) {
        CallNote note = CallNote.decoded(inherited.about());
        CallTransport transport = new CallTransport(
                open.session(), mapper, exchange.sessions().streams(), note, null, inherited.stream(), () -> {});
        if (note.again().isEmpty() || !open.session().begin(transport)) {
            transport.abort(Errors.outcomeUnknown("The node that made this call has died before it was answered."));
            return;
        }
        try {
            McpSchema.JSONRPCRequest request = (McpSchema.JSONRPCRequest)
                    McpSchema.deserializeJsonRpcMessage(mapper, note.again().get());
            exchange.calls().execute(around.apply(() -> handle(open.session(), transport, request, context)));
        } catch (IOException | RuntimeException e) {
            LOGGER.atWarn()
                    .addKeyValue("session", open.session().key())
                    .addKeyValue("error", e.toString())
                    .log("what a dead node has begun could not be done again");
            transport.abort(Errors.outcomeUnknown("The node that made this call has died before it was answered."));
        }
    }

    private void delete(Exchange exchange) throws IOException {
        if (disallowDelete) {
            notAllowed(exchange.response(), "POST, GET");
            return;
        }
        Sessions.Open open = session(exchange, null, true);
        if (open != null) {
            exchange.sessions().endedByClient(open.session().key());
            exchange.response().setStatus(200);
        }
    }

    private McpTransportContext context(Exchange exchange, Sessions.Open open) {
        McpTransportContext extracted = contextExtractor.extract(exchange.request());
        String key = open.session().key();
        return name -> name.equals(SESSION) ? key : extracted.get(name);
    }

    private static void run(Exchange exchange, Connection connection, RequestId id, Runnable task) {
        try {
            exchange.calls().execute(task);
        } catch (RejectedExecutionException full) {
            refuse(connection, id, Errors.overloaded("There is no room for this request just now."));
        }
    }

    private static boolean isJson(@Nullable String contentType) {
        return contentType != null && contentType.split(";", 2)[0].strip().equalsIgnoreCase("application/json");
    }

    private static McpError invalid(String message) {
        return McpError.of(ErrorCodes.INVALID_REQUEST, message);
    }

    private static void accepted(HttpServletResponse response) {
        response.setStatus(202);
        response.setContentLength(0);
    }

    private static void notAllowed(HttpServletResponse response, String allowed) throws IOException {
        response.setHeader("Allow", allowed);
        error(response, 405, null, invalid("Method not allowed; allowed are " + allowed));
    }

    private static void refuse(HttpServletResponse response, @Nullable RequestId id, Refusal refusal)
            throws IOException {
        response.setHeader("Retry-After", retryAfter());
        error(response, refusal.kind().status(), id, Errors.of(refusal));
    }

    private static void refuse(Connection connection, RequestId id, Refusal refusal) {
        Map<String, String> headers = new LinkedHashMap<>(CallTransport.JSON);
        headers.put("Retry-After", retryAfter());
        connection.answer(refusal.kind().status(), headers, bytes(id, Errors.of(refusal)));
    }

    /** Spread, so that not everybody comes back at the same moment. */
    private static String retryAfter() {
        return Integer.toString(1 + ThreadLocalRandom.current().nextInt(5));
    }

    private static void error(HttpServletResponse response, int status, @Nullable RequestId id, McpError error)
            throws IOException {
        byte[] body = bytes(id, error);
        response.setStatus(status);
        CallTransport.JSON.forEach(response::setHeader);
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static void error(Connection connection, int status, RequestId id, McpError error) {
        connection.answer(status, CallTransport.JSON, bytes(id, error));
    }

    private static byte[] bytes(@Nullable RequestId id, McpError error) {
        return Response.error(id, error).toJson().getBytes(StandardCharsets.UTF_8);
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

    /**
     * Puts a provider together; for one thread. Its settings have the names of those of the SDK's own provider. Values are
     * checked where they are set.
     */
    public static final class Builder {

        private @Nullable SessionStore store;
        private @Nullable McpJsonMapper jsonMapper;
        private String endpoint = "/mcp";
        private boolean disallowDelete;
        private McpTransportContextExtractor<HttpServletRequest> contextExtractor =
                request -> McpTransportContext.EMPTY;
        private Function<HttpServletRequest, Principal> principal = Builder::containerUser;
        private ServerHttpHeaderValidator headerValidator = ServerHttpHeaderValidator.NOOP;
        private Function<HttpServletRequest, UnaryOperator<Runnable>> aroundCalls = request -> task -> task;
        private Duration heartbeat = Duration.ofSeconds(15);
        private int maxRequestSize = 16 * 1024 * 1024;

        private Builder() {}

        private static Principal containerUser(HttpServletRequest request) {
            java.security.Principal user = request.getUserPrincipal();
            return user == null
                    ? Principal.anonymous()
                    : new Principal("container", "container", user.getName(), Principal.DEFAULT_TENANT);
        }

        /**
         * Sets where sessions are kept; there is no default. It is shared by the nodes of one server, stays the host's, and
         * has to outlive this. Its {@link SessionStore#bounds bounds} say how long sessions live and how many there are.
         * {@link SessionStore#sealed} around it keeps what clients and the server say sealed in it.
         *
         * @throws IllegalArgumentException if it keeps nothing, as {@link SessionStore#none} does
         */
        public Builder sessionStore(SessionStore sessionStore) {
            if (sessionStore.capabilities().durability() == SessionStore.Durability.NONE) {
                throw new IllegalArgumentException("sessionStore must keep sessions, but was one that keeps nothing; "
                        + "use SessionStore.inMemory(…), or one that nodes share");
            }
            this.store = sessionStore;
            return this;
        }

        /** Sets the binding for JSON. Defaults to the SDK's default, found on the class path. */
        public Builder jsonMapper(McpJsonMapper mapper) {
            this.jsonMapper = requireNonNull(mapper, "jsonMapper");
            return this;
        }

        /**
         * Sets the path of the endpoint, within the web application or within what the servlet is mapped to. Defaults to
         * {@code /mcp}. The same at all nodes: sessions belong to it.
         *
         * @throws IllegalArgumentException if it does not begin with a slash
         */
        public Builder mcpEndpoint(String path) {
            if (!path.startsWith("/")) {
                throw new IllegalArgumentException(
                        "mcpEndpoint must begin with a slash, but was \"" + path + "\"; write \"/" + path + "\"");
            }
            this.endpoint = path;
            return this;
        }

        /** Sets whether clients may not end their sessions. Defaults to false: they may. */
        public Builder disallowDelete(boolean isDisallowed) {
            this.disallowDelete = isDisallowed;
            return this;
        }

        /** Sets what of a request the server's code finds in its transport context. Defaults to nothing. */
        public Builder contextExtractor(McpTransportContextExtractor<HttpServletRequest> extractor) {
            this.contextExtractor = requireNonNull(extractor, "contextExtractor");
            return this;
        }

        /**
         * Sets who sends a request, from the credential presented with that very request. A session exists only for the
         * principal that opened it. Defaults to the container's user, else {@link Principal#anonymous()}, which all share.
         *
         * @param ofRequest may throw nothing and return no null; called on the container's thread
         */
        public Builder principal(Function<HttpServletRequest, Principal> ofRequest) {
            this.principal = requireNonNull(ofRequest, "principal");
            return this;
        }

        /**
         * Sets after how long without an event a comment is sent on an open stream, so that proxies keep it and a client
         * that has gone is noticed. Defaults to 15 seconds. The SDK's provider pings the client instead; it is not asked
         * here, because its answer may come to another node. There is always a heartbeat.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder keepAliveInterval(Duration interval) {
            if (interval.isNegative() || interval.isZero()) {
                throw new IllegalArgumentException("keepAliveInterval must be positive, but was " + interval);
            }
            this.heartbeat = interval;
            return this;
        }

        /**
         * Sets what looks at the headers of each request, for instance against DNS rebinding, and may refuse it. Defaults
         * to nothing, as with the SDK's provider: a server that browsers can reach needs one.
         */
        public Builder httpHeaderValidator(ServerHttpHeaderValidator validator) {
            this.headerValidator = requireNonNull(validator, "httpHeaderValidator");
            return this;
        }

        /**
         * As {@link #httpHeaderValidator}, in its older form.
         *
         * @deprecated in the SDK, in favour of {@link #httpHeaderValidator}
         */
        @Deprecated
        public Builder securityValidator(ServerTransportSecurityValidator validator) {
            return httpHeaderValidator(ServerTransportSecurityValidator.toHttpHeaderValidator(validator));
        }

        /**
         * Sets how many bytes a request's body may have. Defaults to 16 MiB, as with the SDK's provider.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder maxRequestSize(int bytes) {
            if (bytes <= 0 || bytes == Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "maxRequestSize must be positive and below " + Integer.MAX_VALUE + ", but was " + bytes);
            }
            this.maxRequestSize = bytes;
            return this;
        }

        /**
         * Sets what is done around the server's code, which does not run on the container's thread: what it finds in
         * variables of its thread, such as a security context, has to be carried over. For a synchronous server this goes
         * with the SDK's {@code immediateExecution(true)}, without which the SDK changes threads once more. Defaults to
         * nothing.
         *
         * @param ofRequest called on the container's thread; returns what makes another task of a task, which runs on
         *     another thread, maybe after the request has ended
         */
        public Builder aroundCalls(Function<HttpServletRequest, UnaryOperator<Runnable>> ofRequest) {
            this.aroundCalls = requireNonNull(ofRequest, "aroundCalls");
            return this;
        }

        /**
         * Returns the provider, to be given to {@code McpServer.sync} or {@code McpServer.async}.
         *
         * @throws IllegalStateException if there is no store
         */
        public ClusteredStreamableServerTransportProvider build() {
            if (store == null) {
                throw new IllegalStateException(
                        "sessionStore is missing; sessions live in it. For one node SessionStore.inMemory(…) will do");
            }
            return new ClusteredStreamableServerTransportProvider(this, store);
        }
    }
}
