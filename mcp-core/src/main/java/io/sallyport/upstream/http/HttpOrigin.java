package io.sallyport.upstream.http;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An upstream as it is in use: its connections, its sessions, and what is known of the eras that it speaks. Thread-safe.
 */
final class HttpOrigin {

    private static final Duration FAREWELL = Duration.ofSeconds(1);
    private static final Duration FACTS_FRESH = Duration.ofMinutes(1);

    /** What has been learned by asking; forgotten when something fails that may mean that it has changed. */
    private record Knowledge(
            boolean refusesModern,
            boolean refusesLegacy,
            @Nullable ServerFacts modern,
            long learned) {

        static final Knowledge NONE = new Knowledge(false, false, null, 0);
    }

    private final HttpSettings settings;
    private final UpstreamRuntime runtime;
    private final HttpEngine engine;
    private final HttpWire wire;
    private final Set<UpstreamSession> sessions = ConcurrentHashMap.newKeySet();
    private final Set<CompletableFuture<Void>> farewells = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Knowledge> knowledge = new AtomicReference<>(Knowledge.NONE);
    private volatile boolean answersListenersLate;

    HttpOrigin(HttpSettings settings, UpstreamRuntime runtime) {
        this.settings = settings;
        this.runtime = runtime;
        this.engine = new HttpEngine(settings, runtime);
        this.wire = new HttpWire(engine, runtime.limits());
    }

    UpstreamRuntime runtime() {
        return runtime;
    }

    /** Forgets which eras the upstream speaks, and how. */
    void forgetEra() {
        knowledge.set(Knowledge.NONE);
        answersListenersLate = false;
    }

    /** Whether the upstream has let those wait who listen to it. */
    boolean answersListenersLate() {
        return answersListenersLate;
    }

    void listenersAreAnsweredLate() {
        answersListenersLate = true;
    }

    void ended(UpstreamSession session) {
        sessions.remove(session);
    }

    /** Keeps the connections until the upstream has been told that a session has ended, for a moment. */
    @SuppressWarnings("CollectionUndefinedEquality") // The very same one.
    void takesLeave(CompletableFuture<Void> told) {
        farewells.add(told);
        told.whenComplete((done, failure) -> farewells.remove(told));
    }

    /**
     * Opens a session in the era that is preferred, if the upstream speaks it, else in the other; or goes on with one that
     * another node has opened, which the upstream is not asked about before the first call.
     */
    CompletableFuture<UpstreamSession> open(SessionSpec spec, SessionListener listener) {
        Optional<LegacyLink> opened = spec.handle().flatMap(handle -> LegacyLink.read(handle, settings.name()));
        if (opened.isPresent()) {
            return legacySession(opened.get(), spec, listener);
        }
        Knowledge known = requireNonNull(knowledge.get());
        Era preferred = settings.era().orElse(spec.preferredEra());
        boolean isRefused = preferred == Era.MODERN ? known.refusesModern : known.refusesLegacy;
        Era first = settings.era().isEmpty() && isRefused ? other(preferred) : preferred;
        boolean isOnlyOne = settings.era().isPresent() || isRefused;
        return open(first, spec, listener)
                .thenCompose(probe -> {
                    if (isOnlyOne || !(probe instanceof Probe.Refuses<UpstreamSession> refuses)) {
                        return CompletableFuture.completedFuture(probe);
                    }
                    return open(other(first), spec, listener).thenApply(second -> both(refuses, second));
                })
                .thenApply(HttpOrigin::session)
                .whenComplete((session, thrown) -> {
                    if (thrown != null) {
                        forgetEra();
                    }
                });
    }

    private static Era other(Era era) {
        return era == Era.MODERN ? Era.LEGACY : Era.MODERN;
    }

    private static Probe<UpstreamSession> both(Probe.Refuses<UpstreamSession> first, Probe<UpstreamSession> second) {
        return second instanceof Probe.Refuses<UpstreamSession> refuses
                ? new Probe.Refuses<>(first.detail() + "; and " + refuses.detail())
                : second;
    }

    private static UpstreamSession session(Probe<UpstreamSession> probe) {
        if (probe instanceof Probe.Speaks<UpstreamSession> speaks) {
            return speaks.found();
        }
        String detail = ((Probe.Refuses<UpstreamSession>) probe).detail();
        throw new UpstreamException(
                UpstreamFailure.notSent(Kind.PROTOCOL, "this is not an MCP endpoint that can be spoken to: " + detail));
    }

    private CompletableFuture<Probe<UpstreamSession>> open(Era era, SessionSpec spec, SessionListener listener) {
        return (era == Era.MODERN ? openModern(spec, listener) : openLegacy(spec, listener))
                .thenApply(probe -> probe instanceof Probe.Refuses<UpstreamSession> refuses
                        ? new Probe.Refuses<>((era == Era.MODERN ? Methods.DISCOVER : Methods.INITIALIZE) + " got "
                                + refuses.detail())
                        : probe);
    }

    private CompletableFuture<Probe<UpstreamSession>> openModern(SessionSpec spec, SessionListener listener) {
        Knowledge known = requireNonNull(knowledge.get());
        if (known.modern != null && engine.now() - known.learned < FACTS_FRESH.toNanos()) {
            return CompletableFuture.completedFuture(new Probe.Speaks<>(modernSession(known.modern, spec, listener)));
        }
        return discover(spec).thenApply(probe -> probe.map(facts -> modernSession(facts, spec, listener)));
    }

    private CompletableFuture<Probe<ServerFacts>> discover(SessionSpec spec) {
        return new Handshake(wire, runtime).discover(spec).thenApply(probe -> {
            @Nullable ServerFacts facts = probe instanceof Probe.Speaks<ServerFacts> speaks ? speaks.found() : null;
            knowledge.updateAndGet(now -> new Knowledge(facts == null, now.refusesLegacy, facts, engine.now()));
            return probe;
        });
    }

    /**
     * Asks again whether the upstream is a modern one, after an answer that makes one doubt it. Completes with why it is
     * not, or with nothing as long as there is no evidence.
     */
    CompletableFuture<Optional<UpstreamFailure>> doubt(SessionSpec spec) {
        forgetEra();
        return discover(spec)
                .thenApply(probe -> probe instanceof Probe.Refuses<ServerFacts> refuses
                        ? Optional.of(UpstreamFailure.notSent(
                                Kind.PROTOCOL, "the upstream is no longer a modern one: " + refuses.detail()))
                        : Optional.<UpstreamFailure>empty())
                .exceptionally(noEvidence -> Optional.empty());
    }

    private UpstreamSession modernSession(ServerFacts facts, SessionSpec spec, SessionListener listener) {
        ModernHttpSession session = new ModernHttpSession(wire, facts, spec, listener, this);
        sessions.add(session);
        return session;
    }

    private CompletableFuture<Probe<UpstreamSession>> openLegacy(SessionSpec spec, SessionListener listener) {
        return new Handshake(wire, runtime).initialize(spec).thenCompose(probe -> {
            boolean refuses = probe instanceof Probe.Refuses<LegacyLink>;
            knowledge.updateAndGet(now -> new Knowledge(now.refusesModern, refuses, now.modern, now.learned));
            return probe instanceof Probe.Speaks<LegacyLink> speaks
                    ? legacySession(speaks.found(), spec, listener).thenApply(Probe.Speaks::new)
                    : CompletableFuture.completedFuture(
                            new Probe.Refuses<>(((Probe.Refuses<LegacyLink>) probe).detail()));
        });
    }

    private CompletableFuture<UpstreamSession> legacySession(
            LegacyLink link, SessionSpec spec, SessionListener listener) {
        LegacyHttpSession session = new LegacyHttpSession(wire, link, spec, listener, this);
        sessions.add(session);
        return session.start().thenApply(started -> session);
    }

    HttpEngine engine() {
        return engine;
    }

    void close() {
        List.copyOf(sessions).forEach(UpstreamSession::close);
        try {
            CompletableFuture.allOf(farewells.toArray(CompletableFuture[]::new))
                    .get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException | CompletionException late) {
            // An upstream that cannot be told now forgets the session in time.
        }
        engine.close();
    }
}
