package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Nodes within one process. Guarded by the store's lock. */
final class InMemoryClusterBus implements ClusterBus {

    private static final int MAX_LETTERS = 10_000;

    private final InstantSource clock;
    private final ReentrantLock lock;
    private final Condition posted;
    private final Map<String, Node> nodes = new HashMap<>();
    private long last;
    private boolean closed;

    private static final class Node {
        private final ArrayDeque<Letter> inbox = new ArrayDeque<>();
        private Instant until = Instant.MIN;
    }

    InMemoryClusterBus(InstantSource clock, ReentrantLock lock) {
        this.clock = clock;
        this.lock = lock;
        this.posted = lock.newCondition();
    }

    /** Returns whether the lease of a node is not over. */
    boolean lives(String node) {
        return living(node) != null;
    }

    private @Nullable Node living(String name) {
        Node node = nodes.get(name);
        return node == null || !clock.instant().isBefore(node.until) ? null : node;
    }

    @Override
    public boolean beat(String node, Duration lease) {
        lock.lock();
        try {
            Instant now = clock.instant();
            Node known = living(requireNonNull(node, "node"));
            if (known == null) {
                nodes.values().removeIf(other -> !now.isBefore(other.until));
                nodes.put(node, new Node());
            }
            requireNonNull(nodes.get(node)).until = now.plus(lease);
            return known != null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void leave(String node) {
        lock.lock();
        try {
            nodes.remove(node);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Set<String> nodes() {
        lock.lock();
        try {
            return nodes.keySet().stream().filter(this::lives).collect(Collectors.toUnmodifiableSet());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Posted post(String node, String text) {
        lock.lock();
        try {
            Node known = living(node);
            if (known == null) {
                return Posted.NOBODY;
            }
            if (known.inbox.size() == MAX_LETTERS) {
                return Posted.FULL;
            }
            known.inbox.add(new Letter(++last, requireNonNull(text, "text")));
            posted.signalAll();
            return Posted.KEPT;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Letter> collect(String node, long after, int max, Duration atMost) {
        lock.lock();
        try {
            long left = atMost.toNanos();
            while (true) {
                Node known = nodes.get(node);
                if (known != null) {
                    known.inbox.removeIf(letter -> letter.number() <= after);
                    if (!known.inbox.isEmpty()) {
                        return known.inbox.stream().limit(max).toList();
                    }
                }
                if (closed || left <= 0) {
                    return List.of();
                }
                left = posted.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            nodes.clear();
            posted.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
