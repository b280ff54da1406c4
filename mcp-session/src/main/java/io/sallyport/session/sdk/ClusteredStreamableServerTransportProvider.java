package io.sallyport.session.sdk;

import static java.util.Objects.requireNonNull;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import io.modelcontextprotocol.server.transport.ServerHttpHeaderValidator;
import io.modelcontextprotocol.server.transport.ServerTransportSecurityValidator;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import io.sallyport.gateway.servlet.ServletReply;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.ProtocolVersion;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** What may wait for a client that does not read its stream. */
    private static final int STREAM_BUFFER_BYTES = 256 * 1024;

    private final transient SessionStore store;
    private final transient Sealer sealer;
    private final transient HttpEndpoint.Settings settings;
    private final Duration heartbeat;

    /** What there is from the moment on at which a server is built on this. */
    private record Serving(Threads threads, Sessions sessions, HttpEndpoint endpoint) {}

    private transient volatile @Nullable Serving serving;
    private final AtomicBoolean closing = new AtomicBoolean();

    private ClusteredStreamableServerTransportProvider(Builder builder, SessionStore store, Sealer sealer) {
        this.store = store;
        this.sealer = sealer;
        this.settings = new HttpEndpoint.Settings(
                builder.jsonMapper == null ? McpJsonDefaults.getMapper() : builder.jsonMapper,
                builder.endpoint,
                builder.disallowDelete,
                builder.contextExtractor,
                builder.principal,
                builder.headerValidator,
                builder.aroundCalls,
                MessageLimits.forClients().withMaxBytes(builder.maxRequestSize));
        this.heartbeat = builder.heartbeat;
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
        if (serving != null || closing.get()) {
            throw new IllegalStateException("a provider serves one server, and this one has or had its own");
        }
        Threads threads = Threads.start();
        Sessions sessions = new Sessions(store, sealer, settings.mapper(), factory, threads, heartbeat);
        sessions.start();
        serving = new Serving(threads, sessions, new HttpEndpoint(settings, sessions, threads.calls()));
    }

    /** Tells all clients that listen at this node. Never fails because of one that cannot be told. */
    @Override
    public Mono<Void> notifyClients(String method, @Nullable Object params) {
        return Mono.fromRunnable(() -> {
            Serving current = serving;
            if (current == null) {
                return;
            }
            String json;
            try {
                json = Message.of(
                                settings.mapper().writeValueAsString(new McpSchema.JSONRPCNotification(method, params)))
                        .onOneLine()
                        .toJson();
            } catch (IOException e) {
                throw new IllegalArgumentException("the parameters of " + method + " cannot be written", e);
            }
            current.sessions().held().forEach(session -> session.tellHere(json));
        });
    }

    /**
     * Tells the client of a session, at whichever node it listens; nobody if it does not listen.
     *
     * @param sessionId as of {@code exchange.sessionId()} at this node
     */
    @Override
    public Mono<Void> notifyClient(String sessionId, String method, @Nullable Object params) {
        return Mono.defer(() -> Optional.ofNullable(serving)
                .flatMap(current -> current.sessions().ofSdk(sessionId))
                .map(session -> session.sdk().sendNotification(method, params))
                .orElseGet(Mono::empty));
    }

    /**
     * Ends this node's part: clients go on at other nodes, where they learn what became of calls under way, and all threads
     * end. Sessions live on in the store, which stays open. Twice is once.
     */
    @Override
    public Mono<Void> closeGracefully() {
        return Mono.fromRunnable(() -> {
            if (closing.compareAndSet(false, true)) {
                Optional.ofNullable(serving).ifPresent(current -> {
                    try {
                        current.sessions().close();
                    } finally {
                        current.threads().end();
                    }
                });
            }
        });
    }

    @Override
    public void destroy() {
        close();
        super.destroy();
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) {
        Serving current = serving;
        ServletReply reply = new ServletReply(request, response, Map.of(), STREAM_BUFFER_BYTES, System::nanoTime);
        if (!request.isAsyncSupported()) {
            LOGGER.atError()
                    .log("asynchronous requests are not supported here; set setAsyncSupported(true) for this servlet "
                            + "and for all filters before it");
            reply.answer(500, HttpEndpoint.JSON, Response.error(null, Errors.internal()));
        } else if (current == null || closing.get()) {
            HttpEndpoint.refuse(reply, Errors.unavailable("The server is not serving just now."));
        } else {
            current.endpoint().handle(request, reply);
        }
        reply.leaveContainer();
    }

    /**
     * Puts a provider together; for one thread. Its settings have the names of those of the SDK's own provider. Values are
     * checked where they are set.
     */
    public static final class Builder {

        private @Nullable SessionStore store;
        private @Nullable Sealer sealer;
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
         * What clients and the server say is sealed in a store that is shared.
         *
         * @throws IllegalArgumentException if it keeps nothing, as {@link SessionStore#none} does
         */
        public Builder sessionStore(SessionStore sessionStore) {
            requireNonNull(sessionStore, "sessionStore");
            if (sessionStore.capabilities().durability() == SessionStore.Durability.NONE) {
                throw new IllegalArgumentException("sessionStore must keep sessions, but was one that keeps nothing; "
                        + "use SessionStore.inMemory(…), or one that nodes share");
            }
            this.store = sessionStore;
            return this;
        }

        /**
         * Sets what seals the ids of sessions, and what a shared store keeps of them. Needed with a store that is shared, by
         * keys that all nodes have. Defaults to keys of this process alone.
         */
        public Builder sealer(Sealer sealer) {
            this.sealer = requireNonNull(sealer, "sealer");
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
         * @throws IllegalStateException if there is no store, or other nodes could not make sense of the ids of its sessions
         */
        public ClusteredStreamableServerTransportProvider build() {
            if (store == null) {
                throw new IllegalStateException(
                        "sessionStore is missing; sessions live in it. For one node SessionStore.inMemory(…) will do");
            }
            if (!store.capabilities().isShared()) {
                return new ClusteredStreamableServerTransportProvider(
                        this, store, sealer == null ? Sealer.ephemeral() : sealer);
            }
            if (sealer == null) {
                throw new IllegalStateException(
                        "sessions are to be known to other nodes, but their ids would be sealed "
                                + "with a key of this process alone; set sealer(Sealer.withKeys(…)) with a key that all nodes "
                                + "share");
            }
            return new ClusteredStreamableServerTransportProvider(this, SessionStore.sealed(store, sealer), sealer);
        }
    }
}
