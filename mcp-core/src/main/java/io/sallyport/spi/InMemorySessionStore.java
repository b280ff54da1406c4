package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Sessions of one process. One lock, held for a few map operations, or one look at each session, at a time. */
final class InMemorySessionStore implements SessionStore {

    private final Bounds bounds;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();

    /** Least recently used first, so that the one to evict and those to expire come first. Guarded by the lock. */
    private final LinkedHashMap<String, Entry> live = new LinkedHashMap<>(16, 0.75f, true);

    /** How sessions ended, oldest first. Guarded by the lock. */
    private final LinkedHashMap<String, End> ended = new LinkedHashMap<>();

    private final Map<Principal, Integer> counts = new HashMap<>();

    private final InMemoryEventLog events;
    private final InMemoryClusterBus bus;

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
        this.bus = new InMemoryClusterBus(clock, lock);
        this.events = new InMemoryEventLog(bounds, lock, this::lives, bus::lives);
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(false, Durability.PROCESS);
    }

    @Override
    public Bounds bounds() {
        return bounds;
    }

    @Override
    public EventLog events() {
        return events;
    }

    @Override
    public ClusterBus bus() {
        return bus;
    }

    private boolean lives(String key) {
        Entry entry = live.get(key);
        return entry != null && endAt(entry, clock.instant()) == null;
    }

    @Override
    public Creation create(SessionRecord session) {
        lock.lock();
        try {
            if (live.containsKey(session.key())) {
                throw new IllegalArgumentException("a session with the key " + session.key() + " lives already");
            }
            Instant now = clock.instant();
            Predicate<Entry> own = entry -> entry.session.principal().equals(session.principal());
            Predicate<Entry> expired = entry -> endAt(entry, now) != null;
            String madeRoom = null;
            if (counts.getOrDefault(session.principal(), 0) >= bounds.perPrincipal()) {
                madeRoom = first(own.and(expired));
                madeRoom = madeRoom == null ? requireNonNull(first(own)) : madeRoom;
            } else if (live.size() >= bounds.total()) {
                madeRoom = first(expired);
                if (madeRoom == null) {
                    return new Full();
                }
            }
            if (madeRoom != null) {
                End end = endAt(requireNonNull(live.get(madeRoom)), now);
                remove(madeRoom, end == null ? End.EVICTED : end);
            }
            live.put(session.key(), new Entry(session, now));
            counts.merge(session.principal(), 1, Integer::sum);
            return new Created(Optional.ofNullable(madeRoom));
        } finally {
            lock.unlock();
        }
    }

    /** Returns the key of the least recently used session of this kind. */
    private @Nullable String first(Predicate<Entry> kind) {
        for (Entry entry : live.values()) {
            if (kind.test(entry)) {
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
            Instant now = clock.instant();
            if (entry == null || endAt(entry, now) != null || !isNext(entry.session, changed)) {
                return false;
            }
            entry.session = changed;
            entry.used = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private static boolean isNext(SessionRecord known, SessionRecord changed) {
        return changed.version() == known.version() + 1 && changed.principal().equals(known.principal());
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
            Instant now = clock.instant();
            Map<String, End> expired = new LinkedHashMap<>();
            for (Entry entry : live.values()) {
                End end = endAt(entry, now);
                if (end != null && expired.size() < max) {
                    expired.put(entry.session.key(), end);
                }
            }
            expired.forEach(this::remove);
            return List.copyOf(expired.keySet());
        } finally {
            lock.unlock();
        }
    }

    private @Nullable End endAt(Entry entry, Instant now) {
        // Spans, not moments: who wants no end at all gives a length that no moment can be that far from.
        if (Duration.between(entry.opened, now).compareTo(bounds.absolute()) >= 0) {
            return End.EXPIRED_MAX_AGE;
        }
        return Duration.between(entry.used, now).compareTo(bounds.idle()) >= 0 ? End.EXPIRED_IDLE : null;
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        lock.lock();
        try {
            Instant now = clock.instant();
            return live.values().stream()
                    .filter(entry -> endAt(entry, now) == null)
                    .filter(entry -> entry.session.key().compareTo(after) > 0)
                    .filter(entry -> of.isEmpty() || of.get().equals(entry.session.principal()))
                    .sorted(Comparator.comparing(entry -> entry.session.key()))
                    .limit(max)
                    .map(entry -> new Summary(entry.session, entry.opened, entry.used))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private void remove(String key, End how) {
        Entry entry = requireNonNull(live.remove(key));
        events.forget(key);
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
            events.clear();
            bus.close();
        } finally {
            lock.unlock();
        }
    }
}
