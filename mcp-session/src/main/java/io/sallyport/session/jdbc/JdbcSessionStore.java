package io.sallyport.session.jdbc;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SqlDatabase;
import io.sallyport.spi.SqlFaults;
import io.sallyport.spi.SqlStatements;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Sessions in PostgreSQL or H2, shared by all nodes that use the same database. The database's clock decides about time.
 *
 * <pre>{@code
 * SessionStore store = JdbcSessionStore.on(dataSource)
 *     .schema(SchemaMigrator.Mode.MIGRATE)
 *     .build();
 * }</pre>
 *
 * <p>The data source is the host's and stays open when the store closes. It should be a pool, for a connection is borrowed
 * for each operation; it must be at isolation level {@code READ COMMITTED}, the default of both databases; and it should
 * not make callers wait for a connection longer than they want to wait for an answer. On PostgreSQL an operation is one
 * round trip; poolers in transaction mode are fine. Connections that turn out to be stale are replaced by fresh ones, and
 * what was under way is tried again, so that the store serves again as soon as its database does. What is tried again
 * has the effect of one attempt; only a letter that its node took note of between the attempts may come twice.
 *
 * <p>What it promises: {@link SessionStore.Durability#DISK} on a PostgreSQL server that waits for its disk ({@code
 * synchronous_commit} is not off, {@code fsync} is on), {@link SessionStore.Durability#SERVER} else. On H2 this holds for
 * nodes that share a database; a database in memory is gone with its process.
 *
 * <p>Tables do not grow for ever: all that is kept of a session goes when {@link #sweep} finds it expired, and that it
 * was there is forgotten after its greatest age, or when more have ended than there may be sessions.
 *
 * <p>Thread-safe.
 */
public final class JdbcSessionStore implements SessionStore {

    private static final List<String> SCRIPTS = List.of("V1__sessions");

    /** How many rows of ended sessions one statement deletes, so that none takes long. */
    private static final int FORGET_AT_ONCE = 2000;

    private static final int MAX_ROUNDS = 100;

    private final Bounds bounds;
    private final Capabilities capabilities;
    private final SqlDatabase database;
    private final Operations operations;
    private final JdbcEventLog events;
    private final JdbcClusterBus bus;

    private JdbcSessionStore(Builder settings, Operations operations, Durability durability) {
        this.bounds = settings.bounds;
        this.capabilities = new Capabilities(true, durability);
        this.database = new SqlDatabase(settings.connections, settings.timeout, operations.isTransactional());
        this.operations = operations;
        this.events = new JdbcEventLog(database, operations);
        this.bus = new JdbcClusterBus(database, operations, settings.leastPause, settings.mostPause);
    }

    /** Returns a builder of a store in this database. */
    public static Builder on(DataSource connections) {
        return new Builder(connections);
    }

    /** Returns what tells, and mends, how the tables of sessions stand in this database. */
    public static SchemaMigrator schema(DataSource connections) {
        return SchemaMigrator.of(connections, "session", JdbcSessionStore.class, SCRIPTS);
    }

    /** Collects what a store needs to know. For one thread. */
    public static final class Builder {

        private final DataSource connections;
        private Bounds bounds = Bounds.defaults();
        private SchemaMigrator.Mode schema = SchemaMigrator.Mode.VALIDATE;
        private Duration timeout = Duration.ofSeconds(3);
        private Duration leastPause = Duration.ofMillis(5);
        private Duration mostPause = Duration.ofMillis(50);

        private Builder(DataSource connections) {
            this.connections = requireNonNull(connections, "connections");
        }

        /** Sets how long sessions live and how many there may be. Defaults to {@link Bounds#defaults}. */
        public Builder bounds(Bounds bounds) {
            this.bounds = requireNonNull(bounds, "bounds");
            return this;
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
         * Sets after how long a statement is cancelled, at most an hour. A server that does not even answer to that is
         * given up a second later. Defaults to 3 seconds.
         */
        public Builder timeout(Duration timeout) {
            requireNonNull(timeout, "timeout");
            if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("timeout must be positive and at most an hour, but was " + timeout);
            }
            this.timeout = timeout;
            return this;
        }

        /**
         * Sets how often a node that waits looks into its inbox: after the shorter pause when there was something a moment
         * ago, then less and less often. Defaults to 5 and 50 milliseconds.
         */
        public Builder pollInterval(Duration least, Duration most) {
            if (least.isNegative() || least.isZero() || most.compareTo(least) < 0) {
                throw new IllegalArgumentException("pollInterval must be positive, and the longer one not shorter than"
                        + " the other, but was " + least + " to " + most);
            }
            this.leastPause = least;
            this.mostPause = most;
            return this;
        }

        /**
         * Returns the store. Asks the database who it is, and sees to its tables.
         *
         * @throws io.sallyport.spi.SchemaMismatchException if the tables are not what this release needs
         * @throws io.sallyport.spi.StoreUnavailableException if the database cannot be reached
         * @throws IllegalArgumentException if the database cannot keep sessions, and why
         */
        public JdbcSessionStore build() {
            JdbcSessionStore.schema(connections).run(schema);
            try (Connection connection = connect()) {
                if (connection.getTransactionIsolation() > Connection.TRANSACTION_READ_COMMITTED) {
                    throw new IllegalArgumentException("the transaction isolation must be READ COMMITTED, which both"
                            + " databases have by default; set it so for this data source");
                }
                SqlStatements sql = new SqlStatements(timeout);
                Operations operations = SchemaMigrator.Dialect.of(connection) == SchemaMigrator.Dialect.POSTGRESQL
                        ? new PostgresOperations(bounds, sql)
                        : new H2Operations(bounds, sql);
                return new JdbcSessionStore(this, operations, operations.durability(connection));
            } catch (SQLException e) {
                throw SqlFaults.toThrow("say what it is", e);
            }
        }

        private Connection connect() {
            try {
                return connections.getConnection();
            } catch (SQLException e) {
                throw SqlFaults.unconnected("keep sessions", e);
            }
        }
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public Bounds bounds() {
        return bounds;
    }

    @Override
    public Creation create(SessionRecord session) {
        return database.run("open a session", (db, again) -> operations.create(db, session, again));
    }

    @Override
    public Lookup find(String key) {
        return database.run("find a session", (db, again) -> operations.find(db, key));
    }

    @Override
    public boolean update(SessionRecord changed) {
        return database.run("change a session", (db, again) -> operations.update(db, changed, again));
    }

    @Override
    public void end(String key, End how) {
        database.run("end a session", (db, again) -> {
            operations.end(db, key, how);
            return true;
        });
    }

    @Override
    public List<String> sweep(int max) {
        // First what nobody has to be told of: if it fails, nobody misses anything.
        for (int round = 0; round < MAX_ROUNDS; round++) {
            int forgotten =
                    database.run("forget ended sessions", (db, again) -> operations.forgetEnded(db, FORGET_AT_ONCE));
            if (forgotten < FORGET_AT_ONCE) {
                break;
            }
        }
        return database.run("sweep sessions", (db, again) -> operations.sweep(db, max));
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        return database.run("list sessions", (db, again) -> operations.list(db, after, max, of));
    }

    @Override
    public int size() {
        return database.run("count sessions", (db, again) -> operations.size(db));
    }

    @Override
    public EventLog events() {
        return events;
    }

    @Override
    public ClusterBus bus() {
        return bus;
    }

    /** Lets go of those who wait for letters. The data source stays open. */
    @Override
    public void close() {
        bus.close();
    }
}
