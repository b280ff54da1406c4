package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.SqlStatements;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * On H2 an operation is a transaction of several statements: a round trip costs nothing where the database is in the same
 * process. H2 has no shared locks of rows: those who write secrets of the same tenant do so one after the other.
 */
final class H2VaultTables extends VaultTables {

    private static final String NOW = "cast(extract(epoch from current_timestamp(6)) * 1000000 as bigint)";

    private static final String AND_AT_VERSION = " where tenant = ? and namespace = ? and name = ? and version = ?";

    H2VaultTables(SqlStatements sql) {
        super(sql, NOW);
    }

    @Override
    boolean isTransactional() {
        return true;
    }

    @Override
    void check(Connection db) {
        // There is nothing that would not do.
    }

    @Override
    byte[] name(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    String name(ResultSet row, int column) throws SQLException {
        return new String(row.getBytes(column), StandardCharsets.UTF_8);
    }

    /** Returns whether the key is primary, which stays so until the end of this transaction. */
    private boolean hold(Connection db, String tenant, long keyId) throws SQLException {
        return sql.first(
                        db,
                        "select version from sallyport_vault_ring where tenant = ? and primary_key = ? for update",
                        row -> true,
                        name(tenant),
                        keyId)
                .isPresent();
    }

    @Override
    Written write(Connection db, RowId id, long expectedVersion, long keyId, byte[] sealed, boolean again)
            throws SQLException {
        boolean isPrimary = hold(db, id.tenant(), keyId);
        boolean isWritten = isPrimary
                && (expectedVersion == 0
                        ? insert(db, id, keyId, sealed)
                        : update(db, id, expectedVersion, keyId, sealed));
        if (isWritten || again && isWritten(db, id, keyId, sealed)) {
            return Written.WRITTEN;
        }
        return isPrimary ? Written.CONFLICT : Written.KEY_NOT_PRIMARY;
    }

    private boolean insert(Connection db, RowId id, long keyId, byte[] sealed) throws SQLException {
        // Nobody else puts one in between: whoever does, holds the ring.
        return !exists(db, id)
                && sql.change(
                                db,
                                "insert into sallyport_vault_row"
                                        + " (tenant, namespace, name, version, key_id, sealed, written)"
                                        + " values (?, ?, ?, next value for sallyport_vault_version, ?, ?, " + NOW
                                        + ")",
                                name(id.tenant()),
                                name(id.namespace()),
                                name(id.name()),
                                keyId,
                                sealed)
                        == 1;
    }

    private boolean update(Connection db, RowId id, long expectedVersion, long keyId, byte[] sealed)
            throws SQLException {
        return sql.change(
                        db,
                        "update sallyport_vault_row set version = next value for sallyport_vault_version, key_id = ?,"
                                + " sealed = ?, written = " + NOW + AND_AT_VERSION,
                        keyId,
                        sealed,
                        name(id.tenant()),
                        name(id.namespace()),
                        name(id.name()),
                        expectedVersion)
                == 1;
    }

    @Override
    OptionalLong reseal(Connection db, String tenant, long keyId, List<Resealed> rows, boolean again)
            throws SQLException {
        if (!hold(db, tenant, keyId)) {
            return OptionalLong.empty();
        }
        List<@Nullable Object[]> inOrder = new ArrayList<>();
        rows.stream()
                .sorted(Comparator.comparing((Resealed row) -> name(row.id().namespace()), Arrays::compareUnsigned)
                        .thenComparing(row -> name(row.id().name()), Arrays::compareUnsigned))
                .forEach(row -> inOrder.add(new Object[] {
                    keyId,
                    row.sealed(),
                    name(tenant),
                    name(row.id().namespace()),
                    name(row.id().name()),
                    row.version()
                }));
        long written = sql.changeAll(
                db,
                "update sallyport_vault_row set version = next value for sallyport_vault_version, key_id = ?, sealed = ?"
                        + AND_AT_VERSION,
                inOrder);
        return OptionalLong.of(again ? countWritten(db, keyId, rows) : written);
    }

    private long countWritten(Connection db, long keyId, List<Resealed> rows) throws SQLException {
        long written = 0;
        for (Resealed row : rows) {
            written += isWritten(db, row.id(), keyId, row.sealed()) ? 1 : 0;
        }
        return written;
    }

    /** Asks twice, for within a namespace and behind it: H2 finds by an index only what is equal but for the last column. */
    @Override
    List<Row> page(Connection db, Scope scope, Optional<RowId> after, int atMost) throws SQLException {
        if (after.isEmpty()) {
            return select(db, scope, "", List.of(), atMost);
        }
        byte[] namespace = name(after.get().namespace());
        List<Row> rows = new ArrayList<>(select(
                db,
                scope,
                " and namespace = ? and name > ?",
                List.of(namespace, name(after.get().name())),
                atMost));
        if (rows.size() < atMost) {
            // The next one there can be: one that is only greater would be looked for among all that are equal.
            byte[] next = Arrays.copyOf(namespace, namespace.length + 1);
            rows.addAll(select(db, scope, " and namespace >= ?", List.of(next), atMost - rows.size()));
        }
        return rows;
    }

    @Override
    void beat(Connection db, String node, long ringVersion, Duration lease) throws SQLException {
        List<byte[]> gone = sql.all(
                db,
                "select node from sallyport_vault_node where until < " + NOW + " and node <> ? for update skip locked",
                row -> row.getBytes(1),
                name(node));
        for (byte[] its : gone) {
            sql.change(db, "delete from sallyport_vault_node where node = ?", its);
        }
        sql.change(
                db,
                "merge into sallyport_vault_node (node, ring, until) key (node) values (?, ?, " + NOW + " + ?)",
                name(node),
                ringVersion,
                SqlStatements.micros(lease));
    }
}
