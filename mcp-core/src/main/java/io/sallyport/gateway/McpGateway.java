package io.sallyport.gateway;

import static java.util.Objects.requireNonNull;

import io.sallyport.filter.McpFilter;
import io.sallyport.gateway.internal.Closing;
import io.sallyport.gateway.internal.EndpointSettings;
import io.sallyport.gateway.internal.Engine;
import io.sallyport.gateway.internal.Filters;
import io.sallyport.gateway.internal.HttpGuard;
import io.sallyport.gateway.internal.Inside;
import io.sallyport.gateway.internal.LocalOnly;
import io.sallyport.gateway.internal.ModuleVersions;
import io.sallyport.gateway.internal.Operations;
import io.sallyport.gateway.internal.Settings;
import io.sallyport.gateway.internal.UpstreamManager;
import io.sallyport.health.HealthPart;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.Authenticator;
import io.sallyport.spi.Principal;
import io.sallyport.spi.RecoveryHook;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SecretResolver;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.Ticks;
import io.sallyport.stream.Workers;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.internal.SecretTemplate;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A gateway: many MCP servers behind one endpoint, or several. Thread-safe.
 *
 * <pre>{@code
 * McpGateway gateway = McpGateway.builder()
 *     .upstream(HttpUpstream.at("search", URI.create("https://search.example/mcp")).build())
 *     .endpoint(Endpoint.at("/mcp"))
 *     .allowAnonymous()
 *     .build();
 * gateway.start();
 * servletContext.addServlet("mcp", new McpServlet(gateway)).addMapping("/mcp");
 * }</pre>
 */
public final class McpGateway implements AutoCloseable {

    private enum Phase {
        NEW,
        RUNNING,
        DRAINING,
        CLOSED
    }

    private final Engine engine;
    private final Inside inside;
    private final ScheduledExecutorService timer;
    private final Workers.Owned executor;
    private final SessionStore sessionStore;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.NEW);

    private McpGateway(Builder builder) {
        executor = Workers.orDefault(builder.executor);
        timer = Workers.timer("sallyport-timer");
        Sealer sealer = builder.sealer == null ? Sealer.ephemeral() : builder.sealer;
        sessionStore = store(builder, sealer);
        List<String> names = builder.upstreams.stream().map(Upstream::name).toList();
        List<EndpointSettings> endpoints = builder.endpoints.stream()
                .map(endpoint -> endpoint.resolve(names))
                .toList();
        Settings settings = builder.settings();
        UpstreamRuntime runtime = new UpstreamRuntime(
                executor.executor(),
                timer,
                settings.upstreamLimits(),
                sealer,
                builder.secretResolver,
                builder.redactor);
        engine = new Engine(
                settings,
                runtime,
                new Ticks(timer, builder.ticker),
                new Engine.Services(
                        new Filters(builder.filters),
                        builder.callPolicy,
                        sessionStore,
                        builder.auditSink,
                        List.copyOf(builder.recoveryHooks),
                        List.copyOf(builder.healthParts)),
                builder.upstreams,
                builder.fixedArguments,
                endpoints);
        inside = new Inside(
                engine,
                new HttpGuard(builder.publicUrls, builder.allowedOrigins),
                builder.authenticator == null ? new LocalOnly() : builder.authenticator,
                this::isServing,
                () -> phase.get() == Phase.DRAINING);
    }

    /** What leaves this process is sealed. */
    private static SessionStore store(Builder builder, Sealer sealer) {
        if (builder.sessionStore == null) {
            return defaultStore(builder);
        }
        return builder.sessionStore.capabilities().isShared()
                ? SessionStore.sealed(builder.sessionStore, sealer)
                : builder.sessionStore;
    }

    private static SessionStore defaultStore(Builder builder) {
        SessionStore.Bounds bounds =
                builder.sessionBounds == null ? SessionStore.Bounds.defaults() : builder.sessionBounds;
        return SessionStore.inMemory(
                bounds.withStreams(builder.streamBufferBytes, bounds.streamsPerSession()), InstantSource.system());
    }

    /** Begins a gateway. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Connects to the upstreams and begins to serve. Returns at once; an upstream that cannot be reached is tried again
     * until it can.
     *
     * @return completes when each upstream has been tried once
     * @throws IllegalStateException if it was started or closed before
     */
    public CompletableFuture<Void> start() {
        if (!phase.compareAndSet(Phase.NEW, Phase.RUNNING)) {
            throw new IllegalStateException("a gateway is started once, but this one is " + phase.get());
        }
        ModuleVersions.check(McpGateway.class.getClassLoader());
        return engine.start();
    }

    /** Returns how the upstreams are. */
    public List<UpstreamStatus> upstreams() {
        return engine.upstreams().stream()
                .map(upstream -> UpstreamStatus.of(upstream.name(), upstream.health()))
                .toList();
    }

    /** Returns how the gateway is. Answers at once from what is known. */
    public GatewayHealth health() {
        Map<String, Map<String, Map<String, ?>>> parts = new LinkedHashMap<>();
        engine.operations()
                .parts()
                .forEach(name -> parts.put(name, engine.operations().items(name)));
        return new GatewayHealth(healthStatus(), upstreams(), engine.sessions().isStoreReachable(), parts);
    }

    /** Returns how the gateway is, in the one word of {@link GatewayHealth#status}. */
    public String healthStatus() {
        if (!isServing()) {
            return "down";
        }
        boolean isWell = engine.sessions().isStoreReachable()
                && engine.operations().areWell()
                && engine.upstreams().stream().allMatch(upstream -> upstream.state() == UpstreamManager.State.READY);
        return isWell ? "up" : "degraded";
    }

    /**
     * Has a part of the gateway forget what has gone wrong, at this node and, soon, at all that share its store of sessions. Recorded
     * as {@code PART.reset}.
     *
     * @param part {@code upstreams}: those that are down or quarantined are tried at once; or the name of a {@link HealthPart}
     * @param item which item of the part, such as an upstream; empty for all
     * @param operator who wants it
     * @param reason why, in his words
     * @return whether there is such an item at this node
     * @throws IllegalArgumentException if there is no such part
     * @throws RuntimeException what the part throws, such as a store that cannot be reached; other nodes are not told then
     */
    public boolean reset(String part, Optional<String> item, Principal operator, String reason) {
        return engine.operations()
                .reset(
                        requireNonNull(part, "part"),
                        requireNonNull(item, "item"),
                        requireNonNull(operator, "operator"),
                        requireNonNull(reason, "reason"));
    }

    /** Returns the legacy sessions, for operators. */
    public SessionAdministration sessions() {
        return new SessionAdministration(engine.sessions(), sessionStore);
    }

    /**
     * Returns a part of the inside, for this library's own servlet; hosts have no use for it.
     *
     * @throws IllegalArgumentException if there is no such part
     */
    public <T> T unwrap(Class<T> type) {
        if (!type.isInstance(inside)) {
            throw new IllegalArgumentException("a gateway has no inside of " + type);
        }
        return type.cast(inside);
    }

    /** Returns whether requests are served. */
    public boolean isServing() {
        return phase.get() == Phase.RUNNING;
    }

    /** Returns whether each upstream has been tried once since the start. */
    public boolean isStarted() {
        return phase.get() != Phase.NEW && engine.triedAll();
    }

    /** Returns whether requests should be sent here: it serves, and each upstream has been tried once. */
    public boolean isReady() {
        return isServing() && engine.triedAll();
    }

    /**
     * Takes no more requests, waits until those under way have ended, then closes. Until then clients can answer what they
     * are asked, cancel, and fetch what they missed.
     *
     * @param atMost how long to wait
     * @return whether all requests had ended by then
     */
    public boolean close(Duration atMost) {
        boolean draining = phase.compareAndSet(Phase.RUNNING, Phase.DRAINING);
        boolean idle = !draining || engine.awaitIdle(atMost);
        close();
        return idle;
    }

    /** Ends everything that the gateway has started: calls, streams, connections, processes, threads. Idempotent. */
    @Override
    public void close() {
        if (phase.getAndSet(Phase.CLOSED) == Phase.CLOSED) {
            return;
        }
        Closing.inOrder(engine::close, engine.ticks()::close, sessionStore::close, timer::shutdownNow, executor::close);
    }

    /** Puts a gateway together. Confined to one thread. */
    public static final class Builder {

        private final List<Upstream> upstreams = new ArrayList<>();
        private final List<Endpoint> endpoints = new ArrayList<>();
        private final List<McpFilter> filters = new ArrayList<>();
        private CallPolicy callPolicy = CallPolicy.none();
        private final List<URI> publicUrls = new ArrayList<>();
        private final Set<String> allowedOrigins = new HashSet<>();
        private @Nullable Authenticator authenticator;
        private boolean anonymous;
        private @Nullable Executor executor;
        private @Nullable SessionStore sessionStore;
        private SessionStore.@Nullable Bounds sessionBounds;
        private AuditSink auditSink = AuditSink.none();
        private final List<RecoveryHook> recoveryHooks = new ArrayList<>();
        private final List<HealthPart> healthParts = new ArrayList<>();
        private @Nullable Sealer sealer;
        private final Map<String, Map<String, Map<String, SecretTemplate>>> fixedArguments = new LinkedHashMap<>();
        private SecretResolver secretResolver = SecretResolver.none();
        private Redactor redactor = Redactor.none();
        private MessageLimits clientLimits = MessageLimits.forClients();
        private MessageLimits upstreamLimits = MessageLimits.forUpstreams();
        private Duration callDeadline = Duration.ofSeconds(30);
        private Duration maxCallDuration = Duration.ofMinutes(10);
        private int maxDefinitions = 10_000;
        private int maxSessionsPerUpstream = 1_000;
        private Duration upstreamSessionIdle = Duration.ofMinutes(30);
        private int maxStreamsPerPrincipal = 16;
        private int streamBufferBytes = 256 * 1024;
        private Duration idleHeartbeat = Duration.ofSeconds(15);
        private Duration nodeLease = Duration.ofSeconds(5);
        private Duration startupPatience = Duration.ofSeconds(5);
        private LongSupplier ticker = System::nanoTime;

        private Builder() {}

        /** Adds an upstream. */
        public Builder upstream(Upstream upstream) {
            String name = Upstream.requireValidName(upstream.name());
            if (upstreams.stream().anyMatch(other -> other.name().equals(name))) {
                throw new IllegalArgumentException("two upstreams are named \"" + name + "\"; rename one of them");
            }
            upstreams.add(upstream);
            return this;
        }

        /** Adds an endpoint. Without any, all upstreams are served at {@code /mcp}. */
        public Builder endpoint(Endpoint endpoint) {
            if (endpoints.stream().anyMatch(other -> other.path().equals(endpoint.path()))) {
                throw new IllegalArgumentException("two endpoints have the path " + endpoint.path());
            }
            endpoints.add(endpoint);
            return this;
        }

        /** Adds a filter; see {@link McpFilter}. */
        public Builder filter(McpFilter filter) {
            filters.add(requireNonNull(filter, "filter"));
            return this;
        }

        /**
         * Sets what decides when calls to upstreams are made, and made again. Defaults to {@link CallPolicy#none}: each is made
         * at once, and once.
         */
        public Builder callPolicy(CallPolicy policy) {
            this.callPolicy = requireNonNull(policy, "policy");
            return this;
        }

        /** Sets what finds out who sends a request. */
        public Builder authenticator(Authenticator authenticator) {
            this.authenticator = requireNonNull(authenticator, "authenticator");
            return this;
        }

        /**
         * Allows requests without a credential, from this machine only: the peer is a loopback address, {@code Host} is
         * a local name, and no proxy has added a header.
         */
        public Builder allowAnonymous() {
            this.anonymous = true;
            return this;
        }

        /**
         * Adds a URL by which clients know this gateway; requests with other values of {@code Host} are refused. Without
         * any, only local names are accepted.
         */
        public Builder publicUrl(URI url) {
            if (url.getHost() == null || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
                throw new IllegalArgumentException("a public URL is http or https with a host, but was " + url);
            }
            publicUrls.add(url);
            return this;
        }

        /**
         * Adds an origin whose pages may use the gateway, such as {@code https://app.example}. The origins of the public
         * URLs, and local ones while there is no public URL, may anyway.
         */
        public Builder allowOrigin(String origin) {
            allowedOrigins.add(HttpGuard.origin(origin)
                    .orElseThrow(() -> new IllegalArgumentException(
                            "an origin is a scheme, a host and maybe a port, like \"https://app.example\", but was \""
                                    + origin + "\"")));
            return this;
        }

        /**
         * Sets what runs handlers of local tools and filters of results; stays the host's. Defaults to one virtual
         * thread per task where the JDK has them (21 on), else to a pool of 64 threads.
         */
        public Builder executor(Executor executor) {
            this.executor = requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Sets where legacy sessions are kept; closed with the gateway. Defaults to this process's memory. Several nodes
         * behind one address share a store, and need a {@link #sealer} that they share, too; it seals what is kept of
         * what clients and upstreams say.
         */
        public Builder sessionStore(SessionStore store) {
            this.sessionStore = requireNonNull(store, "store");
            return this;
        }

        /** Sets how long legacy sessions live and how many there may be, for the default store. */
        public Builder sessionBounds(SessionStore.Bounds bounds) {
            this.sessionBounds = requireNonNull(bounds, "bounds");
            return this;
        }

        /** Sets what keeps the record of who did what. Defaults to nothing. */
        public Builder auditSink(AuditSink sink) {
            this.auditSink = requireNonNull(sink, "sink");
            return this;
        }

        /** Adds what is told when an upstream was connected. */
        public Builder recoveryHook(RecoveryHook hook) {
            recoveryHooks.add(requireNonNull(hook, "hook"));
            return this;
        }

        /**
         * Adds a part of the gateway's health that operators see and reset.
         *
         * @throws IllegalArgumentException if its name is none, or taken
         */
        public Builder healthPart(HealthPart part) {
            String name = part.name();
            if (!name.matches("[a-z]+(-[a-z]+)*")
                    || Operations.reserved().contains(name)
                    || healthParts.stream().anyMatch(other -> other.name().equals(name))) {
                throw new IllegalArgumentException(
                        "the name of a part is small letters and \"-\", and neither that of another part "
                                + "nor one of " + Operations.reserved() + ", but was \"" + name + "\"");
            }
            healthParts.add(part);
            return this;
        }

        /** Sets what seals what passes through the hands of clients. Defaults to a random key for this process. */
        public Builder sealer(Sealer sealer) {
            this.sealer = requireNonNull(sealer, "sealer");
            return this;
        }

        /**
         * Sets what finds the values of secrets that upstreams were built with references to, such as {@code
         * secret://default/github#token}. Defaults to nothing: whatever needs a secret fails.
         */
        public Builder secretResolver(SecretResolver resolver) {
            this.secretResolver = requireNonNull(resolver, "resolver");
            return this;
        }

        /**
         * Fixes an argument of an upstream's tool: clients neither see it in the tool's schema nor may give it, and each call
         * gets this text when all filters have seen it. The text may hold references to secrets, such as {@code
         * secret://default/search#key}, which are resolved for each call; without a value the call fails and is not sent.
         * An argument that a header has to mirror cannot be fixed.
         *
         * @param tool the upstream's own name of it
         * @param text the argument's value, which is a string; never put anything of clients into it
         * @throws IllegalArgumentException if the argument is fixed already, or what begins with {@code secret://} in the text
         *     is no reference
         */
        public Builder fixedArgument(String upstream, String tool, String argument, String text) {
            String what = "argument " + argument + " of " + upstream + "'s tool " + tool;
            SecretTemplate template = SecretTemplate.parse(what, text);
            Map<String, SecretTemplate> ofTool = fixedArguments
                    .computeIfAbsent(requireNonNull(upstream, "upstream"), none -> new LinkedHashMap<>())
                    .computeIfAbsent(requireNonNull(tool, "tool"), none -> new LinkedHashMap<>());
            if (ofTool.putIfAbsent(requireNonNull(argument, "argument"), template) != null) {
                throw new IllegalArgumentException(what + " is fixed twice; leave out one of them");
            }
            return this;
        }

        /**
         * Sets what takes secrets out of what upstreams say: answers, errors, notifications, questions, lists, standard
         * error, and what is logged of their failures. Defaults to nothing.
         */
        public Builder redactor(Redactor redactor) {
            this.redactor = requireNonNull(redactor, "redactor");
            return this;
        }

        /** Sets what clients may send. Defaults to {@link MessageLimits#forClients}. */
        public Builder clientLimits(MessageLimits limits) {
            this.clientLimits = requireNonNull(limits, "limits");
            return this;
        }

        /** Sets what upstreams may send. Defaults to {@link MessageLimits#forUpstreams}. */
        public Builder upstreamLimits(MessageLimits limits) {
            this.upstreamLimits = requireNonNull(limits, "limits");
            return this;
        }

        /** Sets how long a call may take; progress begins the time anew. Defaults to 30 seconds. */
        public Builder callDeadline(Duration deadline) {
            this.callDeadline = positive("callDeadline", deadline);
            return this;
        }

        /** Sets how long a call may take at all, with progress and with waiting for people. Defaults to 10 minutes. */
        public Builder maxCallDuration(Duration duration) {
            this.maxCallDuration = positive("maxCallDuration", duration);
            return this;
        }

        /** Sets how many definitions of one kind an upstream may list. Defaults to 10,000. */
        public Builder maxDefinitions(int definitions) {
            this.maxDefinitions = positive("maxDefinitions", definitions);
            return this;
        }

        /**
         * Sets how many sessions are kept with one upstream for clients. Defaults to 1,000. When there is no room, one
         * that nobody uses is closed; never one that holds something of another principal's.
         */
        public Builder maxSessionsPerUpstream(int sessions) {
            this.maxSessionsPerUpstream = positive("maxSessionsPerUpstream", sessions);
            return this;
        }

        /**
         * Sets after how long without a call a session is closed that all requests of a principal share with an upstream;
         * a child process ends with it. Defaults to 30 minutes. Sessions that belong to a session of a client end with it.
         */
        public Builder upstreamSessionIdle(Duration idle) {
            this.upstreamSessionIdle = positive("upstreamSessionIdle", idle);
            return this;
        }

        /** Sets how many streams for changes one principal may have open. Defaults to 16. */
        public Builder maxStreamsPerPrincipal(int streams) {
            this.maxStreamsPerPrincipal = positive("maxStreamsPerPrincipal", streams);
            return this;
        }

        /**
         * Sets how many bytes may wait in one stream for a slow client, before it is closed. Defaults to 256 KiB; one
         * message always fits.
         */
        public Builder streamBufferBytes(int bytes) {
            this.streamBufferBytes = positive("streamBufferBytes", bytes);
            return this;
        }

        /** Sets after how long an idle stream gets a comment that keeps it open. Defaults to 15 seconds. */
        public Builder idleHeartbeat(Duration interval) {
            this.idleHeartbeat = positive("idleHeartbeat", interval);
            return this;
        }

        /**
         * Sets after how long without a sign of life this node is taken for dead by the others that share its session
         * store, which then take over its sessions' streams. A pause of the process that is longer ends calls that it
         * has under way. Defaults to 5 seconds.
         *
         * @throws IllegalArgumentException if it is shorter than a second, or longer than an hour
         */
        public Builder nodeLease(Duration lease) {
            if (lease.compareTo(Duration.ofSeconds(1)) < 0) {
                throw new IllegalArgumentException(
                        "nodeLease must be at least a second, or pauses of the JVM end it, but was " + lease);
            }
            if (lease.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException(
                        "nodeLease must be at most an hour, or nobody goes on with what a dead"
                                + " node has begun, but was " + lease);
            }
            this.nodeLease = lease;
            return this;
        }

        /**
         * Sets how long a list waits, after the start, for upstreams that have not been tried yet. Defaults to 5
         * seconds.
         */
        public Builder startupPatience(Duration patience) {
            this.startupPatience = positive("startupPatience", patience);
            return this;
        }

        /** For tests. */
        Builder ticker(LongSupplier nanos) {
            this.ticker = nanos;
            return this;
        }

        private static Duration positive(String name, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " must be positive, but was " + value);
            }
            return value;
        }

        private static int positive(String name, int value) {
            if (value <= 0) {
                throw new IllegalArgumentException(name + " must be positive, but was " + value);
            }
            return value;
        }

        /** What one node says to a client, the others have to understand. */
        private void checkStore(SessionStore store) {
            SessionStore.Capabilities can = store.capabilities();
            if (sealer == null && (can.isShared() || can.durability() == SessionStore.Durability.NONE)) {
                throw new IllegalStateException("sessions are to be known to other nodes, or to outlive this one, but "
                        + "their ids would be sealed with a key of this process alone; set sealer(Sealer.withKeys(…)) "
                        + "with a key that all nodes share");
            }
            if (sessionBounds != null && !sessionBounds.equals(store.bounds())) {
                throw new IllegalStateException("sessionBounds(…) is for the default store, but there is another one, "
                        + "with bounds of its own: " + store.bounds() + "; leave out sessionBounds(…)");
            }
        }

        /**
         * Returns the gateway, which then has to be started.
         *
         * @throws IllegalStateException if nothing says who may use it, or two things do, it has no upstream, or other
         *     nodes could not make sense of the ids of its sessions
         * @throws IllegalArgumentException if an endpoint or a fixed argument does not fit the upstreams, or two durations
         *     each other
         */
        public McpGateway build() {
            if (authenticator == null && !anonymous) {
                throw new IllegalStateException("nothing says who may use this gateway; set authenticator(…), or, for "
                        + "this machine only, allowAnonymous()");
            }
            if (authenticator != null && anonymous) {
                throw new IllegalStateException(
                        "there is an authenticator, and anonymous requests are allowed; leave out "
                                + "allowAnonymous(), or let the authenticator accept Principal.anonymous()");
            }
            if (anonymous && !publicUrls.isEmpty() && publicUrls.stream().noneMatch(HttpGuard::isLocal)) {
                throw new IllegalStateException("anonymous requests need a local Host, which the public URLs "
                        + publicUrls + " are not; set authenticator(…), or leave out publicUrl(…)");
            }
            if (upstreams.isEmpty()) {
                throw new IllegalStateException("a gateway needs an upstream; add one with upstream(…)");
            }
            for (String name : fixedArguments.keySet()) {
                if (upstreams.stream().noneMatch(upstream -> upstream.name().equals(name))) {
                    throw new IllegalArgumentException("an argument is fixed for the upstream \"" + name
                            + "\", which there is not; correct its name, or add the upstream");
                }
            }
            if (maxCallDuration.compareTo(callDeadline) < 0) {
                throw new IllegalArgumentException("maxCallDuration (" + maxCallDuration + ") must be at least "
                        + "callDeadline (" + callDeadline + ")");
            }
            if (sessionStore != null) {
                checkStore(sessionStore);
            }
            if (endpoints.isEmpty()) {
                endpoints.add(Endpoint.at("/mcp"));
            }
            return new McpGateway(this);
        }

        private Settings settings() {
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("name", "sallyport");
            String version = McpGateway.class.getPackage().getImplementationVersion();
            info.put("version", version == null ? "development" : version);
            return new Settings(
                    clientLimits,
                    upstreamLimits,
                    callDeadline,
                    maxCallDuration,
                    maxDefinitions,
                    maxSessionsPerUpstream,
                    upstreamSessionIdle,
                    maxStreamsPerPrincipal,
                    streamBufferBytes,
                    idleHeartbeat,
                    nodeLease,
                    startupPatience,
                    Json.write(info));
        }
    }
}
