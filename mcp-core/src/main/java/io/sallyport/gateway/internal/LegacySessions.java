package io.sallyport.gateway.internal;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.stream.ClusterNode;
import io.sallyport.stream.SessionIds;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.SessionStreams;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.internal.LogBudget;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The legacy sessions of a gateway: opened, found, ended. The store knows them all, this node holds those in use. */
public final class LegacySessions {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** Sealed and encoded it has to fit into a header, of which all together may have 16 KiB. */
    private static final int MAX_CONTENT_CHARS = 4096;

    private static final int SWEEP_AT_ONCE = 1000;
    private static final long SWEEP_SECONDS = 30;

    /** What a look-up found. */
    sealed interface Found {}

    /** The session and what the store keeps of it. */
    record Open(LegacySession session, SessionRecord kept) implements Found {}

    /** No session for this caller, and the word that says why. */
    record None(String reason) implements Found {}

    private final Engine engine;
    private final SessionStore store;
    private final ClusterNode node;
    private final SessionStream.Context streams;
    private final SessionIds ids;
    private final UpstreamStates states;
    private final CallsElsewhere elsewhere;

    /** Whether the store keeps anything; if not, ids carry all. */
    private final boolean keeps;

    private final LogBudget budget = new LogBudget(5, Duration.ofMinutes(1));
    private final Map<String, LegacySession> here = new ConcurrentHashMap<>();
    private final ScheduledFuture<?> sweeping;

    LegacySessions(Engine engine, SessionStore store) {
        this.engine = engine;
        this.store = store;
        this.keeps = store.capabilities().durability() != SessionStore.Durability.NONE;
        this.ids = new SessionIds(engine.runtime().sealer(), InstantSource.system());
        this.node = new ClusterNode(store, engine.settings().nodeLease(), engine.executor(), this::onLetter);
        this.streams = new SessionStream.Context(
                engine.ticks(),
                engine.runtime().timer(),
                keeps ? store.events() : null,
                node.isShared() ? engine.executor() : Runnable::run,
                node,
                engine.settings().idleHeartbeat());
        this.states = new UpstreamStates(store, node, engine.executor());
        this.elsewhere = new CallsElsewhere(node);
        this.sweeping = engine.runtime()
                .timer()
                .scheduleWithFixedDelay(this::sweepSoon, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Begins to live among the nodes that share the store. */
    CompletionStage<Void> start() {
        return node.start();
    }

    ClusterNode node() {
        return node;
    }

    /** Returns whether the store could be reached when it was last asked. */
    public boolean isStoreReachable() {
        return !node.isStoreDown();
    }

    UpstreamStates states() {
        return states;
    }

    CallsElsewhere elsewhere() {
        return elsewhere;
    }

    SessionStream.Context streams() {
        return streams;
    }

    /** Does what another node was asked for and is this one's to do. */
    private void onLetter(String kind, JsonValue letter) {
        if (kind.equals(CallsElsewhere.CALL)) {
            elsewhere.asked(letter).ifPresent(this::callForOther);
            return;
        }
        if (kind.equals(Operations.RESET)) {
            engine.operations().onLetter(letter);
            return;
        }
        String key = letter.getString("session").orElse("");
        if (kind.equals("cancel")) {
            cancelForOther(key, letter);
            return;
        }
        LegacySession session = here.get(key);
        if (session == null) {
            return;
        }
        switch (kind) {
            case "ended" -> drop(key);
            case "answer" -> letter.get("message").map(JsonValue::toJson).ifPresent(session::answeredElsewhere);
            case "listens" ->
                session.streams().letGoOutsideCalls(letter.getString("stream").orElse(""));
            case "watches" -> watches(session, letter);
            case SessionStreams.OUTSIDE ->
                letter.get("message").map(JsonValue::toJson).map(Message::of).ifPresent(said -> say(session, said));
            case "tell" ->
                letter.get("message")
                        .map(JsonValue::toJson)
                        .map(Message::of)
                        .ifPresent(told -> engine.upstreams()
                                .forEach(upstream -> upstream.tell(
                                        new ClientSessions.Key(session.principal(), Optional.of(key)),
                                        (Notification) told)));
            default -> LOGGER.atDebug().addKeyValue("kind", kind).log("a message of a newer node was left out");
        }
    }

    private void cancelForOther(String key, JsonValue letter) {
        String reason =
                letter.getString("reason").filter(given -> !given.isEmpty()).orElse("cancelled");
        letter.getString("id").map(RequestId::new).ifPresent(id -> {
            // First, so that a call which begins at this moment hears it from one of the two.
            elsewhere.cancel(key, id, reason);
            Optional.ofNullable(here.get(key)).ifPresent(session -> session.cancel(id, reason));
        });
    }

    /** Says for another node what it has to say outside calls; a question that nobody hears is answered. */
    private void say(LegacySession session, Message message) {
        boolean asks = message instanceof Request;
        if (session.streams().sayForOther(message.toJson(), asks) || !asks) {
            return;
        }
        Response refused = Questions.cannotBeAsked((Request) message);
        LegacySession.askedBy(refused).ifPresent(asker -> node.post(asker, answerLetter(session.key(), refused)));
    }

    /** Returns what passes on, to the node that has asked, the answer of a session's client. */
    static Map<String, ?> answerLetter(String key, Response answer) {
        return Map.of(
                "kind",
                "answer",
                "session",
                key,
                "message",
                JsonValue.trusted(answer.onOneLine().toJson()));
    }

    /** Makes a call for a client of another node, which waits for the end of the stream as long as this node lives. */
    private void callForOther(CallsElsewhere.Asked asked) {
        Runnable calling = () -> {
            try {
                if (store.find(asked.session()) instanceof SessionStore.Live live
                        && hold(live.record()) instanceof Open open) {
                    callForOther(asked, open);
                }
                elsewhere
                        .begun(asked)
                        .ifPresent(reason -> Optional.ofNullable(here.get(asked.session()))
                                .ifPresent(session ->
                                        session.cancel(asked.request().id(), reason)));
            } catch (StoreUnavailableException e) {
                later(() -> callForOther(asked));
            } catch (RuntimeException e) {
                elsewhere.begun(asked);
                LOGGER.atError()
                        .addKeyValue("session", asked.session())
                        .addKeyValue("correlationId", asked.correlationId())
                        .setCause(e)
                        .log("a call for another node could not be made");
            }
        };
        try {
            engine.executor().execute(calling);
        } catch (RejectedExecutionException full) {
            later(() -> callForOther(asked));
        }
    }

    private void callForOther(CallsElsewhere.Asked asked, Open open) {
        SessionStream stream = open.session().streams().takeUp(asked.stream(), asked.note());
        Optional<ServedEndpoint> endpoint = engine.endpoint(asked.endpoint());
        if (endpoint.isEmpty() || elsewhere.isGivenUp(asked)) {
            stream.finish();
        } else {
            endpoint.get().callForOther(asked, open, stream);
        }
    }

    private void later(Runnable task) {
        engine.after(SessionStream.RETRY, task);
    }

    private void watches(LegacySession session, JsonValue letter) {
        String uri = letter.getString("uri").orElse("");
        if (letter.get("on").flatMap(JsonValue::asBoolean).orElse(false)) {
            letter.getString("endpoint").flatMap(engine::endpoint).ifPresent(endpoint -> watch(endpoint, session, uri));
        } else {
            session.unwatch(uri);
        }
    }

    /** Has a resource watched for a session, if nobody here does so far. */
    void watch(ServedEndpoint endpoint, LegacySession session, String uri) {
        endpoint.serving(uri)
                .filter(by -> session.mayWatch(uri) && session.watches(uri, by))
                .ifPresent(by -> by.watch(uri));
    }

    /** What came of the wish to open a session: its id, or why there is none. */
    sealed interface Opening {}

    /** It is open. */
    record Begun(String id) implements Opening {}

    /** There is no room for it. */
    record NoRoom() implements Opening {}

    /** What it consists of has no room in its id. */
    record TooLong() implements Opening {}

    /** Opens a session. */
    Opening open(String endpoint, Principal principal, String version, String initializeParams) {
        String content = keeps ? "" : contentOf(endpoint, principal, version, initializeParams);
        if (content.length() > MAX_CONTENT_CHARS) {
            return new TooLong();
        }
        SessionIds.Made made = ids.make(endpoint, principal, store.bounds().absolute(), node.name(), content);
        SessionRecord session = SessionRecord.opened(made.key(), endpoint, principal, version, initializeParams);
        if (!(store.create(session) instanceof SessionStore.Created created)) {
            return new NoRoom();
        }
        created.evicted().ifPresent(this::dropEverywhere);
        return new Begun(made.id());
    }

    /** Of what the client says only what is needed later goes into an id. */
    private static String contentOf(String endpoint, Principal principal, String version, String initializeParams) {
        JsonValue params = JsonValue.trusted(initializeParams);
        Map<String, Object> needed = new LinkedHashMap<>();
        params.get("capabilities").ifPresent(value -> needed.put("capabilities", value));
        params.get("clientInfo").ifPresent(value -> needed.put("clientInfo", value));
        return SessionRecord.opened("", endpoint, principal, version, Json.write(needed))
                .encoded();
    }

    /** Finds the session of an id for a caller at an endpoint; another's session looks like none. */
    Found find(String id, String endpoint, Principal principal) {
        Optional<SessionIds.Opened> opened = ids.open(id, endpoint, principal);
        if (opened.isEmpty()) {
            budget.at(LOGGER, Level.WARN)
                    .addKeyValue("endpoint", endpoint)
                    .addKeyValue("principal", principal.subject())
                    .addKeyValue("node", node.name())
                    .log("a session id was presented that this gateway has not sealed for this endpoint: forged, from "
                            + "before a restart, or of another node behind the same address; let nodes share a sealer "
                            + "and a session store");
            return new None("unknown");
        }
        String key = opened.get().key();
        if (!opened.get().isOwn()) {
            return others(key, endpoint, principal);
        }
        if (opened.get().isExpired()) {
            return new None(SessionStore.End.EXPIRED_MAX_AGE.word());
        }
        if (!keeps) {
            return holdWithoutStore(key, opened.get());
        }
        SessionStore.Lookup lookup = store.find(key);
        if (lookup instanceof SessionStore.Live live) {
            // The id says so already; what the store says counts.
            boolean own = live.record().endpoint().equals(endpoint)
                    && live.record().principal().equals(principal);
            return own ? hold(live.record()) : others(key, endpoint, principal);
        }
        if (lookup instanceof SessionStore.Unknown
                && !node.isShared()
                && !opened.get().node().equals(node.name())) {
            budget.at(LOGGER, Level.WARN)
                    .addKeyValue("node", node.name())
                    .addKeyValue("openedBy", opened.get().node())
                    .log("a session of another node was presented here, but this node keeps its sessions in its own "
                            + "memory: two nodes behind one address, or one that was started anew; let them share a "
                            + "session store");
            drop(key);
            return new None("other_node");
        }
        return gone(key, lookup);
    }

    private None others(String key, String endpoint, Principal principal) {
        budget.at(LOGGER, Level.WARN)
                .addKeyValue("session", key)
                .addKeyValue("endpoint", endpoint)
                .addKeyValue("principal", principal.subject())
                .log("session presented by somebody else");
        return new None("unknown");
    }

    private Found holdWithoutStore(String key, SessionIds.Opened opened) {
        LegacySession held = here.get(key);
        if (held == null && here.size() >= store.bounds().total()) {
            return new None("evicted");
        }
        SessionRecord kept = SessionRecord.decoded(opened.content().orElseThrow());
        LegacySession session = here.computeIfAbsent(key, absent -> begin(key, kept));
        session.use(engine.ticks().now());
        return new Open(session, session.keptHere().orElse(kept));
    }

    private LegacySession begin(String key, SessionRecord kept) {
        LegacySession session = new LegacySession(streams, key, kept);
        engine.endpoint(kept.endpoint()).ifPresent(endpoint -> endpoint.addListener(session));
        return session;
    }

    private None gone(String key, SessionStore.Lookup lookup) {
        drop(key);
        return new None(lookup instanceof SessionStore.Ended ended ? ended.how().word() : "unknown");
    }

    private Found hold(SessionRecord kept) {
        boolean[] isNew = new boolean[1];
        LegacySession held = here.computeIfAbsent(kept.key(), key -> {
            isNew[0] = true;
            return begin(key, kept);
        });
        held.use(engine.ticks().now());
        if (!isNew[0] || node.isShared()) {
            return new Open(held, kept);
        }
        // If it has ended since it was found, its end found nothing to let go of, and will not come again.
        SessionStore.Lookup again = store.find(kept.key());
        return again instanceof SessionStore.Live ? new Open(held, kept) : gone(kept.key(), again);
    }

    /** Changes what the store keeps of a session; tries again if somebody else changed it at the same time. */
    void update(LegacySession session, SessionRecord kept, UnaryOperator<SessionRecord> change) {
        if (keeps) {
            store.change(kept, current -> Optional.of(change.apply(current)));
        } else {
            session.keepHere(change.apply(kept));
        }
    }

    /** Ends a session for its client, who gives up what is under way. */
    void endedByClient(String key) {
        store.end(key, SessionStore.End.TERMINATED_BY_CLIENT);
        Optional.ofNullable(here.get(key)).ifPresent(session -> session.cancelAll("the client ended the session"));
        dropEverywhere(key);
    }

    /** Ends a session for an operator. */
    public void endedByServer(String key) {
        store.end(key, SessionStore.End.TERMINATED_BY_SERVER);
        Optional.ofNullable(here.get(key)).ifPresent(session -> session.cancelAll("the session was ended"));
        dropEverywhere(key);
    }

    private void dropEverywhere(String key) {
        drop(key);
        node.tellOthers(Map.of("kind", "ended", "session", key));
    }

    /** Lets go of what this node holds of a session that has ended. */
    private void drop(String key) {
        letGo(key, LegacySession::close, UpstreamSession::close);
    }

    private void letGo(String key, Consumer<LegacySession> end, Consumer<UpstreamSession> atUpstream) {
        LegacySession session = here.remove(key);
        if (session != null) {
            // First, so that whoever opens or watches something for it from now on sees that it has ended.
            session.markEnded(atUpstream);
            // Before the rest, so that calls under way learn what became of them, and their clients from them.
            engine.upstreams().forEach(upstream -> upstream.release(key, atUpstream));
            end.accept(session);
            engine.endpoints().forEach(endpoint -> endpoint.removeListener(session));
        }
    }

    private void sweepSoon() {
        if (node.isShared()) {
            try {
                engine.executor().execute(this::sweep);
            } catch (RejectedExecutionException full) {
                LOGGER.atDebug().log("sweeping waits until there is room for it");
            }
        } else {
            sweep();
        }
    }

    /** Lets go of what has expired, and of what nobody uses any more. */
    void sweep() {
        long now = engine.ticks().now();
        here.forEach((key, session) -> {
            if (session.isUnusedFor(store.bounds().idle(), now) && !isUsedElsewhere(session, now)) {
                drop(key);
            }
        });
        try {
            store.sweep(SWEEP_AT_ONCE).forEach(this::dropEverywhere);
        } catch (StoreUnavailableException e) {
            LOGGER.atDebug().addKeyValue("reason", e.toString()).log("sweeping expired sessions was put off");
        } catch (RuntimeException e) {
            LOGGER.atWarn().setCause(e).log("sweeping expired sessions failed");
        }
    }

    /** What upstreams know of a session may be here even if its client has not been for long. */
    private boolean isUsedElsewhere(LegacySession session, long now) {
        try {
            // To find it would be to use it: nodes would keep alive, in turns, what its client has left long ago.
            boolean isLive = node.isShared()
                    && store.list("", store.bounds().perPrincipal(), Optional.of(session.principal())).stream()
                            .anyMatch(live -> live.record().key().equals(session.key()));
            if (isLive) {
                session.use(now);
            }
            return isLive;
        } catch (StoreUnavailableException e) {
            return true;
        }
    }

    /** Returns how many sessions this node holds. */
    public int held() {
        return here.size();
    }

    /** Returns how many streams clients listen to at this node. */
    public int attached() {
        return here.values().stream()
                .mapToInt(session -> session.streams().attached())
                .sum();
    }

    void close() {
        sweeping.cancel(false);
        Closing.each(here.keySet(), key -> {
            if (node.isShared()) {
                letGo(key, LegacySession::leave, UpstreamSession::leave);
            } else {
                drop(key);
            }
        });
        node.close();
    }
}
