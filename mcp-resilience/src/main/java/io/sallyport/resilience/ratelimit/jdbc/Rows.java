package io.sallyport.resilience.ratelimit.jdbc;

import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.ClientSideConfig;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.AbstractCompareAndSwapBasedProxyManager;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.AsyncCompareAndSwapOperation;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.CompareAndSwapOperation;
import io.github.bucket4j.distributed.remote.RemoteBucketState;
import io.sallyport.resilience.ratelimit.internal.StoreClock;
import io.sallyport.spi.SqlDatabase;
import io.sallyport.spi.SqlFaults;
import io.sallyport.spi.SqlStatements;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Bucket4j's buckets, each a row that is read, and changed if it is as it was read. Whoever asks goes on at once; threads of the
 * store's own wait for the database. Thread-safe.
 */
final class Rows extends AbstractCompareAndSwapBasedProxyManager<String> {

    /** How much longer a row is kept than it takes until its bucket is full. */
    private static final Duration KEPT = Duration.ofMinutes(1);

    private final SqlDatabase database;
    private final SqlStatements sql;
    private final Executor threads;
    private final StoreClock clock;
    private final ExpirationAfterWriteStrategy expiry =
            ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(KEPT);

    Rows(SqlDatabase database, SqlStatements sql, Executor threads, StoreClock clock) {
        super(ClientSideConfig.getDefault().withClientClock(clock));
        this.database = database;
        this.sql = sql;
        this.threads = threads;
        this.clock = clock;
    }

    @Override
    protected CompareAndSwapOperation beginCompareAndSwapOperation(String name) {
        throw new UnsupportedOperationException("nobody waits for a row");
    }

    @Override
    protected AsyncCompareAndSwapOperation beginAsyncCompareAndSwapOperation(String name) {
        return new AsyncCompareAndSwapOperation() {
            @Override
            public CompletableFuture<Optional<byte[]>> getStateData(Optional<Long> timeout) {
                return later(() -> find(name));
            }

            @Override
            public CompletableFuture<Boolean> compareAndSwap(
                    byte @Nullable [] before, byte[] after, RemoteBucketState state, Optional<Long> timeout) {
                long now = clock.currentTimeNanos();
                long until = now / 1_000_000 + expiry.calculateTimeToLiveMillis(state, now);
                return later(() -> before == null ? insert(name, after, until) : update(name, before, after, until));
            }
        };
    }

    /** What is thrown here would be lost, and the bucket with it: Bucket4j waits for the future of who came first. */
    private <T> CompletableFuture<T> later(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, threads);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Optional<byte[]> find(String name) {
        return database.run(
                "look into a bucket",
                (db, again) -> sql.first(
                        db, "select state from sallyport_bucket where name = ?", row -> row.getBytes(1), name));
    }

    private boolean insert(String name, byte[] state, long until) {
        return database.run("make a bucket", (db, again) -> {
            try {
                sql.change(
                        db, "insert into sallyport_bucket (name, state, until) values (?, ?, ?)", name, state, until);
                return true;
            } catch (SQLException e) {
                if (SqlFaults.isDuplicate(e)) {
                    return false;
                }
                throw e;
            }
        });
    }

    private boolean update(String name, byte[] before, byte[] after, long until) {
        return database.run(
                "take out of a bucket",
                (db, again) -> sql.change(
                                db,
                                "update sallyport_bucket set state = ?, until = ? where name = ? and state = ?",
                                after,
                                until,
                                name,
                                before)
                        == 1);
    }

    @Override
    public void removeProxy(String name) {
        throw new UnsupportedOperationException("rows go when they are of no use any more");
    }

    @Override
    protected CompletableFuture<Void> removeAsync(String name) {
        return CompletableFuture.failedFuture(
                new UnsupportedOperationException("rows go when they are of no use any more"));
    }

    @Override
    public boolean isAsyncModeSupported() {
        return true;
    }

    @Override
    public boolean isExpireAfterWriteSupported() {
        return true;
    }
}
