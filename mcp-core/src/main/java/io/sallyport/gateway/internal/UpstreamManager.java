package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Catalogue;
import io.sallyport.catalogue.CatalogueReader;
import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Keeps one upstream: a session of the gateway's own, by which it knows what the upstream offers and hears of changes,
 * connected again whenever it is lost; and the sessions of clients.
 *
 * <pre>
 *   CONNECTING ──▶ READY
 *       ▲  │         │
 *       │  ▼         ▼
 *      DOWN ◀────────┘      after a growing pause; never given up
 * </pre>
 */
public final class UpstreamManager {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.upstream");

    private static final long LOOK_FOR_IDLE_MILLIS = 30_000;

    /** Upstreams have shorter limits of their own; a child may have to be fetched before it starts. */
    private static final Duration OPEN_WITHIN = Duration.ofMinutes(5);

    /** An upstream may tell of changes as often as it likes; how often it is asked for them it does not decide. */
    private static final Duration BETWEEN_ANNOUNCED = Duration.ofMillis(250);

    private static final UpstreamFailure LISTS_LATE = UpstreamFailure.notSent(
            UpstreamFailure.Kind.OVERLOADED,
            "its lists were not read within " + OwnRequests.ANSWERED_WITHIN.toSeconds() + " s");

    /** Told of what changes at an upstream. Must not block. */
    interface Listener {
        /** The upstream's lists of these kinds changed, or it came or went. */
        void onCatalogueChanged(UpstreamManager manager, Set<Kind> kinds);

        /** A resource that is watched changed. */
        void onResourceUpdated(UpstreamManager manager, Notification notification);
    }

    /** Where the manager stands. */
    public enum State {
        /** Opening the gateway's own session, or reading the catalogue. */
        CONNECTING,
        /** Connected, and the catalogue is known. */
        READY,
        /** Not connected; the next try comes after a pause. */
        DOWN,
        /** Closed. */
        CLOSED
    }

    private final Upstream upstream;
    private final Engine engine;
    private final Listener listener;
    private final ClientSessions clients;
    private final OwnRequests own;
    private final CompletableFuture<Void> firstAttempt = new CompletableFuture<>();
    private final Watches watches;
    private final LogLevels ownLevels = new LogLevels(true);

    private final ReentrantLock lock = new ReentrantLock();
    private State state = State.DOWN;
    private Instant since = Instant.now();
    private @Nullable UpstreamSession session;
    private Optional<ServerFacts> facts = Optional.empty();
    private Catalogue catalogue = Catalogue.EMPTY;
    private Optional<UpstreamFailure> lastFailure = Optional.empty();
    private final Outage outage = new Outage();

    /** When the next try to connect comes, by the clock of the ticks; means something while down. */
    private long nextTry;

    /** Counts the lives of the connection; what belongs to an earlier one is ignored. */
    private long epoch;

    /** The life in which the lists are being read; 0 if they are not. */
    private long readingIn;

    private boolean readAgain;
    private final Set<Kind> announcedMeanwhile = EnumSet.noneOf(Kind.class);

    /** What the upstream has announced since lists were read because of that, and whether this is only just so. */
    private final Set<Kind> announcedSince = EnumSet.noneOf(Kind.class);

    private boolean resting;

    UpstreamManager(Upstream upstream, Engine engine, Listener listener) {
        this.upstream = upstream;
        this.engine = engine;
        this.listener = listener;
        this.clients = new ClientSessions(
                upstream,
                engine.runtime(),
                engine.settings().maxSessionsPerUpstream(),
                engine.settings().upstreamSessionIdle(),
                engine.ticks()::now);
        this.own = new OwnRequests(engine);
        this.watches = new Watches(this);
        long look = Math.min(
                LOOK_FOR_IDLE_MILLIS,
                1 + engine.settings().upstreamSessionIdle().toMillis());
        engine.runtime().timer().scheduleWithFixedDelay(clients::closeIdle, look, look, TimeUnit.MILLISECONDS);
    }

    /** Returns the upstream's name. */
    public String name() {
        return upstream.name();
    }

    /** Returns where it stands. */
    public State state() {
        return locked(() -> state);
    }

    /** Returns how it is. */
    public UpstreamHealth health() {
        return locked(() -> new UpstreamHealth(
                state,
                since,
                outage.failures(),
                outage.failures() == 0 ? Optional.empty() : lastFailure,
                state == State.DOWN ? Optional.of(left()) : Optional.empty()));
    }

    /** Returns the last catalogue that it gave; empty before the first. */
    Catalogue catalogue() {
        return locked(() -> catalogue);
    }

    /** Returns what it says of one of its tools; nothing if that is none. */
    CallPolicy.Hints hints(String tool) {
        return catalogue()
                .definition(Kind.TOOL, tool)
                .flatMap(definition -> definition.get("annotations"))
                .map(hints -> new CallPolicy.Hints(is(hints, "readOnlyHint"), is(hints, "idempotentHint")))
                .orElse(CallPolicy.Hints.NONE);
    }

    private static boolean is(JsonValue hints, String hint) {
        return hints.get(hint).map(JsonValue::toJson).equals(Optional.of("true"));
    }

    /** Returns what it said of itself last. */
    Optional<ServerFacts> facts() {
        return locked(() -> facts);
    }

    /** Completes when the first attempt to connect has ended, well or not. */
    CompletionStage<Void> firstAttempt() {
        return firstAttempt;
    }

    Engine engine() {
        return engine;
    }

    private <T> T locked(java.util.function.Supplier<T> read) {
        lock.lock();
        try {
            return read.get();
        } finally {
            lock.unlock();
        }
    }

    /** Tries again at once, whatever pause or quarantine failures have set: an operator has mended what was broken. */
    public void reset() {
        upstream.reset();
        lock.lock();
        try {
            outage.over();
        } finally {
            lock.unlock();
        }
        connect();
    }

    /** Under the lock. */
    private void become(State next) {
        state = next;
        since = Instant.now();
    }

    /** Connects, if it is not connected and nobody else does. */
    void connect() {
        long life;
        lock.lock();
        try {
            if (state != State.DOWN) {
                return;
            }
            become(State.CONNECTING);
            life = ++epoch;
            readAgain = false;
            announcedMeanwhile.clear();
        } finally {
            lock.unlock();
        }
        failUnlessReady(life, OPEN_WITHIN, "not open");
        CompletionStage<UpstreamSession> opening;
        try {
            opening = upstream.open(own.session(), new OwnListener(life), engine.runtime());
        } catch (RuntimeException e) {
            opening = CompletableFuture.failedFuture(e);
        }
        opening.whenComplete((opened, thrown) -> {
            if (opened == null) {
                fail(life, UpstreamFailure.of(thrown), State.CONNECTING);
            } else if (adopt(life, opened)) {
                failUnlessReady(life, OwnRequests.ANSWERED_WITHIN, "its lists were not read");
                readCatalogue(life, opened, EnumSet.noneOf(Kind.class));
            }
        });
    }

    private void failUnlessReady(long life, Duration within, String what) {
        UpstreamFailure tooLate = UpstreamFailure.notSent(
                UpstreamFailure.Kind.UNREACHABLE, what + " within " + within.toSeconds() + " s");
        engine.after(within, () -> fail(life, tooLate, State.CONNECTING));
    }

    /** Takes a session as the gateway's own, unless its life is over. */
    private boolean adopt(long life, UpstreamSession opened) {
        lock.lock();
        try {
            if (life == epoch && state == State.CONNECTING) {
                session = opened;
                ownLevels.forget();
                facts = Optional.of(opened.facts());
                return true;
            }
        } finally {
            lock.unlock();
        }
        opened.close();
        return false;
    }

    /**
     * Reads all lists; if they are being read, once more when that is done: of two readings at a time the older one could
     * end last. {@code announced} are those that the upstream itself said have changed.
     */
    private void readCatalogue(long life, UpstreamSession from, Set<Kind> announced) {
        lock.lock();
        try {
            if (life != epoch) {
                return;
            }
            if (readingIn == life) {
                readAgain = true;
                announcedMeanwhile.addAll(announced);
                return;
            }
            readingIn = life;
        } finally {
            lock.unlock();
        }
        CompletableFuture<Catalogue> lists = new CatalogueReader(
                        (kind, cursor) -> own.ask(from, kind.listMethod(), cursorParams(cursor)),
                        engine.settings().maxDefinitions())
                .read(from.facts()::has)
                .toCompletableFuture();
        if (!lists.isDone()) {
            // Else an upstream that says nothing once is never asked again.
            engine.after(
                    OwnRequests.ANSWERED_WITHIN, () -> lists.completeExceptionally(new UpstreamException(LISTS_LATE)));
        }
        lists.whenComplete((read, thrown) -> {
            Optional<Set<Kind>> again = endReading(life);
            if (read == null) {
                unread(life, UpstreamFailure.of(thrown), announced);
            } else {
                publish(life, from, read, announced);
            }
            again.ifPresent(kinds -> readCatalogue(life, from, kinds));
        });
    }

    /** Returns what was announced meanwhile, if the lists have to be read again. */
    private Optional<Set<Kind>> endReading(long life) {
        lock.lock();
        try {
            if (readingIn != life) {
                return Optional.empty();
            }
            readingIn = 0;
            if (!readAgain) {
                return Optional.empty();
            }
            readAgain = false;
            Set<Kind> announced = EnumSet.copyOf(announcedMeanwhile);
            announcedMeanwhile.clear();
            return Optional.of(announced);
        } finally {
            lock.unlock();
        }
    }

    private void unread(long life, UpstreamFailure failure, Set<Kind> announced) {
        State now = state();
        if (now != State.READY || failure.kind() != UpstreamFailure.Kind.OVERLOADED) {
            fail(life, failure, now);
            return;
        }
        // It is there and has no time: its last lists stay, and it is asked again later.
        LOGGER.atWarn()
                .addKeyValue("upstream", name())
                .addKeyValue("detail", failure.detail())
                .log("the lists of an upstream could not be read again; the last ones stay");
        engine.after(OwnRequests.ANSWERED_WITHIN, () -> reread(announced));
    }

    private static Map<String, Object> cursorParams(Optional<String> cursor) {
        Map<String, Object> params = new LinkedHashMap<>();
        cursor.ifPresent(value -> params.put("cursor", value));
        return params;
    }

    private void publish(long life, UpstreamSession from, Catalogue read, Set<Kind> announced) {
        Set<Kind> changed = EnumSet.noneOf(Kind.class);
        changed.addAll(announced);
        boolean becameReady;
        lock.lock();
        try {
            if (life != epoch || state == State.CLOSED || state == State.DOWN) {
                return;
            }
            Catalogue best = read.orAsBefore(catalogue);
            for (Kind kind : Kind.values()) {
                if (!best.sameAs(catalogue, kind)) {
                    changed.add(kind);
                }
            }
            becameReady = state != State.READY;
            catalogue = best;
            if (becameReady) {
                become(State.READY);
            }
            outage.over();
        } finally {
            lock.unlock();
        }
        if (becameReady) {
            LOGGER.atInfo()
                    .addKeyValue("upstream", name())
                    .addKeyValue("era", from.era())
                    .addKeyValue("tools", read.definitions(Kind.TOOL).size())
                    .log("upstream ready");
            watches.restore(from);
            engine.connected(name());
            engine.hooks().connected(name(), life);
        }
        if (becameReady || !changed.isEmpty()) {
            listener.onCatalogueChanged(this, changed);
        }
        firstAttempt.complete(null);
    }

    private void fail(long life, UpstreamFailure failure, State expected) {
        UpstreamSession lost;
        Outage.Step step;
        lock.lock();
        try {
            if (life != epoch || state != expected || state == State.CLOSED || state == State.DOWN) {
                return;
            }
            become(State.DOWN);
            lost = session;
            session = null;
            lastFailure = Optional.of(failure);
            step = outage.failed(failure);
            nextTry = engine.ticks().now() + step.pause().toNanos();
        } finally {
            lock.unlock();
        }
        // What stays down must not fill the log: only what is new in this outage is told.
        LOGGER.atLevel(step.isNews() ? Level.WARN : Level.DEBUG)
                .addKeyValue("upstream", name())
                .addKeyValue("kind", failure.kind())
                .addKeyValue("detail", failure.detail())
                .addKeyValue("retryInMs", step.pause().toMillis())
                .log("upstream down");
        if (lost != null) {
            lost.close();
        }
        if (step.isFirst()) {
            engine.hooks().lost(name(), failure.detail());
        }
        if (step.isQuarantine()) {
            engine.hooks().quarantined(name(), failure.detail());
        }
        listener.onCatalogueChanged(this, EnumSet.noneOf(Kind.class));
        firstAttempt.complete(null);
        engine.after(step.pause(), this::connect);
    }

    /** Takes note that the gateway's own session turned out to be dead. */
    void lost(UpstreamSession dead, UpstreamFailure failure) {
        long life;
        lock.lock();
        try {
            if (session != dead) {
                return;
            }
            life = epoch;
        } finally {
            lock.unlock();
        }
        fail(life, failure, state());
    }

    /** Returns what the gateway itself asks of this upstream. */
    OwnRequests own() {
        return own;
    }

    /** Handles what the upstream says unasked in the gateway's own session. */
    void changed(Notification notification) {
        switch (notification.method()) {
            case Methods.TOOLS_CHANGED -> announced(EnumSet.of(Kind.TOOL));
            case Methods.PROMPTS_CHANGED -> announced(EnumSet.of(Kind.PROMPT));
            case Methods.RESOURCES_CHANGED -> announced(EnumSet.of(Kind.RESOURCE, Kind.TEMPLATE));
            case Methods.RESOURCE_UPDATED -> listener.onResourceUpdated(this, notification);
            default ->
                LOGGER.atDebug()
                        .addKeyValue("upstream", name())
                        .addKeyValue("method", notification.method())
                        .log("notification outside calls not passed on");
        }
    }

    /** Reads what an upstream says has changed: at once, or, soon after the last time, a little later. */
    private void announced(Set<Kind> kinds) {
        lock.lock();
        try {
            announcedSince.addAll(kinds);
            if (resting) {
                return;
            }
            resting = true;
        } finally {
            lock.unlock();
        }
        readAnnounced();
    }

    private void readAnnounced() {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        lock.lock();
        try {
            kinds.addAll(announcedSince);
            announcedSince.clear();
            resting = !kinds.isEmpty();
        } finally {
            lock.unlock();
        }
        if (!kinds.isEmpty()) {
            engine.after(BETWEEN_ANNOUNCED, this::readAnnounced);
            reread(kinds);
        }
    }

    /** Looks what the upstream offers now; shows as well whether it is still there. */
    void reread(Set<Kind> announced) {
        UpstreamSession current;
        long life;
        lock.lock();
        try {
            current = session;
            life = epoch;
        } finally {
            lock.unlock();
        }
        if (current != null) {
            readCatalogue(life, current, announced);
        }
    }

    /** Returns the gateway's own session, if it is connected. */
    Optional<UpstreamSession> ownSession() {
        return locked(() -> Optional.ofNullable(session));
    }

    /**
     * Returns a session for a client. Fails at once while the upstream is down: the next try to connect is under way
     * or planned, and a client that waits for it gains nothing over one that comes back.
     */
    CompletionStage<ClientSessions.Lease> sessionFor(
            ClientSessions.Key key, SessionSpec spec, Optional<String> logLevel, SessionListener toClient) {
        return firstAttempt.thenCompose(done -> {
            if (state() != State.READY) {
                throw new UpstreamException(locked(this::whyDown));
            }
            Optional<UpstreamSession> own = ownSession();
            boolean everybodys = upstream.sharesSessions()
                    || mayShare(spec) && key.principal().isAnonymous();
            if (everybodys && own.isPresent()) {
                return withLevel(ownLevels, CompletableFuture.completedFuture(own.get()), logLevel)
                        .thenApply(session ->
                                new ClientSessions.Lease(session, new AtomicReference<>(Optional.empty()), () -> {}));
            }
            ClientSessions.Entry entry = clients.use(
                    mayShare(spec) ? new ClientSessions.Key(key.principal(), Optional.empty()) : key,
                    spec,
                    new ClientListener(toClient));
            return entry.lease(withLevel(entry.levels(), entry.opening(), logLevel));
        });
    }

    private UpstreamFailure whyDown() {
        UpstreamFailure why =
                lastFailure.orElse(UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "not connected"));
        return state == State.DOWN ? why.beforeSending().retryAfter(left()) : why.beforeSending();
    }

    /** Returns how long it is until the next try. */
    private Duration left() {
        return Duration.ofNanos(Math.max(0, nextTry - engine.ticks().now()));
    }

    private CompletionStage<UpstreamSession> withLevel(
            LogLevels levels, CompletionStage<UpstreamSession> opening, Optional<String> logLevel) {
        return levels.in(opening, logLevel, own::ask, engine.runtime().timer());
    }

    /** Asks for other log messages in a client's session, if there is one; else the next call does. */
    void logLevel(ClientSessions.Key key, String level) {
        clients.existing(key).ifPresent(entry -> withLevel(entry.levels(), entry.opening(), Optional.of(level)));
    }

    private boolean mayShare(SessionSpec spec) {
        return !upstream.sessionPerClient() && !Questions.declaresAny(spec.clientCapabilities());
    }

    /**
     * Lets go of the sessions that were opened for a client's session.
     *
     * @param end what becomes of each: closed, or left to other nodes
     */
    void release(String sessionKey, Consumer<UpstreamSession> end) {
        clients.release(sessionKey, end);
    }

    /** Has the next call of a client's session open another one here, see {@link ClientSessions#retire}. */
    void retire(ClientSessions.Key key, Predicate<UpstreamSession> which, Consumer<UpstreamSession> end) {
        clients.retire(key, which, end);
    }

    /** Returns whether what the upstream knows of a legacy session ends with this process. */
    boolean tiesSessions() {
        return upstream.tiesSessions()
                && ownSession().filter(open -> open.era() == Era.MODERN).isEmpty();
    }

    /** Watches a resource on behalf of one more client. */
    CompletionStage<Optional<Response>> watch(String uri) {
        return watches.add(uri);
    }

    /** Watches a resource on behalf of one client less. */
    void unwatch(String uri) {
        watches.remove(uri);
    }

    /** Passes a notification of a client on to its own session, if it has one. */
    void tell(ClientSessions.Key key, Notification notification) {
        clients.existing(key).ifPresent(entry -> entry.opening().thenAccept(open -> open.send(notification)));
    }

    /** Ends all sessions and returns at once; {@link #close} waits. */
    void endSessions() {
        UpstreamSession open;
        lock.lock();
        try {
            become(State.CLOSED);
            epoch++;
            open = session;
            session = null;
        } finally {
            lock.unlock();
        }
        firstAttempt.complete(null);
        clients.close();
        if (open != null) {
            open.close();
        }
    }

    void close() {
        endSessions();
        upstream.close();
    }

    /** Listens to a client's session. */
    private final class ClientListener implements SessionListener {

        private final SessionListener toClient;

        ClientListener(SessionListener toClient) {
            this.toClient = toClient;
        }

        @Override
        public void onNotification(Notification notification) {
            toClient.onNotification(notification);
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            toClient.onRequest(question, answer);
        }

        @Override
        public void onRenewed() {
            // An upstream that forgot one session may have forgotten all, and be another version of itself.
            reread(EnumSet.noneOf(Kind.class));
            toClient.onRenewed();
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            reread(EnumSet.noneOf(Kind.class));
            toClient.onEnd(why);
        }
    }

    /** Listens to the gateway's own session. */
    private final class OwnListener implements SessionListener {

        private final long life;

        OwnListener(long life) {
            this.life = life;
        }

        @Override
        public void onNotification(Notification notification) {
            if (locked(() -> life == epoch)) {
                changed(notification);
            }
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            answer.accept(OwnRequests.answer(question));
        }

        @Override
        public void onRenewed() {
            UpstreamSession current = locked(() -> life == epoch ? session : null);
            if (current != null) {
                ownLevels.forget();
                watches.restore(current);
                readCatalogue(life, current, EnumSet.noneOf(Kind.class));
            }
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            fail(life, why, state());
        }
    }
}
