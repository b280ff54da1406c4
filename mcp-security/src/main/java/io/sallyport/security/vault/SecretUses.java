package io.sallyport.security.vault;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Which secret was used for which upstream, how often, and when last. In memory and of this process. Thread-safe. */
final class SecretUses {

    /** Beyond it what was used longest ago is forgotten. */
    static final int MOST = 10_000;

    private record Key(String tenant, String name, String upstream) {}

    /**
     * The uses of a secret for an upstream.
     *
     * @param count since this process began, or has forgotten it
     */
    record Use(String tenant, String name, String upstream, Instant last, long count) {}

    private final ReentrantLock lock = new ReentrantLock();

    /** The one that was used longest ago first. Guarded by the lock. */
    private final Map<Key, Use> uses = new LinkedHashMap<>(16, 0.75f, true);

    void add(String tenant, String name, String upstream, Instant now) {
        Key key = new Key(tenant, name, upstream);
        lock.lock();
        try {
            Use before = uses.get(key);
            uses.put(key, new Use(tenant, name, upstream, now, before == null ? 1 : before.count() + 1));
            if (uses.size() > MOST) {
                uses.remove(uses.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns all, the one that was used longest ago first. */
    List<Use> all() {
        lock.lock();
        try {
            return new ArrayList<>(uses.values());
        } finally {
            lock.unlock();
        }
    }
}
