package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.CountingDataSource;
import io.sallyport.testing.Postgres;
import io.sallyport.testing.SilencedProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PostgresJdbcVaultStoreTest extends JdbcVaultStoreContract {

    /** As long as waiting for a connection that there will not be is to take. */
    private static final Duration SHORT = Duration.ofMillis(300);

    @Override
    HikariDataSource emptyDatabase(String name) {
        return VaultDatabase.postgres(name);
    }

    @Override
    String countOfWaiting() {
        return "select count(*) from pg_locks where not granted";
    }

    /** Returns all that a store does in one statement, in an order in which each of it does something. */
    private static Map<String, Runnable> operations(VaultStore its) {
        Map<String, Runnable> operations = new LinkedHashMap<>();
        operations.put("ring", () -> its.ring(TENANT));
        operations.put("tenants", its::tenants);
        operations.put("newest ring", its::newestRing);
        operations.put("write first", () -> its.write(A, 0, OLD, SEALED));
        operations.put("read", () -> its.read(A));
        operations.put("write again", () -> its.write(A, 1, OLD, SEALED));
        operations.put("reseal", () -> its.reseal(TENANT, OLD, List.of(new Resealed(A, 1, OTHER))));
        operations.put("under", () -> its.under(TENANT, OLD, Optional.empty(), 10));
        operations.put("under behind", () -> its.under(TENANT, OLD, Optional.of(A), 10));
        operations.put("list", () -> its.list(TENANT, Optional.empty(), 10));
        operations.put("list behind", () -> its.list(TENANT, Optional.of(A), 10));
        operations.put("count under", () -> its.countUnder(TENANT, NEW));
        operations.put("beat", () -> its.beat("node", 1, Duration.ofMinutes(1)));
        operations.put("oldest known", its::oldestKnown);
        operations.put("leave", () -> its.leave("node"));
        return operations;
    }

    @Test
    void anOperationIsOneRoundTrip() {
        setRing(key(OLD, KeyState.PRIMARY));
        CountingDataSource counting = new CountingDataSource(database);
        Map<String, Integer> trips = new LinkedHashMap<>();

        operations(JdbcVaultStore.on(counting.proxy()).build())
                .forEach((operation, doing) -> counting.count(trips, operation, doing));

        assertThat(trips).allSatisfy((operation, count) -> assertThat(count).isEqualTo(1));
    }

    /** What is asked of large tables is found by an index: nothing reads them from their beginning. */
    @Test
    void everyStatementFindsItsRowsByAnIndex() {
        setRing(key(OLD, KeyState.PRIMARY));
        Postgres.run(
                database,
                "insert into sallyport_vault_row select 'tenant' || n / 1000, 'secrets', 'name' || n, n, n % 2 + 1, '\\x00',"
                        + " 0 from generate_series(1, 40000) n",
                "vacuum analyze sallyport_vault_row");
        Map<String, Runnable> operations = operations(store);
        operations.put("delete", () -> store.delete(A));
        operations.put("give up", () -> giveUpOld(store));
        String scans = "select seq_scan from pg_stat_user_tables"
                + " where schemaname = 'vault_store' and relname = 'sallyport_vault_row'";
        String flush = "select pg_stat_force_next_flush()";
        Postgres.run(database, flush);
        long before = count(scans);

        operations.forEach((operation, doing) -> {
            doing.run();
            Postgres.run(database, flush);
            assertThat(count(scans)).as(operation).isEqualTo(before);
        });
    }

    @Test
    void theDatabaseItselfHasOnePrimaryKeyOfATenant() throws SQLException {
        setRing(key(OLD, KeyState.PRIMARY), key(NEW, KeyState.DISTRIBUTED));
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("update sallyport_vault_key set state = 'PRIMARY'"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("sallyport_vault_key_primary");
        }
    }

    @Test
    void thoseWhoSealAnewTakeRowsInOneOrder() throws Exception {
        setRing(key(OLD, KeyState.PRIMARY));
        store.write(A, 0, OLD, SEALED);
        store.write(B, 0, OLD, SEALED);
        List<Resealed> backwards = new ArrayList<>();
        for (RowId id : List.of(B, A)) {
            Row row = store.read(id).orElseThrow();
            backwards.add(new Resealed(id, row.version(), OTHER));
        }
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("select 1 from sallyport_vault_row where name = 'a' for update");
            var anew = begun(() -> store.reseal(TENANT, OLD, backwards));

            // It waits for the first, and does not hold the second.
            statement.execute("select 1 from sallyport_vault_row where name = 'b' for update nowait");
            other.commit();

            assertThat(anew.get()).isEqualTo(OptionalLong.of(2));
            other.setAutoCommit(true);
        }
    }

    @Test
    void aDatabaseThatCannotBeReachedIsAnOutageToEverything() throws Exception {
        try (CapturedLog pool = CapturedLog.of("com.zaxxer.hikari");
                SilencedProxy proxy = new SilencedProxy(Postgres.port());
                HikariDataSource connections = Postgres.pool(
                        "jdbc:postgresql://127.0.0.1:" + proxy.port()
                                + "/postgres?user=postgres&currentSchema=vault_store",
                        2,
                        SHORT)) {
            JdbcVaultStore its = JdbcVaultStore.on(connections).build();
            Map<String, Runnable> operations = operations(its);
            operations.put("delete", () -> its.delete(A));
            operations.put("replace ring", () -> its.replaceRing(TENANT, 0, List.of(), OptionalLong.empty()));

            proxy.cut();

            assertThat(operations)
                    .allSatisfy((operation, doing) -> assertThatThrownBy(doing::run)
                            .isInstanceOf(StoreUnavailableException.class)
                            .hasMessageStartingWith("no connection to the database to "));
            assertThatThrownBy(() -> JdbcVaultStore.on(connections).build())
                    .isInstanceOf(StoreUnavailableException.class);
            assertThat(pool.messages()).isNotEmpty();
        }
    }

    @Test
    void aServerThatKeepsAStatementWaitingIsGivenUpInTime() throws SQLException {
        JdbcVaultStore its =
                JdbcVaultStore.on(database).timeout(Duration.ofMillis(200)).build();
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("lock table sallyport_vault_row");

            assertThatThrownBy(() -> its.read(A))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageStartingWith("the database does not read a secret: ");
            other.rollback();
            other.setAutoCommit(true);
        }
        assertThat(its.read(A)).isEmpty();
    }

    @Test
    void aServerThatDoesNotWaitForItsDiskIsToldOf() {
        try (CapturedLog log = CapturedLog.of("io.sallyport.vault")) {
            JdbcVaultStore.on(database).build();

            assertThat(log.lines())
                    .singleElement()
                    .asString()
                    .as("the tests' server does not")
                    .startsWith("the vault's database does not wait for its disk: secrets may be lost with it ")
                    .contains("fsync=\"off\"");
        }
    }
}
