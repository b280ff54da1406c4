package io.sallyport.resilience;

import io.sallyport.spi.Principal;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Room for so many calls at once; more of them wait until there is room. Principals have their turns one after the other, however
 * many calls of each wait, and nobody has more than half of the room to wait in. Thread-safe.
 */
final class Bulkhead {

    private final int atOnce;
    private final int maxWaiting;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all that follows. In the order of their turns. */
    private final Map<Principal, Queue<Place>> queues = new LinkedHashMap<>();

    private int inside;
    private int waiting;

    /** Those who have room and have not been told. */
    private final Queue<Place> admitted = new ArrayDeque<>();

    private boolean isTelling;

    Bulkhead(int atOnce, int maxWaiting) {
        this.atOnce = atOnce;
        this.maxWaiting = maxWaiting;
    }

    ResiliencePolicy.Load load() {
        lock.lock();
        try {
            return new ResiliencePolicy.Load(inside, waiting);
        } finally {
            lock.unlock();
        }
    }

    /** One call's place, inside or before. */
    final class Place {

        private final Principal principal;
        private final CompletableFuture<Void> room = new CompletableFuture<>();

        /** Guarded by the lock. */
        private boolean hasLeft;

        private boolean isInside;

        private Place(Principal principal) {
            this.principal = principal;
        }

        /** Completes when the call has room. */
        CompletableFuture<Void> room() {
            return room;
        }

        /** The call is over, or does not want to wait any more. */
        void leave() {
            lock.lock();
            try {
                if (hasLeft) {
                    return;
                }
                hasLeft = true;
                if (isInside) {
                    inside--;
                } else {
                    leaveQueue(this);
                }
                admitNext();
            } finally {
                lock.unlock();
            }
            tell();
        }
    }

    /** Returns a place; nothing if there is no room to wait in. */
    Optional<Place> enter(Principal principal) {
        Place place = new Place(principal);
        lock.lock();
        try {
            if (inside < atOnce && waiting == 0) {
                inside++;
                place.isInside = true;
                place.room.complete(null);
                return Optional.of(place);
            }
            Queue<Place> own = queues.get(principal);
            int ownWaiting = own == null ? 0 : own.size();
            if (waiting >= maxWaiting || ownWaiting >= Math.max(1, maxWaiting / 2)) {
                return Optional.empty();
            }
            queues.computeIfAbsent(principal, absent -> new ArrayDeque<>()).add(place);
            waiting++;
            return Optional.of(place);
        } finally {
            lock.unlock();
        }
    }

    private void leaveQueue(Place place) {
        Queue<Place> own = queues.get(place.principal);
        if (own != null && own.remove(place)) {
            waiting--;
            if (own.isEmpty()) {
                queues.remove(place.principal);
            }
        }
    }

    private void admitNext() {
        while (inside < atOnce && waiting > 0) {
            Iterator<Map.Entry<Principal, Queue<Place>>> first =
                    queues.entrySet().iterator();
            Map.Entry<Principal, Queue<Place>> turn = first.next();
            first.remove();
            Place next = turn.getValue().remove();
            if (!turn.getValue().isEmpty()) {
                queues.put(turn.getKey(), turn.getValue());
            }
            waiting--;
            inside++;
            next.isInside = true;
            admitted.add(next);
        }
    }

    /**
     * Tells those who have room, one after the other: what they do may end at once, and give its room to the next. Done by one
     * thread at a time and not within itself, so that the stack does not grow by each.
     */
    private void tell() {
        Place next = nextToTell(true);
        while (next != null) {
            next.room.complete(null);
            next = nextToTell(false);
        }
    }

    private @Nullable Place nextToTell(boolean isFirst) {
        lock.lock();
        try {
            if (isFirst && isTelling) {
                return null;
            }
            Place next = admitted.poll();
            isTelling = next != null;
            return next;
        } finally {
            lock.unlock();
        }
    }
}
