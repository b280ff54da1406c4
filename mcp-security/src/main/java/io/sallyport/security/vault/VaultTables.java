package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.SqlStatements;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a store does in its database: here what is said in the same words to both kinds, below what is not.
 *
 * <p>The fence. Who writes rows under a key first takes the tenant's row of {@code sallyport_vault_ring}, provided that the key
 * is primary in it, and holds it until the rows are committed: on PostgreSQL shared with others who write. Who replaces the
 * ring takes that row for itself alone, and only then looks, in a statement of its own, for rows under the key that is to be
 * given up. At {@code READ COMMITTED}, which both databases have:
 *
 * <ul>
 *   <li>The writer was first. Who replaces waits until it has committed. A statement sees what was committed before it began:
 *       the one that looks for rows sees the row, and the key is not given up.
 *   <li>Who replaces was first. The writer waits for the row; and a row that was changed while somebody waited for it is judged
 *       as it is now, not as it was when the statement began. The key is not primary in it, and nothing is written. Hence
 *       the key stands in that very row: another table would be read as of before the wait.
 *   <li>Two replace. The second waits at {@code sallyport_vault_newest} until the first has committed, and then finds another
 *       version than it was told. There the versions of all rings are given out, so that none becomes visible before a lesser
 *       one: who has seen a version has seen all rings up to it.
 *   <li>Nobody stands still for ever. The order is: newest, ring, rows; of several rows in the order of their names. Who
 *       replaces holds no row, and who deletes holds nothing but one.
 * </ul>
 *
 * <p>{@code again} says that the same was tried before, and that nobody knows whether it was done. What is sealed is never the
 * same twice, so that a row that holds it tells.
 */
abstract class VaultTables {

    /**
     * Which rows.
     *
     * @param keyId only those under this key
     */
    record Scope(String tenant, OptionalLong keyId) {}

    final SqlStatements sql;
    private final String now;

    /**
     * Creates them.
     *
     * @param now the database's clock, as an expression: microseconds since 1970
     */
    VaultTables(SqlStatements sql, String now) {
        this.sql = sql;
        this.now = now;
    }

    /** Returns whether an operation is several statements, even if nothing in this class says so. */
    abstract boolean isTransactional();

    /** Throws if the database cannot keep a vault. */
    abstract void check(Connection db) throws SQLException;

    /** Returns a name as it is kept, so that the order of what is kept is that of code points. */
    abstract Object name(String name);

    /** Returns a name that is kept. */
    abstract String name(ResultSet row, int column) throws SQLException;

    abstract Written write(Connection db, RowId id, long expectedVersion, long keyId, byte[] sealed, boolean again)
            throws SQLException;

    abstract OptionalLong reseal(Connection db, String tenant, long keyId, List<Resealed> rows, boolean again)
            throws SQLException;

    abstract List<Row> page(Connection db, Scope scope, Optional<RowId> after, int atMost) throws SQLException;

    /** Notes that a node lives, and forgets those whose lease is over. */
    abstract void beat(Connection db, String node, long ringVersion, Duration lease) throws SQLException;

    final Ring ring(Connection db, String tenant) throws SQLException {
        List<WrappedKey> keys = new ArrayList<>();
        List<Long> versions = sql.all(
                db,
                "select r.version, k.key_id, k.state, k.wrapped, k.kek, k.created from sallyport_vault_ring r"
                        + " left join sallyport_vault_key k on k.tenant = r.tenant where r.tenant = ? order by k.place",
                row -> {
                    String state = row.getString(3);
                    if (state != null) {
                        keys.add(new WrappedKey(
                                row.getLong(2),
                                KeyState.valueOf(state),
                                row.getBytes(4),
                                row.getString(5),
                                SqlStatements.instant(row.getLong(6))));
                    }
                    return row.getLong(1);
                },
                name(tenant));
        return new Ring(versions.isEmpty() ? 0 : versions.get(0), keys);
    }

    final List<String> tenants(Connection db) throws SQLException {
        return sql.all(db, "select tenant from sallyport_vault_ring order by tenant", row -> name(row, 1));
    }

    /** Does it in several statements, each of which has to see what was committed before it began. */
    final boolean replaceRing(
            Connection db,
            String tenant,
            long expectedVersion,
            List<WrappedKey> keys,
            OptionalLong unused,
            boolean again)
            throws SQLException {
        Object its = name(tenant);
        long newest =
                sql.one(db, "select ring from sallyport_vault_newest where id = 1 for update", row -> row.getLong(1));
        Optional<Long> version = sql.first(
                db, "select version from sallyport_vault_ring where tenant = ? for update", row -> row.getLong(1), its);
        if (version.orElse(0L) != expectedVersion) {
            return again && areSame(ring(db, tenant).keys(), keys);
        }
        if (unused.isPresent() && isUsed(db, its, unused.getAsLong())) {
            return false;
        }
        sql.change(db, "update sallyport_vault_newest set ring = ? where id = 1", newest + 1);
        sql.change(
                db,
                version.isPresent()
                        ? "update sallyport_vault_ring set version = ?, primary_key = ? where tenant = ?"
                        : "insert into sallyport_vault_ring (version, primary_key, tenant) values (?, ?, ?)",
                newest + 1,
                keys.stream()
                        .filter(key -> key.state() == KeyState.PRIMARY)
                        .map(WrappedKey::id)
                        .findFirst()
                        .orElse(null),
                its);
        replaceKeys(db, its, keys);
        return true;
    }

    private static boolean areSame(List<WrappedKey> ones, List<WrappedKey> others) {
        boolean same = ones.size() == others.size();
        for (int i = 0; same && i < ones.size(); i++) {
            WrappedKey one = ones.get(i);
            WrappedKey other = others.get(i);
            same = one.id() == other.id()
                    && one.state() == other.state()
                    && one.kek().equals(other.kek())
                    && Arrays.equals(one.wrapped(), other.wrapped());
        }
        return same;
    }

    private boolean isUsed(Connection db, Object tenant, long keyId) throws SQLException {
        return sql.first(
                        db,
                        "select 1 from sallyport_vault_row where tenant = ? and key_id = ? fetch first row only",
                        row -> true,
                        tenant,
                        keyId)
                .isPresent();
    }

    private void replaceKeys(Connection db, Object tenant, List<WrappedKey> keys) throws SQLException {
        sql.change(db, "delete from sallyport_vault_key where tenant = ?", tenant);
        for (int place = 0; place < keys.size(); place++) {
            WrappedKey key = keys.get(place);
            sql.change(
                    db,
                    "insert into sallyport_vault_key (tenant, place, key_id, state, wrapped, kek, created)"
                            + " values (?, ?, ?, ?, ?, ?, ?)",
                    tenant,
                    place,
                    key.id(),
                    key.state().name(),
                    key.wrapped(),
                    key.kek(),
                    ChronoUnit.MICROS.between(Instant.EPOCH, key.created()));
        }
    }

    final long newestRing(Connection db) throws SQLException {
        return sql.one(db, "select ring from sallyport_vault_newest where id = 1", row -> row.getLong(1));
    }

    final Optional<Row> read(Connection db, RowId id) throws SQLException {
        return sql.first(
                db,
                "select version, key_id, sealed, written from sallyport_vault_row"
                        + " where tenant = ? and namespace = ? and name = ?",
                row -> new Row(
                        id, row.getLong(1), row.getLong(2), row.getBytes(3), SqlStatements.instant(row.getLong(4))),
                name(id.tenant()),
                name(id.namespace()),
                name(id.name()));
    }

    /** Returns whether the row is what an attempt, whose answer was lost, has made of it. */
    final boolean isWritten(Connection db, RowId id, long keyId, byte[] sealed) throws SQLException {
        return read(db, id)
                .filter(row -> row.keyId() == keyId && Arrays.equals(row.sealed(), sealed))
                .isPresent();
    }

    /** Returns whether it is there. */
    final boolean exists(Connection db, RowId id) throws SQLException {
        return sql.first(
                        db,
                        "select 1 from sallyport_vault_row where tenant = ? and namespace = ? and name = ?",
                        row -> true,
                        name(id.tenant()),
                        name(id.namespace()),
                        name(id.name()))
                .isPresent();
    }

    /** Returns whether it was there. */
    final boolean delete(Connection db, RowId id) throws SQLException {
        return sql.change(
                        db,
                        "delete from sallyport_vault_row where tenant = ? and namespace = ? and name = ?",
                        name(id.tenant()),
                        name(id.namespace()),
                        name(id.name()))
                == 1;
    }

    /** Returns the first rows of those that a condition, with its parameters, leaves. */
    final List<Row> select(Connection db, Scope scope, String condition, List<Object> parameters, int atMost)
            throws SQLException {
        List<Object> all = new ArrayList<>();
        all.add(name(scope.tenant()));
        scope.keyId().ifPresent(all::add);
        all.addAll(parameters);
        all.add(atMost);
        boolean isOfOneKey = scope.keyId().isPresent();
        // What is the same in all rows stands in the order for H2, which else does not see that an index has this
        // order.
        return sql.all(
                db,
                "select namespace, name, version, key_id, sealed, written from sallyport_vault_row where tenant = ?"
                        + (isOfOneKey ? " and key_id = ?" : "") + condition + " order by tenant, "
                        + (isOfOneKey ? "key_id, " : "") + "namespace, name fetch first ? rows only",
                row -> new Row(
                        new RowId(scope.tenant(), name(row, 1), name(row, 2)),
                        row.getLong(3),
                        row.getLong(4),
                        row.getBytes(5),
                        SqlStatements.instant(row.getLong(6))),
                all.toArray());
    }

    final long countUnder(Connection db, String tenant, long keyId) throws SQLException {
        return sql.one(
                db,
                "select count(*) from sallyport_vault_row where tenant = ? and key_id = ?",
                row -> row.getLong(1),
                name(tenant),
                keyId);
    }

    final void leave(Connection db, String node) throws SQLException {
        sql.change(db, "delete from sallyport_vault_node where node = ?", name(node));
    }

    final OptionalLong oldestKnown(Connection db) throws SQLException {
        return sql.one(
                db,
                "select count(*), min(ring) from sallyport_vault_node where until >= " + now,
                row -> row.getLong(1) == 0 ? OptionalLong.empty() : OptionalLong.of(row.getLong(2)));
    }
}
