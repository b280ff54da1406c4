package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Sessions of one process. One lock, held for a few map operations at a time. */
final class InMemorySessionStore implements SessionStore {

    private final Bounds bounds;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Least recently used first, so that the one to evict and those to expire come first. Guarded by the lock. */
    private final LinkedHashMap<String, Entry> live = new LinkedHashMap<>(16, 0.75f, true);

    /** How sessions ended, oldest first. Guarded by the lock. */
    private final LinkedHashMap<String, End> ended = new LinkedHashMap<>();

    private final Map<Principal, Integer> counts = new HashMap<>();

    private static final class Entry {
        private SessionRecord session;
        private final Instant opened;
        private Instant used;

        Entry(SessionRecord session, Instant opened) {
            this.session = session;
            this.opened = opened;
            this.used = opened;
        }
    }

    InMemorySessionStore(Bounds bounds, InstantSource clock) {
        this.bounds = requireNonNull(bounds, "bounds");
        this.clock = requireNonNull(clock, "clock");
    }

    @Override
    public Creation create(SessionRecord session) {
        lock.lock();
        try {
            expire(Integer.MAX_VALUE, new ArrayList<>());
            String evicted = null;
            if (counts.getOrDefault(session.principal(), 0) >= bounds.perPrincipal()) {
                evicted = requireNonNull(leastRecentlyUsedOf(session.principal()));
                remove(evicted, End.EVICTED);
            } else if (live.size() >= bounds.total()) {
                return new Full();
            }
            live.put(session.key(), new Entry(session, clock.instant()));
            counts.merge(session.principal(), 1, Integer::sum);
            return new Created(Optional.ofNullable(evicted));
        } finally {
            lock.unlock();
        }
    }

    private @Nullable String leastRecentlyUsedOf(Principal principal) {
        for (Entry entry : live.values()) {
            if (entry.session.principal().equals(principal)) {
                return entry.session.key();
            }
        }
        return null;
    }

    @Override
    public Lookup find(String key) {
        lock.lock();
        try {
            Entry entry = live.get(key);
            if (entry != null) {
                Instant now = clock.instant();
                End end = endAt(entry, now);
                if (end == null) {
                    entry.used = now;
                    return new Live(entry.session);
                }
                remove(key, end);
            }
            End how = ended.get(key);
            return how == null ? new Unknown() : new Ended(how);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean update(SessionRecord changed) {
        lock.lock();
        try {
            Entry entry = live.get(changed.key());
            if (entry == null || entry.session.version() + 1 != changed.version()) {
                return false;
            }
            entry.session = changed;
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void end(String key, End how) {
        lock.lock();
        try {
            if (live.containsKey(key)) {
                remove(key, how);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<String> sweep(int max) {
        lock.lock();
        try {
            List<String> keys = new ArrayList<>();
            expire(max, keys);
            return keys;
        } finally {
            lock.unlock();
        }
    }

    private void expire(int max, List<String> keys) {
        Instant now = clock.instant();
        List<Map.Entry<String, End>> expired = new ArrayList<>();
        for (Map.Entry<String, Entry> entry : live.entrySet()) {
            End end = endAt(entry.getValue(), now);
            if (end != null && expired.size() < max) {
                expired.add(Map.entry(entry.getKey(), end));
            }
        }
        for (Map.Entry<String, End> entry : expired) {
            remove(entry.getKey(), entry.getValue());
            keys.add(entry.getKey());
        }
    }

    private @Nullable End endAt(Entry entry, Instant now) {
        if (!now.isBefore(entry.opened.plus(bounds.absolute()))) {
            return End.EXPIRED_MAX_AGE;
        }
        return now.isBefore(entry.used.plus(bounds.idle())) ? null : End.EXPIRED_IDLE;
    }

    private void remove(String key, End how) {
        Entry entry = requireNonNull(live.remove(key));
        counts.computeIfPresent(entry.session.principal(), (p, count) -> count == 1 ? null : count - 1);
        ended.put(key, how);
        if (ended.size() > bounds.total()) {
            Iterator<String> oldest = ended.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    @Override
    public int size() {
        lock.lock();
        try {
            return live.size();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            live.clear();
            ended.clear();
            counts.clear();
        } finally {
            lock.unlock();
        }
    }
}
