package io.sallyport.session.jdbc;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.SqlDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The nodes that share a {@link JdbcSessionStore}. Inboxes are polled: PostgreSQL's own way of telling takes a lock that
 * all commits of the server wait for.
 */
final class JdbcClusterBus implements ClusterBus {

    private final SqlDatabase database;
    private final Operations operations;
    private final long leastNanos;
    private final long mostNanos;
    private final CountDownLatch closed = new CountDownLatch(1);

    /** How long to wait before the next look; the longer, the longer there was nothing. */
    private volatile long pauseNanos;

    JdbcClusterBus(SqlDatabase database, Operations operations, Duration leastPause, Duration mostPause) {
        this.database = database;
        this.operations = operations;
        this.leastNanos = leastPause.toNanos();
        this.mostNanos = mostPause.toNanos();
        this.pauseNanos = leastNanos;
    }

    @Override
    public boolean beat(String node, Duration lease) {
        return database.run("take note of a node", (db, again) -> operations.beat(db, node, lease));
    }

    @Override
    public void leave(String node) {
        database.run("let a node leave", (db, again) -> {
            operations.leave(db, node);
            return true;
        });
    }

    @Override
    public Set<String> nodes() {
        return database.run("list nodes", (db, again) -> operations.nodes(db));
    }

    @Override
    public Posted post(String node, String text) {
        requireNonNull(text, "text");
        String token = UUID.randomUUID().toString();
        return database.run("post to a node", (db, again) -> operations.post(db, node, text, token, again));
    }

    @Override
    public List<Letter> collect(String node, long after, int max, Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        List<Letter> letters = database.run("read an inbox", (db, again) -> operations.collect(db, node, after, max));
        try {
            while (letters.isEmpty()) {
                long left = end - System.nanoTime();
                if (left <= 0 || closed.await(Math.min(left, pauseNanos), TimeUnit.NANOSECONDS)) {
                    return List.of();
                }
                pauseNanos = Math.min(pauseNanos + pauseNanos / 2, mostNanos);
                letters = database.run("read an inbox", (db, again) -> operations.letters(db, node, after, max));
            }
            pauseNanos = leastNanos;
            return letters;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    void close() {
        closed.countDown();
    }
}
