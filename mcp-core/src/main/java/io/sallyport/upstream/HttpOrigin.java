package io.sallyport.upstream;

import io.sallyport.protocol.Era;
import io.sallyport.upstream.UpstreamFailure.Kind;
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
    private final AtomicReference<Knowledge> knowledge = new AtomicReference<>(Knowledge.NONE);

    HttpOrigin(HttpSettings settings, UpstreamRuntime runtime) {
        this.settings = settings;
        this.runtime = runtime;
        this.engine = new HttpEngine(settings, runtime);
        this.wire = new HttpWire(engine, runtime.limits());
    }

    UpstreamRuntime runtime() {
        return runtime;
    }

    /** Forgets which eras the upstream speaks. */
    void forgetEra() {
        knowledge.set(Knowledge.NONE);
    }

    void ended(UpstreamSession session) {
        sessions.remove(session);
    }

    CompletableFuture<UpstreamSession> open(SessionSpec spec, SessionListener listener) {
        Knowledge known = knowledge.get();
        Era first = settings.era().orElse(spec.preferredEra());
        boolean firstIsRefused = first == Era.MODERN ? known.refusesModern : known.refusesLegacy;
        CompletableFuture<UpstreamSession> opened;
        if (settings.era().isPresent()) {
            opened = open(first, spec, listener).thenApply(session -> session.orElseThrow(() -> refused(first)));
        } else if (firstIsRefused) {
            Era only = other(first);
            opened = open(only, spec, listener).thenApply(session -> session.orElseThrow(() -> refused(only)));
        } else {
            opened = open(first, spec, listener)
                    .thenCompose(session -> session.isPresent()
                            ? CompletableFuture.completedFuture(session)
                            : open(other(first), spec, listener))
                    .thenApply(session -> session.orElseThrow(HttpOrigin::refusedBoth));
        }
        return opened.whenComplete((session, thrown) -> {
            if (thrown != null) {
                forgetEra();
            }
        });
    }

    private static Era other(Era era) {
        return era == Era.MODERN ? Era.LEGACY : Era.MODERN;
    }

    private static UpstreamException refused(Era era) {
        return new UpstreamException(UpstreamFailure.notSent(
                Kind.PROTOCOL, "the upstream does not speak the " + era + " era, which is the only one to be tried"));
    }

    private static UpstreamException refusedBoth() {
        return new UpstreamException(UpstreamFailure.notSent(
                Kind.PROTOCOL,
                "this is not an MCP endpoint: neither server/discover (2026-07-28) nor initialize is answered"));
    }

    /** Completes with nothing if the upstream does not speak the era. */
    private CompletableFuture<Optional<UpstreamSession>> open(Era era, SessionSpec spec, SessionListener listener) {
        return era == Era.MODERN ? openModern(spec, listener) : openLegacy(spec, listener);
    }

    private CompletableFuture<Optional<UpstreamSession>> openModern(SessionSpec spec, SessionListener listener) {
        Knowledge known = knowledge.get();
        if (known.modern != null && engine.now() - known.learned < FACTS_FRESH.toNanos()) {
            return CompletableFuture.completedFuture(Optional.of(modernSession(known.modern, listener)));
        }
        return new Handshake(wire, runtime).discover(spec).thenApply(facts -> {
            knowledge.updateAndGet(
                    now -> new Knowledge(facts.isEmpty(), now.refusesLegacy, facts.orElse(null), engine.now()));
            return facts.map(found -> modernSession(found, listener));
        });
    }

    private UpstreamSession modernSession(ServerFacts facts, SessionListener listener) {
        ModernHttpSession session = new ModernHttpSession(wire, facts, listener, this);
        sessions.add(session);
        return session;
    }

    private CompletableFuture<Optional<UpstreamSession>> openLegacy(SessionSpec spec, SessionListener listener) {
        return new Handshake(wire, runtime).initialize(spec).thenApply(link -> {
            knowledge.updateAndGet(now -> new Knowledge(now.refusesModern, link.isEmpty(), now.modern, now.learned));
            return link.map(found -> {
                LegacyHttpSession session = new LegacyHttpSession(wire, found, spec, listener, this);
                sessions.add(session);
                session.start();
                return session;
            });
        });
    }

    void close() {
        List<CompletableFuture<Void>> farewells = new java.util.ArrayList<>();
        for (UpstreamSession session : List.copyOf(sessions)) {
            if (session instanceof LegacyHttpSession legacy) {
                farewells.add(legacy.finish());
            } else {
                session.close();
            }
        }
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
