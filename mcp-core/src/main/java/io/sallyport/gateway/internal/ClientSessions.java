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
import io.sallyport.upstream.UpstreamSession;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The sessions with one upstream that are kept for clients. Bounded: the least recently used one makes room. */
final class ClientSessions {

    /**
     * Whose session it is: that of a legacy client's session, or the one that all modern requests of a principal share.
     */
    record Key(Principal principal, Optional<String> sessionKey) {}

    /** A session, maybe still being opened, and what its upstream was asked to log in it. */
    static final class Entry {
        private final CompletableFuture<UpstreamSession> opening = new CompletableFuture<>();
        private final LogLevels levels;

        private Entry(Key key) {
            levels = new LogLevels(key.sessionKey().isEmpty());
        }

        CompletionStage<UpstreamSession> opening() {
            return opening;
        }

        LogLevels levels() {
            return levels;
        }
    }

    private final Upstream upstream;
    private final Engine engine;
    private final ReentrantLock lock = new ReentrantLock();

    /** Least recently used first. Guarded by the lock. */
    private final LinkedHashMap<Key, Entry> sessions = new LinkedHashMap<>(16, 0.75f, true);

    private boolean closed;

    ClientSessions(Upstream upstream, Engine engine) {
        this.upstream = upstream;
        this.engine = engine;
    }

    /** Returns the session of this key, opened if there is none. */
    Entry session(Key key, SessionSpec spec, SessionListener toClient) {
        Entry entry = new Entry(key);
        @Nullable Entry evicted = null;
        lock.lock();
        try {
            if (closed) {
                entry.opening.completeExceptionally(new UpstreamException(
                        UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "the gateway is closing")));
                return entry;
            }
            Entry existing = sessions.get(key);
            if (existing != null) {
                return existing;
            }
            if (sessions.size() == engine.settings().maxSessionsPerUpstream()) {
                Iterator<Entry> oldest = sessions.values().iterator();
                evicted = oldest.next();
                oldest.remove();
            }
            sessions.put(key, entry);
        } finally {
            lock.unlock();
        }
        if (evicted != null) {
            close(evicted);
        }
        upstream.open(spec, new Forwarder(key, entry, toClient), engine.runtime())
                .whenComplete((opened, thrown) -> {
                    if (opened == null) {
                        forget(key, entry);
                        entry.opening.completeExceptionally(
                                thrown == null ? new IllegalStateException("no session") : thrown);
                    } else if (!entry.opening.complete(opened)) {
                        opened.close();
                    }
                });
        return entry;
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

    void release(String sessionKey) {
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
        released.forEach(ClientSessions::close);
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
        entry.opening.completeExceptionally(
                new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.SESSION_LOST, "the session ended")));
        entry.opening.whenComplete((opened, thrown) -> {
            if (opened != null) {
                opened.close();
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
