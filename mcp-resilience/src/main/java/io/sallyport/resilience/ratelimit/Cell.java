package io.sallyport.resilience.ratelimit;

import static java.util.Objects.requireNonNull;

import io.sallyport.resilience.ratelimit.BucketStore.Bucket;
import io.sallyport.resilience.ratelimit.BucketStore.Taken;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What this node has of one key of a limit: its bucket in the store, and a bucket of its own for the time that the store
 * cannot be asked. Thread-safe.
 */
final class Cell {

    /** For how long a refusal of a shared store is taken for its word: what others give back or an operator resets shows after that. */
    private static final long MOST_REMEMBERED = TimeUnit.MILLISECONDS.toNanos(250);

    /** Of what is taken, where it came from. */
    record Taking(Taken taken, Bucket from) {}

    private record Refused(long calls, long at, Taken taken) {}

    private final StoreWatch store;
    private final int nodes;
    private final Bucket bucket;
    private final long generation;
    private final ReentrantLock lock = new ReentrantLock();

    /** Changed under the lock. */
    private volatile LimitRule.Effective effective;

    private volatile @Nullable Bucket share;

    private volatile long left;
    private volatile long used;
    private volatile @Nullable Refused refused;

    Cell(StoreWatch store, int nodes, String name, long generation, LimitRule.Effective effective) {
        this.store = store;
        this.nodes = nodes;
        this.generation = generation;
        this.effective = effective;
        this.left = effective.rate().burst();
        this.bucket = store.bucket(name, effective.rate(), effective.version());
    }

    long generation() {
        return generation;
    }

    Rate rate() {
        return effective.rate();
    }

    /** Takes note that somebody asks for it. */
    void use(long now) {
        used = now;
    }

    /** Returns whether all that was taken has come back since somebody last asked for it, so that nothing is lost with it. */
    boolean isFull(long now) {
        Rate rate = effective.rate();
        return now - used >= rate.nanosFor(rate.burst() - Math.min(left, rate.burst()));
    }

    /** Goes by this rate from now on, unless it goes by a newer one. */
    void become(LimitRule.Effective next) {
        if (next.version() <= effective.version()) {
            return;
        }
        lock.lock();
        try {
            if (next.version() > effective.version()) {
                effective = next;
                bucket.become(next.rate(), next.version());
                Bucket ours = share;
                if (ours != null) {
                    ours.become(next.rate().share(nodes), next.version());
                }
                refused = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns the store's refusal if it has refused as much a moment ago. So a key that is refused costs the store nothing. */
    Optional<Taken> refusal(long calls, long now) {
        Refused last = refused;
        if (last == null || calls < last.calls()) {
            return Optional.empty();
        }
        long since = now - last.at();
        long wait = last.taken().retryIn().toNanos();
        if (since >= Math.min(wait, MOST_REMEMBERED)) {
            return Optional.empty();
        }
        return Optional.of(new Taken(false, last.taken().left(), Duration.ofNanos(wait - since)));
    }

    /** Takes calls out of the store's bucket; out of this node's share if the store does not answer until then. */
    Taking take(long calls, long now, long deadline) {
        if (store.isReachable()) {
            try {
                Taken taken = bucket.take(calls)
                        .toCompletableFuture()
                        .get(Math.max(0, deadline - store.ticks()), TimeUnit.NANOSECONDS);
                left = taken.left();
                refused = taken.granted() || !store.isShared() ? null : new Refused(calls, now, taken);
                share = null;
                return new Taking(taken, bucket);
            } catch (TimeoutException e) {
                store.lost("it did not answer in time");
            } catch (ExecutionException | CancellationException e) {
                store.lost(String.valueOf(e.getCause() == null ? e : e.getCause()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        Bucket ours = share();
        return new Taking(ours.take(calls).toCompletableFuture().join(), ours);
    }

    /** Returns this node's share: at first of what was left when the store was last heard of. */
    private Bucket share() {
        lock.lock();
        try {
            Bucket known = share;
            if (known == null) {
                known = store.share(effective.rate().share(nodes), left / nodes);
                share = known;
            }
            return requireNonNull(known);
        } finally {
            lock.unlock();
        }
    }

    /** Fills the bucket, here and in the store. */
    void fill() {
        refused = null;
        share = null;
        left = effective.rate().burst();
        bucket.fill().toCompletableFuture().join();
    }
}
