package io.sallyport.resilience.ratelimit.jdbc;

import static java.util.Objects.requireNonNull;

import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.internal.SharedBucket;
import io.sallyport.resilience.ratelimit.internal.StoreClock;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SqlDatabase;
import io.sallyport.spi.SqlFaults;
import io.sallyport.spi.SqlStatements;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Buckets in PostgreSQL or H2, shared by all nodes that use the same database. The database's clock decides about time.
 *
 * <pre>{@code
 * BucketStore store = JdbcBucketStore.on(dataSource)
 *     .schema(SchemaMigrator.Mode.MIGRATE)
 *     .build();
 * RateLimits limits = RateLimits.builder().limit(…).store(store).nodes(3).build();
 * }</pre>
 *
 * <p>The data source is the host's and stays open when the store closes. It should be a pool, and should not make callers wait for a
 * connection longer than the {@linkplain Builder#timeout time-out}; of its connections this store uses as many at a time as it has
 * {@linkplain Builder#threads threads}. On PostgreSQL the buckets are in an unlogged table: they are written without waiting
 * for the disk, and are full again after the server has crashed. What operators have set is in one that is logged.
 *
 * <p>Needs {@code com.bucket4j:bucket4j_jdk17-core}, which this module brings, and a driver. Thread-safe.
 */
public final class JdbcBucketStore implements BucketStore {

    private static final List<String> SCRIPTS = List.of("V1__buckets");

    /** How many questions wait for a thread, at most. */
    private static final int MOST_WAITING = 4096;

    private static final int SWEPT_AT_ONCE = 1000;

    /** Of so many looks at the settings one sweeps, too. */
    private static final int SWEPT_EVERY = 30;

    private static final Duration PATIENCE_AT_END = Duration.ofSeconds(2);

    private final SqlDatabase database;
    private final SqlStatements sql;
    private final StoreClock clock;
    private final ThreadPoolExecutor threads;
    private final Rows rows;
    private final AtomicInteger looks = new AtomicInteger();

    private JdbcBucketStore(Builder settings) {
        this.database = new SqlDatabase(settings.connections, settings.timeout, false);
        this.sql = new SqlStatements(settings.timeout);
        this.clock = new StoreClock(settings.ticker);
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                settings.threads,
                settings.threads,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(MOST_WAITING),
                task -> {
                    Thread created = new Thread(task, "sallyport-limits-jdbc-" + number.incrementAndGet());
                    created.setDaemon(true);
                    return created;
                });
        threads.allowCoreThreadTimeOut(true);
        this.rows = new Rows(database, sql, threads, clock);
    }

    /** Returns a builder of a store in this database. */
    public static Builder on(DataSource connections) {
        return new Builder(connections);
    }

    /** Returns what tells, and mends, how the tables of limits stand in this database. */
    public static SchemaMigrator schema(DataSource connections) {
        return SchemaMigrator.of(connections, "limits", JdbcBucketStore.class, SCRIPTS);
    }

    /** Collects what a store needs to know. For one thread. */
    public static final class Builder {

        private static final int MOST_THREADS = 64;

        private final DataSource connections;
        private SchemaMigrator.Mode schema = SchemaMigrator.Mode.VALIDATE;
        private Duration timeout = Duration.ofSeconds(2);
        private int threads = 2;
        private LongSupplier ticker = System::nanoTime;

        private Builder(DataSource connections) {
            this.connections = requireNonNull(connections, "connections");
        }

        /**
         * Sets what is done about tables that are missing or of another version. Defaults to {@code VALIDATE}: nobody's
         * tables are changed unless somebody says so.
         */
        public Builder schema(SchemaMigrator.Mode mode) {
            this.schema = requireNonNull(mode, "mode");
            return this;
        }

        /**
         * Sets after how long a statement is cancelled, from a second to a minute. A server that does not even answer to that is
         * given up a second later. Defaults to 2 seconds. Calls do not wait as long: see {@code RateLimits.Builder.patience}.
         */
        public Builder timeout(Duration most) {
            if (most.compareTo(Duration.ofSeconds(1)) < 0 || most.compareTo(Duration.ofMinutes(1)) > 0) {
                throw new IllegalArgumentException(
                        "timeout must be at least a second and at most a minute, but was " + most);
            }
            this.timeout = most;
            return this;
        }

        /** Sets how many threads wait for the database, each with a connection; from 1 to 64. Defaults to 2. */
        public Builder threads(int count) {
            if (count < 1 || count > MOST_THREADS) {
                throw new IllegalArgumentException(
                        "threads must be at least 1 and at most " + MOST_THREADS + ", but was " + count);
            }
            this.threads = count;
            return this;
        }

        /** For tests: what time it is at this node. */
        Builder ticker(LongSupplier nanos) {
            this.ticker = nanos;
            return this;
        }

        /**
         * Returns the store, and sees to its tables. With {@code NONE} the database need not be there yet.
         *
         * @throws io.sallyport.spi.SchemaMismatchException if the tables are not what this release needs
         * @throws io.sallyport.spi.StoreUnavailableException if the database cannot be reached
         * @throws IllegalArgumentException if the database is neither PostgreSQL nor H2
         */
        public JdbcBucketStore build() {
            JdbcBucketStore.schema(connections).run(schema);
            return new JdbcBucketStore(this);
        }
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public Bucket bucket(String name, Rate rate, long version) {
        return new SharedBucket(rows.asAsync(), clock, name, rate, version);
    }

    @Override
    public Map<String, String> settings() {
        Map<String, String> settings = database.run("read the settings of limits", (db, again) -> {
            long asked = clock.ticks();
            clock.read(
                    sql.one(
                            db,
                            "select cast(extract(epoch from current_timestamp) * 1000000 as bigint)",
                            row -> row.getLong(1)),
                    asked);
            return sql
                    .all(
                            db,
                            "select name, text from sallyport_limit",
                            row -> Map.entry(row.getString(1), row.getString(2)))
                    .stream()
                    .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
        });
        if (looks.getAndIncrement() % SWEPT_EVERY == 0) {
            sweep();
        }
        return settings;
    }

    /** Forgets buckets that are full by now: a new one would be, too. */
    private void sweep() {
        database.run(
                "forget buckets",
                (db, again) -> sql.change(
                        db,
                        "delete from sallyport_bucket where name in"
                                + " (select name from sallyport_bucket where until < ? order by until fetch first ? rows only)"
                                + " and until < ?",
                        clock.now().toEpochMilli(),
                        SWEPT_AT_ONCE,
                        clock.now().toEpochMilli()));
    }

    @Override
    public boolean change(String name, String expected, String text) {
        return database.run("change the setting of a limit", (db, again) -> {
            if (!expected.isEmpty()) {
                return sql.change(
                                db,
                                "update sallyport_limit set text = ? where name = ? and text = ?",
                                text,
                                name,
                                expected)
                        == 1;
            }
            try {
                return sql.change(db, "insert into sallyport_limit (name, text) values (?, ?)", name, text) == 1;
            } catch (SQLException e) {
                if (SqlFaults.isDuplicate(e)) {
                    return false;
                }
                throw e;
            }
        });
    }

    @Override
    public Instant now() {
        return clock.now();
    }

    /** Ends the threads. The data source stays open. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            threads.awaitTermination(PATIENCE_AT_END.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "JdbcBucketStore";
    }
}
