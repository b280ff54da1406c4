package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.SqlStatements;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * On PostgreSQL all but {@link #replaceRing} is one statement, and so one round trip and one transaction. In such a statement
 * the fence is a part of its own, which is evaluated before what needs it, for that is joined with it.
 */
final class PostgresVaultTables extends VaultTables {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final String NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";

    private static final String FENCE =
            "with fence as (select tenant from sallyport_vault_ring where tenant = ? and primary_key = ? for share)";

    private static final String COUNTS = " select (select count(*) from fence), (select count(*) from done)";

    /** How many fences there were, one or none, and how many rows were written. */
    private record Counts(long fences, long rows) {

        static Counts read(ResultSet row) throws SQLException {
            return new Counts(row.getLong(1), row.getLong(2));
        }
    }

    PostgresVaultTables(SqlStatements sql) {
        super(sql, NOW);
    }

    @Override
    boolean isTransactional() {
        return false;
    }

    @Override
    void check(Connection db) throws SQLException {
        sql.one(
                db,
                "select current_setting('server_encoding'), current_setting('synchronous_commit'),"
                        + " current_setting('fsync')",
                row -> {
                    if (!row.getString(1).equals("UTF8")) {
                        throw new IllegalArgumentException(
                                "the database's encoding must be UTF8, but was " + row.getString(1));
                    }
                    if (row.getString(2).equals("off") || row.getString(3).equals("off")) {
                        LOGGER.atWarn()
                                .addKeyValue("synchronous_commit", row.getString(2))
                                .addKeyValue("fsync", row.getString(3))
                                .log("the vault's database does not wait for its disk: secrets may be lost with it");
                    }
                    return true;
                });
    }

    @Override
    String name(String name) {
        return name;
    }

    @Override
    String name(ResultSet row, int column) throws SQLException {
        return row.getString(column);
    }

    @Override
    Written write(Connection db, RowId id, long expectedVersion, long keyId, byte[] sealed, boolean again)
            throws SQLException {
        Counts counts =
                expectedVersion == 0 ? insert(db, id, keyId, sealed) : update(db, id, expectedVersion, keyId, sealed);
        if (counts.rows() == 1 || again && isWritten(db, id, keyId, sealed)) {
            return Written.WRITTEN;
        }
        return counts.fences() == 0 ? Written.KEY_NOT_PRIMARY : Written.CONFLICT;
    }

    private Counts insert(Connection db, RowId id, long keyId, byte[] sealed) throws SQLException {
        return sql.one(
                db,
                FENCE
                        + ", done as (insert into sallyport_vault_row"
                        + " (tenant, namespace, name, version, key_id, sealed, written)"
                        + " select tenant, ?, ?, nextval('sallyport_vault_version'), ?, ?, " + NOW + " from fence"
                        + " on conflict (tenant, namespace, name) do nothing returning 1)" + COUNTS,
                Counts::read,
                id.tenant(),
                keyId,
                id.namespace(),
                id.name(),
                keyId,
                sealed);
    }

    private Counts update(Connection db, RowId id, long expectedVersion, long keyId, byte[] sealed)
            throws SQLException {
        return sql.one(
                db,
                FENCE
                        + ", done as (update sallyport_vault_row r"
                        + " set version = nextval('sallyport_vault_version'), key_id = ?, sealed = ?, written = " + NOW
                        + " from fence where r.tenant = fence.tenant and r.namespace = ? and r.name = ?"
                        + " and r.version = ? returning 1)" + COUNTS,
                Counts::read,
                id.tenant(),
                keyId,
                keyId,
                sealed,
                id.namespace(),
                id.name(),
                expectedVersion);
    }

    @Override
    OptionalLong reseal(Connection db, String tenant, long keyId, List<Resealed> rows, boolean again)
            throws SQLException {
        Array namespaces = array(db, "text", rows.stream().map(row -> row.id().namespace()));
        Array names = array(db, "text", rows.stream().map(row -> row.id().name()));
        Array versions = array(db, "bigint", rows.stream().map(Resealed::version));
        Array sealed =
                db.createArrayOf("bytea", rows.stream().map(Resealed::sealed).toArray(byte[][]::new));
        // Rows are locked in the order of their names before the first is written, whatever way the update takes.
        Counts counts = sql.one(
                db,
                FENCE
                        + ", held as (select r.tenant, r.namespace, r.name, anew.sealed from fence,"
                        + " unnest(?, ?, ?, ?) as anew (namespace, name, version, sealed), sallyport_vault_row r"
                        + " where r.tenant = fence.tenant and r.namespace = anew.namespace and r.name = anew.name"
                        + " and r.version = anew.version order by r.namespace, r.name for update of r),"
                        + " done as (update sallyport_vault_row r"
                        + " set version = nextval('sallyport_vault_version'), key_id = ?, sealed = held.sealed from held"
                        + " where r.tenant = held.tenant and r.namespace = held.namespace and r.name = held.name"
                        + " returning 1)" + COUNTS,
                Counts::read,
                tenant,
                keyId,
                namespaces,
                names,
                versions,
                sealed,
                keyId);
        if (counts.fences() == 0) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(again ? countWritten(db, tenant, keyId, namespaces, names, sealed) : counts.rows());
    }

    private static Array array(Connection db, String type, Stream<?> elements) throws SQLException {
        return db.createArrayOf(type, elements.toArray());
    }

    private long countWritten(Connection db, String tenant, long keyId, Array namespaces, Array names, Array sealed)
            throws SQLException {
        return sql.one(
                db,
                "select count(*) from unnest(?, ?, ?) as anew (namespace, name, sealed) join sallyport_vault_row r"
                        + " on r.tenant = ? and r.namespace = anew.namespace and r.name = anew.name"
                        + " where r.key_id = ? and r.sealed = anew.sealed",
                row -> row.getLong(1),
                namespaces,
                names,
                sealed,
                tenant,
                keyId);
    }

    @Override
    List<Row> page(Connection db, Scope scope, Optional<RowId> after, int atMost) throws SQLException {
        return after.isEmpty()
                ? select(db, scope, "", List.of(), atMost)
                : select(
                        db,
                        scope,
                        " and (namespace, name) > (?, ?)",
                        List.of(after.get().namespace(), after.get().name()),
                        atMost);
    }

    @Override
    void beat(Connection db, String node, long ringVersion, Duration lease) throws SQLException {
        sql.change(
                db,
                "with gone as (delete from sallyport_vault_node where node in (select node from sallyport_vault_node"
                        + " where until < " + NOW + " and node <> ? for update skip locked))"
                        + " insert into sallyport_vault_node (node, ring, until) values (?, ?, " + NOW + " + ?)"
                        + " on conflict (node) do update set ring = excluded.ring, until = excluded.until",
                node,
                node,
                ringVersion,
                SqlStatements.micros(lease));
    }
}
