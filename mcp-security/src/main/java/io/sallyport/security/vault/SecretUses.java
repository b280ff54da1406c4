package io.sallyport.security.vault;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Which secret was used for which upstream last, and when, as far as nobody has taken it from here. Thread-safe. */
final class SecretUses {

    /** Beyond it what was used longest ago is forgotten. */
    static final int MOST = 10_000;

    private record Key(String tenant, String name, String upstream) {}

    /** The last use of a secret for an upstream. */
    record Use(String tenant, String name, String upstream, Instant last) {}

    private final ReentrantLock lock = new ReentrantLock();

    /** The one that was used longest ago first. Guarded by the lock. */
    private final Map<Key, Use> uses = new LinkedHashMap<>(16, 0.75f, true);

    void add(Use use) {
        Key key = new Key(use.tenant(), use.name(), use.upstream());
        lock.lock();
        try {
            uses.merge(key, use, SecretUses::later);
            if (uses.size() > MOST) {
                uses.remove(uses.keySet().iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    static Use later(Use one, Use other) {
        return one.last().isAfter(other.last()) ? one : other;
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

    /** Returns all, and forgets them. */
    List<Use> take() {
        lock.lock();
        try {
            List<Use> all = new ArrayList<>(uses.values());
            uses.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }
}
