package io.sallyport.gateway.internal;

import io.sallyport.catalogue.Kind;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the gateway watches at one upstream: its lists, and the resources that clients watch, each once for all of them.
 * A modern upstream is listened to with one request, made anew when what is watched changes; a legacy one is told of
 * each resource.
 */
final class Watches {

    private static final long LISTEN_AGAIN_MILLIS = 1000;

    /** Each time all is named that is watched: many changes must not become as many requests. */
    private static final Duration BETWEEN_CHANGES = Duration.ofMillis(100);

    private final UpstreamManager manager;
    private final ReentrantLock lock = new ReentrantLock();

    /** By URI, how many clients watch it. Guarded by the lock. */
    private final Map<String, Integer> uris = new TreeMap<>();

    private @Nullable CallHandle listening;

    /** Counts the requests to listen, so that of two at once the later one stays. */
    private long listens;

    private long listeningSince;

    /** Whether what is watched changed a moment ago, and whether it did again since. */
    private boolean resting;

    private boolean changedSince;

    Watches(UpstreamManager manager) {
        this.manager = manager;
    }

    /** Watches a resource for one more client; completes with the upstream's answer, if it had to be asked. */
    CompletionStage<Optional<Response>> add(String uri) {
        boolean isNew;
        lock.lock();
        try {
            isNew = uris.merge(uri, 1, Integer::sum) == 1;
        } finally {
            lock.unlock();
        }
        Optional<UpstreamSession> session = manager.ownSession();
        if (!isNew || session.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        if (session.get().era() == Era.MODERN) {
            listenToChanged();
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return manager.own()
                .ask(session.get(), Methods.RESOURCES_SUBSCRIBE, Map.of("uri", uri))
                .thenApply(Optional::of);
    }

    /** Watches a resource for one client less. */
    void remove(String uri) {
        boolean isLast;
        lock.lock();
        try {
            isLast = uris.containsKey(uri)
                    && uris.computeIfPresent(uri, (key, count) -> count == 1 ? null : count - 1) == null;
        } finally {
            lock.unlock();
        }
        Optional<UpstreamSession> session = manager.ownSession();
        if (isLast && session.isPresent()) {
            if (session.get().era() == Era.MODERN) {
                listenToChanged();
            } else {
                manager.own().ask(session.get(), Methods.RESOURCES_UNSUBSCRIBE, Map.of("uri", uri));
            }
        }
    }

    /** Begins to watch in a new session what was watched in the last one. */
    void restore(UpstreamSession session) {
        if (session.era() == Era.MODERN) {
            listen(session);
            return;
        }
        for (String uri : watched()) {
            manager.own().ask(session, Methods.RESOURCES_SUBSCRIBE, Map.of("uri", uri));
        }
    }

    private List<String> watched() {
        lock.lock();
        try {
            return List.copyOf(uris.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** Listens to what is watched now: at once, or, soon after the last time, a little later. */
    private void listenToChanged() {
        lock.lock();
        try {
            changedSince = resting;
            if (resting) {
                return;
            }
            resting = true;
        } finally {
            lock.unlock();
        }
        listenAndRest();
    }

    private void listenAndRest() {
        manager.engine().after(BETWEEN_CHANGES, this::rested);
        manager.ownSession().filter(session -> session.era() == Era.MODERN).ifPresent(this::listen);
    }

    private void rested() {
        lock.lock();
        try {
            resting = changedSince;
            changedSince = false;
            if (!resting) {
                return;
            }
        } finally {
            lock.unlock();
        }
        listenAndRest();
    }

    private void listen(UpstreamSession session) {
        Map<String, Object> filter = new LinkedHashMap<>();
        ServerFacts facts = session.facts();
        for (String list : List.of("tools", "prompts", "resources")) {
            if (facts.has(list, "listChanged")) {
                filter.put(list + "ListChanged", true);
            }
        }
        List<String> resources;
        long which;
        lock.lock();
        try {
            resources = List.copyOf(uris.keySet());
            which = ++listens;
        } finally {
            lock.unlock();
        }
        if (!resources.isEmpty()) {
            filter.put("resourceSubscriptions", resources);
        }
        CallHandle notNeeded;
        CallHandle now = filter.isEmpty()
                ? null
                : session.call(
                        manager.own().request(session, Methods.SUBSCRIPTIONS_LISTEN, Map.of("notifications", filter)),
                        OwnRequests.spec(),
                        new Listener(session));
        lock.lock();
        try {
            // Two may have begun at once; the later one listens for all that is watched.
            boolean isLatest = which > listeningSince;
            notNeeded = isLatest ? listening : now;
            if (isLatest) {
                listening = now;
                listeningSince = which;
            }
        } finally {
            lock.unlock();
        }
        // The new one first: what happens between the two is told twice rather than never.
        if (notNeeded != null) {
            notNeeded.cancel("listening for something else now");
        }
    }

    private void listenAgainLater(UpstreamSession session) {
        manager.engine()
                .runtime()
                .timer()
                .schedule(
                        () -> {
                            if (manager.ownSession().equals(Optional.of(session))) {
                                listen(session);
                                // What changed while nobody listened is told by nobody.
                                manager.reread(EnumSet.noneOf(Kind.class));
                            }
                        },
                        LISTEN_AGAIN_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private final class Listener implements CallListener {

        private final UpstreamSession session;

        Listener(UpstreamSession session) {
            this.session = session;
        }

        @Override
        public void onNotification(Notification notification) {
            if (!notification.method().equals(Methods.SUBSCRIPTIONS_ACKNOWLEDGED)) {
                manager.changed((Notification) notification
                        .edit()
                        .remove(Part.PARAMS_META, MetaKeys.SUBSCRIPTION_ID)
                        .apply());
            }
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            answer.accept(Questions.cannotBeAsked(question));
        }

        @Override
        public void onPause(Duration retry) {
            // There is no pause in this era.
        }

        @Override
        public void onResponse(Response response) {
            if (!response.isError()) {
                listenAgainLater(session);
            }
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            if (failure.kind() == UpstreamFailure.Kind.INTERRUPTED) {
                // Long streams get cut by whatever is in between; that alone says nothing of the upstream.
                listenAgainLater(session);
            } else {
                manager.lost(session, failure);
            }
        }
    }
}
