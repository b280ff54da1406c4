package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SqlDatabase;
import io.sallyport.spi.SqlFaults;
import io.sallyport.spi.SqlStatements;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import javax.sql.DataSource;

/**
 * A vault in PostgreSQL 12 and later, or H2 2, shared by all nodes and tools that use the same database.
 *
 * <pre>{@code
 * VaultStore store = JdbcVaultStore.on(dataSource)
 *     .schema(SchemaMigrator.Mode.MIGRATE)
 *     .build();
 * }</pre>
 *
 * <p>The data source is the host's and stays open when the store closes. It should be a pool, for a connection is borrowed
 * for each operation, and it must be at isolation level {@code READ COMMITTED}, the default of both databases. On PostgreSQL
 * an operation is one round trip, but for changes of keys and deletions; poolers in transaction mode are fine. Connections that turn
 * out to be stale are replaced by fresh ones, and what was under way is tried again, with the effect of one attempt.
 *
 * <p>What a method returned is on the disk if the server waits for it; if it does not ({@code synchronous_commit} or {@code
 * fsync} is off), a warning says so when the store is built. The database's clock decides about leases and when a row was
 * written. Moments are kept to the microsecond.
 *
 * <p>Names are compared and ordered by their code points. They are well-formed Unicode without U+0000; tenant, namespace and name
 * of a row have at most 2048 bytes of UTF-8 together. Methods throw an {@link IllegalArgumentException} for others.
 *
 * <p>Thread-safe. No thread is started.
 */
public final class JdbcVaultStore implements VaultStore {

    private static final List<String> SCRIPTS = List.of("V1__vault");

    /** Fits into an index entry of PostgreSQL, with a number beside it. */
    private static final int MOST_NAME_BYTES = 2048;

    private final VaultTables tables;
    private final SqlDatabase database;

    /** For what takes several statements on every database. */
    private final SqlDatabase transactions;

    private JdbcVaultStore(Builder settings, VaultTables tables) {
        this.tables = tables;
        this.database = new SqlDatabase(settings.connections, settings.timeout, tables.isTransactional());
        this.transactions = new SqlDatabase(settings.connections, settings.timeout, true);
    }

    /** Returns a builder of a store in this database. */
    public static Builder on(DataSource connections) {
        return new Builder(connections);
    }

    /** Returns what tells, and mends, how the tables of the vault stand in this database. */
    public static SchemaMigrator schema(DataSource connections) {
        return SchemaMigrator.of(connections, "vault", JdbcVaultStore.class, SCRIPTS);
    }

    /** Collects what a store needs to know. For one thread. */
    public static final class Builder {

        private final DataSource connections;
        private SchemaMigrator.Mode schema = SchemaMigrator.Mode.VALIDATE;
        private Duration timeout = Duration.ofSeconds(3);

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
         * Returns the store. Asks the database who it is, and sees to its tables.
         *
         * @throws io.sallyport.spi.SchemaMismatchException if the tables are not what this release needs
         * @throws io.sallyport.spi.StoreUnavailableException if the database cannot be reached
         * @throws IllegalArgumentException if the database cannot keep a vault, and why
         */
        public JdbcVaultStore build() {
            JdbcVaultStore.schema(connections).run(schema);
            try (Connection connection = connect()) {
                if (connection.getTransactionIsolation() > Connection.TRANSACTION_READ_COMMITTED) {
                    throw new IllegalArgumentException("the transaction isolation must be READ COMMITTED, which both"
                            + " databases have by default; set it so for this data source");
                }
                SqlStatements sql = new SqlStatements(timeout);
                VaultTables tables = SchemaMigrator.Dialect.of(connection) == SchemaMigrator.Dialect.POSTGRESQL
                        ? new PostgresVaultTables(sql)
                        : new H2VaultTables(sql);
                tables.check(connection);
                return new JdbcVaultStore(this, tables);
            } catch (SQLException e) {
                throw SqlFaults.toThrow("say what it is", e);
            }
        }

        private Connection connect() {
            try {
                return connections.getConnection();
            } catch (SQLException e) {
                throw SqlFaults.unconnected("keep a vault", e);
            }
        }
    }

    private static String checked(String kind, String name) {
        // What is not well-formed would be kept as something else.
        if (name.indexOf(0) >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
            throw new IllegalArgumentException(
                    "a " + kind + " must be well-formed Unicode without U+0000, which databases do not keep");
        }
        return withinBytes(kind, name);
    }

    private static String withinBytes(String kind, String all) {
        int bytes = all.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_NAME_BYTES) {
            throw new IllegalArgumentException(
                    "a " + kind + " must have at most 2048 bytes of UTF-8, which an index holds," + " but had " + bytes
                            + "; give it a shorter one");
        }
        return all;
    }

    private static RowId checked(RowId id) {
        withinBytes(
                "name with its namespace and tenant",
                checked("tenant", id.tenant()) + checked("namespace", id.namespace()) + checked("name", id.name()));
        return id;
    }

    @Override
    public Ring ring(String tenant) {
        checked("tenant", tenant);
        return database.run("read a tenant's keys", (db, again) -> tables.ring(db, tenant));
    }

    @Override
    public List<String> tenants() {
        return database.run("list tenants", (db, again) -> tables.tenants(db));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if more than one key is primary
     */
    @Override
    public boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        checked("tenant", tenant);
        if (keys.stream().filter(key -> key.state() == KeyState.PRIMARY).count() > 1) {
            throw new IllegalArgumentException("at most one key of a tenant is primary, but there were more");
        }
        return transactions.run(
                "replace a tenant's keys",
                (db, again) -> tables.replaceRing(db, tenant, expectedVersion, keys, unused, again));
    }

    @Override
    public long newestRing() {
        return database.run("tell the newest keys", (db, again) -> tables.newestRing(db));
    }

    @Override
    public Optional<Row> read(RowId id) {
        checked(id);
        return database.run("read a secret", (db, again) -> tables.read(db, id));
    }

    @Override
    public Written write(RowId id, long expectedVersion, long keyId, byte[] sealed) {
        checked(id);
        requireNonNull(sealed, "sealed");
        return database.run(
                "write a secret", (db, again) -> tables.write(db, id, expectedVersion, keyId, sealed, again));
    }

    @Override
    public OptionalLong reseal(String tenant, long keyId, List<Resealed> rows) {
        checked("tenant", tenant);
        rows.forEach(row -> checked(row.id()));
        return database.run("seal secrets anew", (db, again) -> tables.reseal(db, tenant, keyId, rows, again));
    }

    @Override
    public boolean delete(RowId id) {
        checked(id);
        if (!database.run("look for a secret", (db, again) -> tables.exists(db, id))) {
            return false;
        }
        // It was there; if an attempt whose answer was lost has deleted it, it is not any more.
        return database.run("delete a secret", (db, again) -> tables.delete(db, id) || again);
    }

    @Override
    public List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost) {
        return page(tenant, OptionalLong.of(keyId), after, atMost);
    }

    @Override
    public long countUnder(String tenant, long keyId) {
        checked("tenant", tenant);
        return database.run("count secrets", (db, again) -> tables.countUnder(db, tenant, keyId));
    }

    @Override
    public List<Row> list(String tenant, Optional<RowId> after, int atMost) {
        return page(tenant, OptionalLong.empty(), after, atMost);
    }

    private List<Row> page(String tenant, OptionalLong keyId, Optional<RowId> after, int atMost) {
        checked("tenant", tenant);
        after.ifPresent(JdbcVaultStore::checked);
        return database.run(
                "list secrets", (db, again) -> tables.page(db, new VaultTables.Scope(tenant, keyId), after, atMost));
    }

    @Override
    public void beat(String node, long ringVersion, Duration lease) {
        checked("node", node);
        database.run("note that a node lives", (db, again) -> {
            tables.beat(db, node, ringVersion, lease);
            return true;
        });
    }

    @Override
    public void leave(String node) {
        checked("node", node);
        database.run("note that a node leaves", (db, again) -> {
            tables.leave(db, node);
            return true;
        });
    }

    @Override
    public OptionalLong oldestKnown() {
        return database.run("tell what nodes know", (db, again) -> tables.oldestKnown(db));
    }

    @Override
    public void close() {
        // The data source is the host's.
    }
}
