package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.ClusterNode;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What clients' sessions have at upstreams, as far as nodes have to know it of each other. A session with an upstream that
 * knows it by an id is used by any node; the store keeps its handle. One that is tied to a process has a home: the node
 * that has made the first call. Thread-safe; methods wait for the store.
 */
final class UpstreamStates {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** How often one call may find that other nodes have come to use another session. */
    private static final int REPLACEMENTS = 3;

    private static final String NODE = "node";
    private static final String HANDLE = "handle";

    /** Which node makes a call. */
    sealed interface Place {}

    /** This one. */
    record Here() implements Place {}

    /** Another one, which lives. */
    record At(String node) implements Place {}

    /** None can: the node that had the state is dead. */
    record Lost() implements Place {}

    private final SessionStore store;
    private final ClusterNode node;
    private final Executor executor;

    UpstreamStates(SessionStore store, ClusterNode node, Executor executor) {
        this.store = store;
        this.node = node;
        this.executor = executor;
    }

    private static Optional<String> state(SessionRecord kept, String upstream, String what) {
        return Optional.ofNullable(kept.upstreams().get(upstream))
                .flatMap(state -> JsonValue.trusted(state).getString(what));
    }

    private static SessionRecord with(SessionRecord kept, String upstream, String what, String value) {
        return kept.withUpstream(upstream, Json.write(Map.of(what, value)));
    }

    /** Returns who makes a session's call to an upstream; this node, from now on, if nobody has made one so far. */
    Place placeOf(SessionRecord kept, UpstreamManager upstream) {
        if (!node.isShared() || !upstream.tiesSessions()) {
            return new Here();
        }
        String name = upstream.name();
        Optional<SessionRecord> now = store.change(
                kept,
                current -> state(current, name, NODE).isPresent()
                        ? Optional.empty()
                        : Optional.of(with(current, name, NODE, node.name())));
        // If the session has ended meanwhile the call will find out.
        return now.map(current ->
                        place(current, name, state(current, name, NODE).orElseThrow()))
                .orElse(new Here());
    }

    private Place place(SessionRecord current, String upstream, String home) {
        if (home.equals(node.name())) {
            return new Here();
        }
        if (node.livesForSure(home)) {
            return new At(home);
        }
        forget(current, upstream, home);
        return new Lost();
    }

    /** Whoever calls next begins anew. */
    private void forget(SessionRecord kept, String upstream, String home) {
        store.change(
                kept,
                current -> state(current, upstream, NODE)
                        .filter(home::equals)
                        .map(itsHome -> current.withoutUpstream(upstream)));
    }

    /** What a call to an upstream needs a session for. */
    record Wish(UpstreamManager upstream, ClientSessions.Key key, SessionSpec spec, Optional<String> logLevel) {}

    /** Returns a session for a call that this node makes: the one that other nodes use, if they can share it. */
    CompletionStage<ClientSessions.Lease> sessionFor(LegacySession session, SessionRecord kept, Wish wish) {
        return sessionFor(session, kept, wish, REPLACEMENTS);
    }

    private CompletionStage<ClientSessions.Lease> sessionFor(
            LegacySession session, SessionRecord kept, Wish wish, int replacements) {
        UpstreamManager upstream = wish.upstream();
        String name = upstream.name();
        Optional<String> known = node.isShared() ? state(kept, name, HANDLE) : Optional.empty();
        CompletionStage<ClientSessions.Lease> opening = upstream.sessionFor(
                wish.key(), wish.spec().withHandle(known), wish.logLevel(), session.outsideCallsOf(name));
        if (!node.isShared()) {
            return opening;
        }
        return opening.thenCompose(lease -> {
            // First: what was agreed to since then is no reason to keep a handle from before.
            Optional<String> agreed = requireNonNull(lease.agreed().get());
            Optional<String> handle = lease.session().handle();
            if (handle.isEmpty() || handle.equals(known)) {
                lease.agreed().set(handle);
                return CompletableFuture.completedFuture(lease);
            }
            return agreeing(lease, () -> agree(kept.key(), name, agreed, handle.get()))
                    .<CompletionStage<ClientSessions.Lease>>handle((others, notKept) -> {
                        if (notKept != null) {
                            LOGGER.atDebug()
                                    .addKeyValue("session", kept.key())
                                    .addKeyValue("upstream", name)
                                    .addKeyValue("reason", notKept.toString())
                                    .log("other nodes do not know of a session with an upstream");
                            return CompletableFuture.completedFuture(lease);
                        }
                        if (others.isEmpty()) {
                            lease.agreed().set(handle);
                            return CompletableFuture.completedFuture(lease);
                        }
                        if (replacements == 0) {
                            return CompletableFuture.completedFuture(lease);
                        }
                        // One session has one state. What nobody ever agreed to is of no use to anybody.
                        upstream.retire(
                                wish.key(),
                                open -> open.handle().equals(handle),
                                agreed.equals(handle) ? UpstreamSession::leave : UpstreamSession::close);
                        lease.giveBack().run();
                        return sessionFor(session, others.get(), wish, replacements - 1);
                    })
                    .thenCompose(found -> found);
        });
    }

    private CompletableFuture<Optional<SessionRecord>> agreeing(
            ClientSessions.Lease lease, Supplier<Optional<SessionRecord>> agreement) {
        try {
            return CompletableFuture.supplyAsync(agreement, executor);
        } catch (RejectedExecutionException full) {
            lease.giveBack().run();
            throw new UpstreamException(UpstreamFailure.notSent(
                    UpstreamFailure.Kind.OVERLOADED, "there is no thread to keep the handle of a session"));
        }
    }

    /**
     * Keeps a handle, unless another node has kept another since this one knew.
     *
     * @param agreed what it is in place of: the upstream had forgotten that one
     * @return what is kept if that is another; nothing if all nodes use this one now
     */
    private Optional<SessionRecord> agree(String key, String upstream, Optional<String> agreed, String handle) {
        if (!(store.find(key) instanceof SessionStore.Live live)) {
            // The call will find out.
            return Optional.empty();
        }
        return store.change(live.record(), current -> {
                    Optional<String> there = state(current, upstream, HANDLE);
                    boolean isDue = there.isEmpty() || there.equals(agreed);
                    return isDue && !there.equals(Optional.of(handle))
                            ? Optional.of(with(current, upstream, HANDLE, handle))
                            : Optional.empty();
                })
                .filter(current -> !state(current, upstream, HANDLE).equals(Optional.of(handle)));
    }
}
