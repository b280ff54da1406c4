package io.sallyport.gateway.internal;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The sessions with one upstream that are kept for clients. Bounded: the one that was unused longest makes room, but none
 * in which a call is under way. A session that all requests of a principal share is closed when it was not used for a
 * while; that of a client's session ends with it.
 */
final class ClientSessions {

    /**
     * Whose session it is: that of a legacy client's session, or the one that all modern requests of a principal share.
     */
    record Key(Principal principal, Optional<String> sessionKey) {}

    /**
     * A session as one call uses it, until it gives it back.
     *
     * @param agreed the handle under which it is, as far as this node knows, the one that all nodes use
     */
    record Lease(UpstreamSession session, AtomicReference<Optional<String>> agreed, Runnable giveBack) {}

    /** A session, maybe still being opened, and what its upstream was asked to log in it. */
    final class Entry {
        private final CompletableFuture<UpstreamSession> opening = new CompletableFuture<>();
        private final LogLevels levels;
        private final AtomicReference<Optional<String>> agreed;

        /** How many calls use it. Guarded by the lock, as is the time at which there was one less. */
        private int users = 1;

        private long unusedSince;

        /** What becomes of it when nobody uses it any more, once it has been replaced. */
        private @Nullable Consumer<UpstreamSession> retirement;

        private Entry(Key key, SessionSpec spec) {
            agreed = new AtomicReference<>(spec.handle());
            levels = new LogLevels(key.sessionKey().isEmpty());
        }

        /** Returns the session for one call, when it is open. */
        CompletionStage<Lease> lease(CompletionStage<UpstreamSession> ready) {
            return ready.thenApply(session -> new Lease(session, agreed, this::giveBack));
        }

        private void giveBack() {
            Consumer<UpstreamSession> over;
            lock.lock();
            try {
                users--;
                unusedSince = ticker.getAsLong();
                over = users == 0 ? retirement : null;
            } finally {
                lock.unlock();
            }
            if (over != null) {
                end(this, over);
            }
        }

        CompletionStage<UpstreamSession> opening() {
            return opening;
        }

        /** Returns the session if it is open. */
        private Optional<UpstreamSession> opened() {
            return opening.isDone() && !opening.isCompletedExceptionally()
                    ? Optional.of(opening.join())
                    : Optional.empty();
        }

        LogLevels levels() {
            return levels;
        }
    }

    private final Upstream upstream;
    private final UpstreamRuntime runtime;
    private final int most;
    private final long idleNanos;
    private final LongSupplier ticker;
    private final ReentrantLock lock = new ReentrantLock();

    /** Least recently used first. Guarded by the lock. */
    private final LinkedHashMap<Key, Entry> sessions = new LinkedHashMap<>(16, 0.75f, true);

    private boolean closed;

    ClientSessions(Upstream upstream, UpstreamRuntime runtime, int most, Duration idle, LongSupplier ticker) {
        this.upstream = upstream;
        this.runtime = runtime;
        this.most = most;
        this.idleNanos = idle.toNanos();
        this.ticker = ticker;
    }

    /** Returns the session of this key for one call, which gives it back; opened if there is none. */
    Entry use(Key key, SessionSpec spec, SessionListener toClient) {
        Entry entry = new Entry(key, spec);
        Optional<Entry> evicted = Optional.empty();
        lock.lock();
        try {
            Entry existing = sessions.get(key);
            if (existing != null) {
                existing.users++;
                return existing;
            }
            if (closed) {
                entry.opening.completeExceptionally(new UpstreamException(
                        UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "the gateway is closing")));
                return entry;
            }
            if (sessions.size() == most) {
                evicted = takeUnused(ClientSessions::isShared)
                        .or(() -> takeUnused(other -> other.getKey().principal().equals(key.principal())));
                if (evicted.isEmpty()) {
                    entry.opening.completeExceptionally(new UpstreamException(UpstreamFailure.notSent(
                            UpstreamFailure.Kind.OVERLOADED, most + " sessions are kept already")));
                    return entry;
                }
            }
            sessions.put(key, entry);
        } finally {
            lock.unlock();
        }
        evicted.ifPresent(ClientSessions::close);
        opening(spec, new Forwarder(key, entry, toClient)).whenComplete((opened, thrown) -> {
            if (opened == null) {
                forget(key, entry);
                makeRoom(thrown);
                entry.opening.completeExceptionally(thrown == null ? new IllegalStateException("no session") : thrown);
            } else if (!entry.opening.complete(opened)) {
                opened.close();
            }
        });
        return entry;
    }

    private CompletionStage<UpstreamSession> opening(SessionSpec spec, SessionListener listener) {
        try {
            return upstream.open(spec, listener, runtime);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Takes the session out that was unused longest, if one that passes is. Called under the lock. */
    private Optional<Entry> takeUnused(Predicate<Map.Entry<Key, Entry>> passes) {
        Iterator<Map.Entry<Key, Entry>> all = sessions.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<Key, Entry> next = all.next();
            if (next.getValue().users == 0 && passes.test(next)) {
                all.remove();
                return Optional.of(next.getValue());
            }
        }
        return Optional.empty();
    }

    /** An upstream that has no room for another session may have it when a session that nobody uses is gone. */
    private void makeRoom(@Nullable Throwable thrown) {
        if (UpstreamFailure.of(thrown).kind() == UpstreamFailure.Kind.OVERLOADED) {
            Optional<Entry> unused;
            lock.lock();
            try {
                unused = takeUnused(ClientSessions::isShared);
            } finally {
                lock.unlock();
            }
            unused.ifPresent(ClientSessions::close);
        }
    }

    /** Closes what all requests of a principal shared and nobody has used for a while. */
    void closeIdle() {
        long now = ticker.getAsLong();
        Predicate<Map.Entry<Key, Entry>> isIdle =
                entry -> isShared(entry) && now - entry.getValue().unusedSince >= idleNanos;
        Optional<Entry> idle;
        do {
            lock.lock();
            try {
                idle = takeUnused(isIdle);
            } finally {
                lock.unlock();
            }
            idle.ifPresent(ClientSessions::close);
        } while (idle.isPresent());
    }

    /** What is shared holds nothing of a client's; it can be opened anew at any time. */
    private static boolean isShared(Map.Entry<Key, Entry> entry) {
        return entry.getKey().sessionKey().isEmpty();
    }

    Optional<Entry> existing(Key key) {
        lock.lock();
        try {
            return Optional.ofNullable(sessions.get(key))
                    .filter(entry -> entry.opening.isDone() && !entry.opening.isCompletedExceptionally());
        } finally {
            lock.unlock();
        }
    }

    private void forget(Key key, Entry entry) {
        lock.lock();
        try {
            sessions.remove(key, entry);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets go of the sessions that were opened for a client's session.
     *
     * @param end what becomes of each
     */
    void release(String sessionKey, Consumer<UpstreamSession> end) {
        List<Entry> released = new ArrayList<>();
        lock.lock();
        try {
            Iterator<Map.Entry<Key, Entry>> all = sessions.entrySet().iterator();
            while (all.hasNext()) {
                Map.Entry<Key, Entry> next = all.next();
                if (next.getKey().sessionKey().equals(Optional.of(sessionKey))) {
                    released.add(next.getValue());
                    all.remove();
                }
            }
        } finally {
            lock.unlock();
        }
        released.forEach(entry -> end(entry, end));
    }

    /**
     * Has the next call open another session under this key. Calls under way end in the one they began in.
     *
     * @param which whether it is the one that is meant; another call may have replaced it already
     * @param end what becomes of that one then
     */
    void retire(Key key, Predicate<UpstreamSession> which, Consumer<UpstreamSession> end) {
        Entry retired;
        boolean isUnused;
        lock.lock();
        try {
            retired = sessions.get(key);
            if (retired == null || retired.opened().filter(which).isEmpty()) {
                return;
            }
            sessions.remove(key);
            retired.retirement = end;
            isUnused = retired.users == 0;
        } finally {
            lock.unlock();
        }
        if (isUnused) {
            end(retired, end);
        }
    }

    void close() {
        List<Entry> all;
        lock.lock();
        try {
            closed = true;
            all = new ArrayList<>(sessions.values());
            sessions.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(ClientSessions::close);
    }

    private static void close(Entry entry) {
        end(entry, UpstreamSession::close);
    }

    private static void end(Entry entry, Consumer<UpstreamSession> end) {
        entry.opening.completeExceptionally(
                new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.SESSION_LOST, "the session ended")));
        entry.opening.whenComplete((opened, thrown) -> {
            if (opened != null) {
                end.accept(opened);
            }
        });
    }

    /** Passes on what the upstream says outside calls, and forgets the session when it has ended. */
    private final class Forwarder implements SessionListener {

        private final Key key;
        private final Entry entry;
        private final SessionListener toClient;

        Forwarder(Key key, Entry entry, SessionListener toClient) {
            this.key = key;
            this.entry = entry;
            this.toClient = toClient;
        }

        @Override
        public void onNotification(Notification notification) {
            toClient.onNotification(notification);
        }

        @Override
        public void onRequest(Request question, Consumer<Response> answer) {
            Optional<Response> known = Questions.answerHere(question);
            if (known.isPresent()) {
                answer.accept(known.get());
            } else {
                toClient.onRequest(question, answer);
            }
        }

        @Override
        public void onRenewed() {
            entry.levels.forget();
            toClient.onRenewed();
        }

        @Override
        public void onEnd(UpstreamFailure why) {
            forget(key, entry);
            toClient.onEnd(why);
        }
    }
}
