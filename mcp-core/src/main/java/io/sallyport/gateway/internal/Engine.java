package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.health.HealthPart;
import io.sallyport.protocol.Notification;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.AuditSink;
import io.sallyport.spi.RecoveryHook;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.Ticks;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.internal.SecretTemplate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything of a gateway behind its servlet: upstreams, endpoints, sessions, and what they share. Thread-safe. */
public final class Engine {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.gateway");

    private final Settings settings;
    private final UpstreamRuntime runtime;
    private final Ticks ticks;
    private final Services services;
    private final Map<String, UpstreamManager> upstreams = new LinkedHashMap<>();
    private final Map<String, ServedEndpoint> endpoints = new LinkedHashMap<>();
    private final LegacySessions sessions;
    private final Operations operations;
    private final RecoveryHooks hooks;
    private final StreamQuota streams;
    private final InFlight inFlight = new InFlight();

    /** What a host may bring along, and what keeps state. */
    public record Services(
            Filters filters,
            CallPolicy callPolicy,
            SessionStore sessionStore,
            AuditSink auditSink,
            List<RecoveryHook> recoveryHooks,
            List<HealthPart> healthParts) {}

    /**
     * Puts an engine together; {@link #start} makes it run.
     *
     * @param fixedArguments by upstream, tool and argument
     */
    public Engine(
            Settings settings,
            UpstreamRuntime runtime,
            Ticks ticks,
            Services services,
            List<Upstream> upstreams,
            Map<String, Map<String, Map<String, SecretTemplate>>> fixedArguments,
            List<EndpointSettings> endpoints) {
        this.settings = settings;
        this.runtime = runtime;
        this.ticks = ticks;
        this.services = services;
        this.streams = new StreamQuota(settings.maxStreamsPerPrincipal());
        this.sessions = new LegacySessions(this, services.sessionStore());
        this.hooks =
                new RecoveryHooks(services.recoveryHooks(), runtime.executor(), runtime.timer(), RecoveryHooks.AT_MOST);
        this.operations = new Operations(this, services.healthParts());
        for (Upstream upstream : upstreams) {
            Map<String, Map<String, SecretTemplate>> fixed = fixedArguments.get(upstream.name());
            Upstream called = fixed == null ? upstream : new FixedArguments(upstream, fixed);
            Upstream redacted = new RedactedUpstream(called, runtime.redactor());
            this.upstreams.put(upstream.name(), new UpstreamManager(redacted, this, new Changes()));
        }
        for (EndpointSettings endpoint : endpoints) {
            Map<String, UpstreamManager> ofEndpoint = new LinkedHashMap<>();
            endpoint.upstreams().forEach(name -> ofEndpoint.put(name, this.upstreams.get(name)));
            this.endpoints.put(endpoint.path(), new ServedEndpoint(this, endpoint, ofEndpoint));
        }
    }

    /** Tells the endpoints what changes at an upstream. */
    private final class Changes implements UpstreamManager.Listener {
        @Override
        public void onCatalogueChanged(UpstreamManager manager, Set<Kind> kinds) {
            endpoints.values().stream()
                    .filter(endpoint -> endpoint.has(manager))
                    .forEach(endpoint -> endpoint.onCatalogueChanged(kinds));
        }

        @Override
        public void onResourceUpdated(UpstreamManager manager, Notification notification) {
            endpoints.values().stream()
                    .filter(endpoint -> endpoint.has(manager))
                    .forEach(endpoint -> endpoint.onResourceUpdated(manager, notification));
        }
    }

    /** Connects to all upstreams and to the store of sessions; completes when each has been tried once. */
    public CompletableFuture<Void> start() {
        List<CompletableFuture<Void>> attempts = new ArrayList<>();
        for (UpstreamManager manager : upstreams.values()) {
            manager.connect();
            attempts.add(manager.firstAttempt().toCompletableFuture());
        }
        endpoints.values().forEach(ServedEndpoint::start);
        attempts.add(sessions.start().toCompletableFuture());
        return CompletableFuture.allOf(attempts.toArray(CompletableFuture[]::new));
    }

    /** Returns whether each upstream has been tried once. */
    public boolean triedAll() {
        return upstreams.values().stream()
                .allMatch(
                        manager -> manager.firstAttempt().toCompletableFuture().isDone());
    }

    /** Returns the endpoint at a path. */
    public Optional<ServedEndpoint> endpoint(String path) {
        return Optional.ofNullable(endpoints.get(path));
    }

    java.util.Collection<ServedEndpoint> endpoints() {
        return endpoints.values();
    }

    /** Returns the upstreams. */
    public List<UpstreamManager> upstreams() {
        return List.copyOf(upstreams.values());
    }

    /** Returns the limits and times. */
    public Settings settings() {
        return settings;
    }

    UpstreamRuntime runtime() {
        return runtime;
    }

    Executor executor() {
        return runtime.executor();
    }

    /** Returns the clock. */
    public Ticks ticks() {
        return ticks;
    }

    Filters filters() {
        return services.filters();
    }

    /** Begins what the policy for calls has to say of one. */
    CallCourse course(CallInfo info) {
        return new CallCourse(
                services.callPolicy(),
                info,
                () -> info.upstream()
                        .map(upstreams::get)
                        .flatMap(manager -> info.target().map(manager::hints))
                        .orElse(CallPolicy.Hints.NONE));
    }

    /** Does something later, unless the gateway ends before. Must not block. */
    void after(Duration delay, Runnable task) {
        try {
            runtime.timer().schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closing) {
            // The gateway ends; nothing is connected any more.
        }
    }

    /** Returns what operators see and do. */
    public Operations operations() {
        return operations;
    }

    /** Records how something came out. */
    void audit(CallInfo info, AuditEvent.Outcome outcome, String reason, long begun) {
        audit(AuditEvent.of(info.principal(), info.endpoint(), info.method(), outcome)
                .time(Instant.now(), Duration.ofNanos(ticks.now() - begun))
                .about(info.upstream(), info.target())
                .within(info.sessionKey(), info.correlationId())
                .reason(reason)
                .build());
    }

    void audit(AuditEvent event) {
        try {
            services.auditSink().record(event);
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("correlationId", event.correlationId())
                    .setCause(e)
                    .log("an audit event was lost");
        }
    }

    /** Returns what tells the host's hooks. */
    RecoveryHooks hooks() {
        return hooks;
    }

    /** Tells the policy for calls that an upstream is connected. */
    void connected(String upstream) {
        try {
            services.callPolicy().connected(upstream);
        } catch (RuntimeException e) {
            LOGGER.atError().addKeyValue("upstream", upstream).setCause(e).log("the policy for calls failed");
        }
    }

    /** Takes note that an upstream was not reached for a call, or lost during it: its own session may be as dead, unnoticed. */
    void unreached(String upstream) {
        UpstreamManager manager = upstreams.get(upstream);
        if (manager != null) {
            manager.reread(EnumSet.noneOf(Kind.class));
        }
    }

    /** Returns the legacy sessions. */
    public LegacySessions sessions() {
        return sessions;
    }

    StreamQuota streams() {
        return streams;
    }

    InFlight inFlight() {
        return inFlight;
    }

    /** Returns how many calls are under way. */
    public int callsInFlight() {
        return inFlight.count();
    }

    /** Waits until no call is under way, at most so long, and returns whether none is. */
    public boolean awaitIdle(Duration atMost) {
        return inFlight.awaitNone(atMost);
    }

    /** Ends streams and sessions with upstreams; what is under way is told. Idempotent. */
    public void close() {
        Closing.each(endpoints.values(), ServedEndpoint::close);
        Closing.inOrder(sessions::close);
        // First all, then one after the other: the time that one takes to end is not added to that of the next.
        Closing.each(upstreams.values(), UpstreamManager::endSessions);
        Closing.each(upstreams.values(), UpstreamManager::close);
        Closing.inOrder(runtime::close);
    }
}
