package io.sallyport.resilience;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The circuit breakers of an upstream: one for the upstream itself, which goes by whether it is there, and one for each of its
 * tools, which goes by how that answers. Of more tools than there is room for, those last called have one. Thread-safe.
 */
final class Circuits {

    static final int MAX_TOOLS = 512;

    private final String upstream;
    private final Function<String, CircuitBreaker> maker;
    private final CircuitBreaker ofUpstream;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock; those called last are last. */
    private final Map<String, CircuitBreaker> ofTools = new LinkedHashMap<>(16, 0.75f, true);

    /** @param maker makes the breaker of a name */
    Circuits(String upstream, Function<String, CircuitBreaker> maker) {
        this.upstream = upstream;
        this.maker = maker;
        this.ofUpstream = maker.apply(upstream);
    }

    CircuitBreaker ofUpstream() {
        return ofUpstream;
    }

    CircuitBreaker ofTool(String tool) {
        lock.lock();
        try {
            CircuitBreaker breaker = ofTools.computeIfAbsent(tool, absent -> maker.apply(upstream + "/" + tool));
            if (ofTools.size() > MAX_TOOLS) {
                forgetOne();
            }
            return breaker;
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the one that was called the longest time ago of those that keep nothing away; a new one is one of them. */
    private void forgetOne() {
        Iterator<CircuitBreaker> oldestFirst = ofTools.values().iterator();
        while (oldestFirst.hasNext()) {
            if (oldestFirst.next().status().state() == CircuitBreaker.State.CLOSED) {
                oldestFirst.remove();
                return;
            }
        }
    }

    /** Returns the breaker of this name, if there is one. */
    Optional<CircuitBreaker> named(String name) {
        if (name.equals(upstream)) {
            return Optional.of(ofUpstream);
        }
        if (!name.startsWith(upstream + "/")) {
            return Optional.empty();
        }
        lock.lock();
        try {
            return Optional.ofNullable(ofTools.get(name.substring(upstream.length() + 1)));
        } finally {
            lock.unlock();
        }
    }

    /** Returns all breakers by their names. */
    Map<String, CircuitBreaker> all() {
        Map<String, CircuitBreaker> all = new LinkedHashMap<>();
        all.put(upstream, ofUpstream);
        lock.lock();
        try {
            ofTools.forEach((tool, breaker) -> all.put(upstream + "/" + tool, breaker));
        } finally {
            lock.unlock();
        }
        return all;
    }
}
