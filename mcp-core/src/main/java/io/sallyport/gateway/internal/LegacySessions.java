package io.sallyport.gateway.internal;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.RequestId;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The legacy sessions of a gateway: opened, found, ended. The store knows them all, this node holds those in use. */
final class LegacySessions {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    private static final int ID_BYTES = 24;
    private static final int KEY_DIGITS = 32;
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
    private final Cluster cluster;
    private final LegacyStream.Context streams;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, LegacySession> here = new ConcurrentHashMap<>();
    private final ScheduledFuture<?> sweeping;

    LegacySessions(Engine engine, SessionStore store) {
        this.engine = engine;
        this.store = store;
        this.cluster = new Cluster(store, engine.executor(), engine.runtime().timer(), this::onLetter);
        this.streams = new LegacyStream.Context(
                engine.ticks(),
                engine.runtime().timer(),
                store.events(),
                cluster.isShared() ? engine.executor() : Runnable::run,
                cluster.node(),
                engine.settings().idleHeartbeat());
        this.sweeping = engine.runtime()
                .timer()
                .scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    /** Begins to live among the nodes that share the store. */
    void start() {
        cluster.start();
    }

    Cluster cluster() {
        return cluster;
    }

    LegacyStream.Context streams() {
        return streams;
    }

    /** Does what another node was asked for and is this one's to do. */
    private void onLetter(String kind, JsonValue letter) {
        String key = letter.getString("session").orElse("");
        LegacySession session = here.get(key);
        if (session == null) {
            return;
        }
        switch (kind) {
            case "ended" -> drop(key);
            case "answer" -> letter.get("message").map(JsonValue::toJson).ifPresent(session::answeredElsewhere);
            case "cancel" ->
                letter.getString("id")
                        .map(RequestId::new)
                        .ifPresent(id ->
                                session.cancel(id, letter.getString("reason").orElse("cancelled")));
            case "listens" -> session.letGoStandalone();
            case "watches" -> watches(session, letter);
            default -> LOGGER.atDebug().addKeyValue("kind", kind).log("a message of a newer node was left out");
        }
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

    /** Returns the id of a new session, or nothing if there is no room for it. */
    Optional<String> open(String endpoint, Principal principal, String version, String initializeParams) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        SessionRecord session = SessionRecord.opened(keyOf(id), endpoint, principal, version, initializeParams);
        SessionStore.Creation creation = store.create(session);
        if (!(creation instanceof SessionStore.Created created)) {
            return Optional.empty();
        }
        created.evicted().ifPresent(this::dropEverywhere);
        return Optional.of(id);
    }

    /** Finds the session of an id for a caller at an endpoint; another's session looks like none. */
    Found find(String id, String endpoint, Principal principal) {
        String key = keyOf(id);
        SessionStore.Lookup lookup = store.find(key);
        if (lookup instanceof SessionStore.Live live) {
            boolean own = live.record().endpoint().equals(endpoint)
                    && live.record().principal().equals(principal);
            if (!own) {
                LOGGER.atWarn()
                        .addKeyValue("session", key)
                        .addKeyValue("endpoint", endpoint)
                        .addKeyValue("principal", principal.subject())
                        .log("session presented by somebody else, or at another endpoint");
                return new None("unknown");
            }
            return hold(live.record());
        }
        return gone(key, lookup);
    }

    private None gone(String key, SessionStore.Lookup lookup) {
        drop(key);
        return new None(lookup instanceof SessionStore.Ended ended ? ended.how().word() : "unknown");
    }

    private Found hold(SessionRecord kept) {
        LegacySession held = here.get(kept.key());
        if (held != null) {
            return new Open(held, kept);
        }
        held = here.computeIfAbsent(kept.key(), key -> {
            LegacySession session = new LegacySession(streams, kept);
            engine.endpoint(kept.endpoint()).ifPresent(endpoint -> endpoint.addListener(session));
            return session;
        });
        // If it has ended since it was found, its end found nothing to let go of, and will not come again.
        SessionStore.Lookup again = store.find(kept.key());
        return again instanceof SessionStore.Live ? new Open(held, kept) : gone(kept.key(), again);
    }

    /** Changes what the store keeps of a session; tries again if somebody else changed it at the same time. */
    boolean update(SessionRecord kept, UnaryOperator<SessionRecord> change) {
        SessionRecord current = kept;
        for (int attempt = 0; attempt < 10; attempt++) {
            if (store.update(change.apply(current))) {
                return true;
            }
            if (!(store.find(kept.key()) instanceof SessionStore.Live live)) {
                return false;
            }
            current = live.record();
        }
        return false;
    }

    /** Ends a session for its client, who gives up what is under way. */
    void endedByClient(String key) {
        store.end(key, SessionStore.End.TERMINATED_BY_CLIENT);
        Optional.ofNullable(here.get(key)).ifPresent(session -> session.cancelAll("the client ended the session"));
        dropEverywhere(key);
    }

    private void dropEverywhere(String key) {
        drop(key);
        cluster.tellOthers(Map.of("kind", "ended", "session", key));
    }

    /** Lets go of what this node holds of a session that has ended. */
    private void drop(String key) {
        LegacySession session = here.remove(key);
        if (session != null) {
            // First, so that whoever opens or watches something for it from now on sees that it has ended.
            session.markEnded();
            // Before the rest, so that calls under way learn what became of them, and their clients from them.
            engine.upstreams().forEach(upstream -> upstream.release(key));
            session.close();
            engine.endpoints().forEach(endpoint -> endpoint.removeListener(session));
        }
    }

    private void sweep() {
        try {
            store.sweep(SWEEP_AT_ONCE).forEach(this::dropEverywhere);
        } catch (RuntimeException e) {
            LOGGER.atWarn().setCause(e).log("sweeping expired sessions failed");
        }
    }

    /** Sessions are stored and logged under a hash of their id, which by itself opens nothing. */
    static String keyOf(String id) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(id.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, KEY_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Returns how many sessions this node holds. */
    int held() {
        return here.size();
    }

    void close() {
        sweeping.cancel(false);
        here.keySet().forEach(this::drop);
        cluster.close();
    }
}
