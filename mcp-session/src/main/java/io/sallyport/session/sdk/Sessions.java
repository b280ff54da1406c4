package io.sallyport.session.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Response;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.ClusterNode;
import io.sallyport.stream.SessionIds;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.stream.Ticks;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sessions of a provider: opened, found, ended. The store knows them all, this node holds those in use. */
final class Sessions {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    private static final int SWEEP_AT_ONCE = 1000;
    private static final long SWEEP_SECONDS = 30;

    /** After how long without a sign of life others take over. */
    private static final Duration LEASE = Duration.ofSeconds(5);

    /** What a look-up found. */
    sealed interface Found {}

    /** The session and what the store keeps of it. */
    record Open(HeldSession session, SessionRecord kept) implements Found {}

    /** No session for this caller, and the word that says why. */
    record None(String reason) implements Found {}

    private final SessionStore store;
    private final SessionIds ids;
    private final McpJsonMapper mapper;
    private final McpStreamableServerSession.Factory factory;
    private final Threads threads;
    private final ClusterNode node;
    private final SessionStream.Context streams;
    private final Map<String, HeldSession> here = new ConcurrentHashMap<>();

    /** By the id that the SDK has given its own session. */
    private final Map<String, HeldSession> bySdkId = new ConcurrentHashMap<>();

    Sessions(
            SessionStore store,
            Sealer sealer,
            McpJsonMapper mapper,
            McpStreamableServerSession.Factory factory,
            Threads threads,
            Duration heartbeat) {
        this.store = store;
        this.ids = new SessionIds(sealer, InstantSource.system());
        this.mapper = mapper;
        this.factory = factory;
        this.threads = threads;
        this.node = new ClusterNode(store, LEASE, threads.store(), this::onLetter);
        this.streams = new SessionStream.Context(
                new Ticks(threads.timer(), System::nanoTime),
                threads.timer(),
                store.events(),
                threads.store(),
                node,
                heartbeat);
    }

    /** Begins to live among the nodes that share the store. */
    void start() {
        // First, so that what is posted to this node from its first question on finds an inbox.
        node.start().toCompletableFuture().join();
        threads.timer().scheduleWithFixedDelay(this::sweepSoon, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    ClusterNode node() {
        return node;
    }

    SessionStream.Context streams() {
        return streams;
    }

    /** Does what another node asks for and is this one's to do. */
    private void onLetter(String kind, JsonValue letter) {
        String key = letter.getString("session").orElse("");
        HeldSession session = here.get(key);
        if (session == null) {
            return;
        }
        switch (kind) {
            case "ended" -> drop(key, "ended");
            case "answer" -> letter.get("message").map(JsonValue::toJson).ifPresent(session::answeredElsewhere);
            case "listens" ->
                session.streams().letGoOutsideCalls(letter.getString("stream").orElse(""));
            case SessionStreams.OUTSIDE ->
                letter.get("message").map(JsonValue::toJson).ifPresent(session::sendForOther);
            case "changed" -> changed(session);
            default -> LOGGER.atDebug().addKeyValue("kind", kind).log("a message of a newer node was left out");
        }
    }

    private void changed(HeldSession session) {
        if (store.find(session.key()) instanceof SessionStore.Live live) {
            session.tell(live.record());
        }
    }

    /** Returns a session of the SDK that was opened with these parameters of {@code initialize}. */
    McpStreamableServerSession.McpStreamableServerSessionInit start(String initializeParams) throws IOException {
        return factory.startSession(mapper.readValue(initializeParams, McpSchema.InitializeRequest.class));
    }

    /** Returns the id of a new session, or nothing if there is no room for it. */
    Optional<String> open(
            McpStreamableServerSession sdk,
            String endpoint,
            Principal principal,
            McpSchema.InitializeResult result,
            String initializeParams) {
        SessionIds.Made made = ids.make(endpoint, principal, store.bounds().absolute(), node.name(), "");
        SessionRecord record =
                SessionRecord.opened(made.key(), endpoint, principal, result.protocolVersion(), initializeParams);
        if (!(store.create(record) instanceof SessionStore.Created created)) {
            return Optional.empty();
        }
        created.evicted().ifPresent(this::endedEverywhere);
        keep(new HeldSession(streams, mapper, record, sdk), record).offers(result.capabilities());
        return Optional.of(made.id());
    }

    /** Finds the session of an id for a caller; another's session looks like none. */
    Found find(String id, String endpoint, Principal principal, boolean isInitialized) {
        Optional<SessionIds.Opened> opened = ids.open(id, endpoint, principal);
        if (opened.isEmpty()) {
            LOGGER.atDebug()
                    .addKeyValue("endpoint", endpoint)
                    .addKeyValue("principal", principal.subject())
                    .log("a session id was presented that was not sealed for this endpoint");
            return new None("unknown");
        }
        String key = opened.get().key();
        if (!opened.get().isOwn()) {
            return others(key, endpoint, principal);
        }
        if (opened.get().isExpired()) {
            return new None(SessionStore.End.EXPIRED_MAX_AGE.word());
        }
        SessionStore.Lookup lookup = store.find(key);
        if (!(lookup instanceof SessionStore.Live live)) {
            return gone(key, lookup);
        }
        // The id says so already; what the store says counts.
        boolean own = live.record().endpoint().equals(endpoint)
                && live.record().principal().equals(principal);
        if (!own) {
            return others(key, endpoint, principal);
        }
        HeldSession held = here.get(key);
        if (held == null) {
            held = keep(rehydrated(live.record(), isInitialized), live.record());
            // If it has ended since it was found, its end found nothing to let go of, and will not come again.
            lookup = store.find(key);
            if (!(lookup instanceof SessionStore.Live)) {
                return gone(key, lookup);
            }
        }
        held.use();
        held.tell(live.record());
        return new Open(held, live.record());
    }

    private static None others(String key, String endpoint, Principal principal) {
        LOGGER.atWarn()
                .addKeyValue("session", key)
                .addKeyValue("endpoint", endpoint)
                .addKeyValue("principal", principal.subject())
                .log("session presented by somebody else");
        return new None("unknown");
    }

    private None gone(String key, SessionStore.Lookup lookup) {
        String reason = lookup instanceof SessionStore.Ended ended ? ended.how().word() : "unknown";
        drop(key, reason);
        return new None(reason);
    }

    /** Begins the session anew for the SDK, which does not know that its client has been here for long. */
    private HeldSession rehydrated(SessionRecord record, boolean isInitialized) {
        McpStreamableServerSession.McpStreamableServerSessionInit init;
        try {
            init = start(record.initializeParams());
        } catch (IOException e) {
            throw new IllegalStateException("a kept session's initialize cannot be read", e);
        }
        McpStreamableServerSession sdk = init.session();
        HeldSession session = new HeldSession(streams, mapper, record, sdk);
        init.initResult()
                .subscribe(
                        result -> session.offers(result.capabilities()),
                        failure -> LOGGER.atWarn()
                                .addKeyValue("session", record.key())
                                .addKeyValue("error", failure.toString())
                                .log("the server failed at the initialize of a session that was taken over"));
        if (isInitialized) {
            sdk.accept(new McpSchema.JSONRPCNotification("notifications/initialized"))
                    .subscribe(
                            done -> {},
                            failure -> LOGGER.atDebug()
                                    .addKeyValue("session", record.key())
                                    .addKeyValue("reason", failure.toString())
                                    .log("the server failed when a session was taken over"));
        }
        return session;
    }

    /** Returns the one that is held: somebody else may have been faster. */
    private HeldSession keep(HeldSession session, SessionRecord record) {
        // First, because from the moment that it can be found it can also be dropped.
        bySdkId.put(session.sdk().getId(), session);
        HeldSession other = here.putIfAbsent(record.key(), session);
        if (other != null) {
            bySdkId.remove(session.sdk().getId());
            session.sdk().close();
            return other;
        }
        return session;
    }

    /** Changes what the store keeps of a session; tries again if somebody else changed it at the same time. */
    void update(Open open, UnaryOperator<SessionRecord> change) {
        store.change(open.kept(), current -> Optional.of(change.apply(current))).ifPresent(changed -> {
            open.session().tell(changed);
            node.tellOthers(Map.of("kind", "changed", "session", changed.key()));
        });
    }

    /** Takes an answer to what the client was asked, maybe by another node: that one's inbox keeps what is acknowledged. */
    ClusterBus.Posted answered(Open open, Response answer) {
        Optional<String> other = HeldSession.askedBy(answer).filter(name -> !name.equals(node.name()));
        if (other.isEmpty() || !node.isShared()) {
            open.session().answered(answer);
            return ClusterBus.Posted.KEPT;
        }
        return node.post(other.get(), HeldSession.answerLetter(open.session().key(), answer));
    }

    /** Ends a session for its client, who gives up what is under way. */
    void endedByClient(String key) {
        store.end(key, SessionStore.End.TERMINATED_BY_CLIENT);
        endedEverywhere(key);
    }

    private void endedEverywhere(String key) {
        drop(key, "ended");
        node.tellOthers(Map.of("kind", "ended", "session", key));
    }

    /** Lets go of what this node holds of a session that has ended. */
    private void drop(String key, String reason) {
        HeldSession session = here.remove(key);
        if (session != null) {
            bySdkId.remove(session.sdk().getId());
            session.close(Errors.sessionNotFound(reason));
        }
    }

    /** The client listens here, and no longer elsewhere. */
    void listens(HeldSession session, SessionStream stream) {
        node.tellOthers(Map.of("kind", "listens", "session", session.key(), "stream", stream.name()));
    }

    /** Returns the sessions that this node holds. */
    List<HeldSession> held() {
        return List.copyOf(here.values());
    }

    /** Returns the session that the SDK knows under this id. */
    Optional<HeldSession> ofSdk(String sdkId) {
        return Optional.ofNullable(bySdkId.get(sdkId));
    }

    private void sweepSoon() {
        try {
            threads.store().execute(this::sweep);
        } catch (RejectedExecutionException full) {
            LOGGER.atDebug().log("sweeping expired sessions was put off");
        }
    }

    private void sweep() {
        try {
            store.sweep(SWEEP_AT_ONCE).forEach(this::endedEverywhere);
        } catch (StoreUnavailableException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("sweeping expired sessions was put off");
        } catch (RuntimeException e) {
            LOGGER.atWarn().setCause(e).log("sweeping expired sessions failed");
        }
        // In use elsewhere, or ended without this node hearing of it; it is held again when its client comes back.
        long idle = store.bounds().idle().toNanos();
        for (HeldSession session : held()) {
            if (session.unusedFor(idle)) {
                drop(session.key(), "ended");
            }
        }
    }

    /** Ends this node's part; the sessions live on. */
    void close() {
        try {
            held().forEach(HeldSession::leave);
        } finally {
            here.clear();
            bySdkId.clear();
            node.close();
            streams.ticks().close();
        }
    }
}
