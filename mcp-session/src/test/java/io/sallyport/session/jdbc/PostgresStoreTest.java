package io.sallyport.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Full;
import io.sallyport.testing.CountingDataSource;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Postgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PostgresStoreTest extends JdbcStoreContract {

    /** More than there can be connections. */
    private static final int ROOMY = 10_000;

    @Override
    HikariDataSource emptyDatabase() {
        return Postgres.freshSchema("store", 10, "");
    }

    @Test
    @Incident("S90")
    void anOperationIsOneRoundTrip() {
        CountingDataSource counting = new CountingDataSource(database);
        SessionStore store = JdbcSessionStore.on(counting.proxy()).build();
        Map<String, Integer> trips = new LinkedHashMap<>();
        counting.count(trips, "create", () -> store.create(session("k", ANN)));
        counting.count(trips, "find", () -> store.find("k"));
        Tables.age(database, store.bounds().idle().dividedBy(5));
        counting.count(trips, "find and take note", () -> store.find("k"));
        counting.count(trips, "find nothing", () -> store.find("nothing"));
        counting.count(trips, "update", () -> store.update(session("k", ANN).withLogLevel("debug")));
        counting.count(trips, "list", () -> store.list("", 10, Optional.of(ANN)));
        counting.count(trips, "size", store::size);
        counting.count(trips, "open", () -> store.events().open("k", "a", "n", "{}"));
        counting.count(trips, "append", () -> store.events().append("k", "a", 1, 1, List.of("x", "y", "z"), false));
        counting.count(trips, "read", () -> store.events().read("k", "a", 0, 10));
        counting.count(trips, "take", () -> store.events().take("k", "a", "m", true));
        counting.count(trips, "streams", () -> store.events().streams("k"));
        counting.count(trips, "forget", () -> store.events().forget("k", "a"));
        counting.count(trips, "beat", () -> store.bus().beat("n", Duration.ofMinutes(1)));
        counting.count(trips, "nodes", () -> store.bus().nodes());
        counting.count(trips, "post", () -> store.bus().post("n", "x"));
        counting.count(trips, "collect", () -> store.bus().collect("n", 0, 10, Duration.ofMinutes(1)));
        counting.count(trips, "leave", () -> store.bus().leave("n"));
        counting.count(trips, "end", () -> store.end("k", End.TERMINATED_BY_CLIENT));
        counting.count(trips, "sweep", () -> store.sweep(10));

        assertThat(trips.remove("sweep")).as("once for ended sessions").isEqualTo(2);
        assertThat(trips).allSatisfy((operation, count) -> assertThat(count).isEqualTo(1));
    }

    @Test
    void whereThereIsLittleRoomSessionsAreOpenedOneAfterTheOther() {
        CountingDataSource counting = new CountingDataSource(database);
        SessionStore store = JdbcSessionStore.on(counting.proxy())
                .bounds(new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 20, 20))
                .build();
        Map<String, Integer> trips = new LinkedHashMap<>();
        counting.count(trips, "first", () -> store.create(session("a", ANN)));
        counting.count(trips, "second", () -> store.create(session("b", ANN)));

        assertThat(trips).containsExactly(Map.entry("first", 2), Map.entry("second", 1));
    }

    @Test
    void manyThatOpenTheLastSessionsAtOnceDoNotOverfillTheStore() throws Exception {
        int connections = (int) count("select current_setting('max_connections')::int");
        // At the edge of where they stop opening them side by side.
        Bounds bounds = new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 20, connections + 10);
        JdbcSessionStore store = store(bounds);
        for (int i = 0; i < 6; i++) {
            store.create(session("before" + i, somebody(i)));
        }
        Postgres.run(
                database,
                "insert into sallyport_session (session_key, principal, version, data, opened, used) select 'many' || n,"
                        + " 'p' || n, 0, '{}', sallyport_now(), sallyport_now() from generate_series(1, " + connections
                        + " - 8) n");

        List<List<SessionStore.Creation>> created = atOnce(8, node -> () -> {
            JdbcSessionStore its = store(bounds);
            List<SessionStore.Creation> outcomes = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                outcomes.add(its.create(session("k" + node + "-" + i, somebody(node))));
            }
            return outcomes;
        });

        assertThat(created.stream().flatMap(List::stream).filter(Created.class::isInstance))
                .hasSize(12);
        assertThat(created.stream().flatMap(List::stream).filter(Full.class::isInstance))
                .hasSize(12);
        assertThat(store.size()).isEqualTo(connections + 10);
    }

    /** What is asked of large tables is found by an index: nothing reads a table from its beginning. */
    @Test
    @Incident("S89")
    void everyStatementFindsItsRowsByAnIndex() {
        try (HikariDataSource one = Postgres.freshSchema("indexed", 1, "")) {
            SessionStore store = JdbcSessionStore.on(one)
                    .schema(SchemaMigrator.Mode.MIGRATE)
                    .bounds(new Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 20, ROOMY))
                    .build();
            store.create(session("model", ANN));
            Postgres.run(
                    one,
                    "insert into sallyport_session (session_key, principal, version, opened, used, ended, ended_at)"
                            + " select 'ended' || n, 'p' || n / 5, 0, sallyport_now(), sallyport_now(), 'evicted',"
                            + " sallyport_now() from generate_series(1, 40000) n",
                    "insert into sallyport_session (session_key, principal, version, data, opened, used)"
                            + " select 'live' || n, 'p' || n / 5, 0, data, sallyport_now(), sallyport_now()"
                            + " from generate_series(1, 1000) n, sallyport_session where session_key = 'model'",
                    "insert into sallyport_stream select 'live' || n / 10, 's' || n, 'n', '{}', 1, 5, 1, 5, false, 1"
                            + " from generate_series(1, 10000) n",
                    "insert into sallyport_event select 'live' || n / 10, 's' || n, e, 'x'"
                            + " from generate_series(1, 10000) n, generate_series(1, 5) e",
                    "insert into sallyport_node select 'n' || n, sallyport_now() + (n - 10) * 100000000::bigint, 0, 0"
                            + " from generate_series(1, 20000) n",
                    "insert into sallyport_letter select 'n' || n, l, 'x', '' from generate_series(1, 20000) n,"
                            + " generate_series(1, 2) l");
            Postgres.run(one, "vacuum analyze");
            Map<String, Runnable> operations = new LinkedHashMap<>();
            operations.put("create", () -> store.create(session("k", ANN)));
            operations.put("find", () -> store.find("k"));
            operations.put("update", () -> store.update(session("k", ANN).withLogLevel("debug")));
            operations.put("list", () -> store.list("live5", 10, Optional.empty()));
            operations.put("list of one", () -> store.list("", 10, Optional.of(ANN)));
            operations.put("size", () -> store.size());
            operations.put("open", () -> store.events().open("k", "a", "n", "{}"));
            operations.put(
                    "append",
                    () -> store.events().append("k", "a", 1, 1, List.of("x", "y".repeat(300_000), "z"), false));
            operations.put("read", () -> store.events().read("k", "a", 0, 10));
            operations.put("take", () -> store.events().take("k", "a", "m", false));
            operations.put("streams", () -> store.events().streams("k"));
            operations.put("forget", () -> store.events().forget("k", "a"));
            operations.put("first beat", () -> store.bus().beat("m", Duration.ofMinutes(1)));
            operations.put("beat", () -> store.bus().beat("m", Duration.ofMinutes(1)));
            operations.put("post", () -> store.bus().post("m", "x"));
            operations.put("collect", () -> store.bus().collect("m", 1, 10, Duration.ZERO));
            operations.put("leave", () -> store.bus().leave("m"));
            operations.put("end", () -> store.end("k", End.TERMINATED_BY_CLIENT));
            operations.put("sweep", () -> store.sweep(10));

            Map<String, String> before = seqScans(one);
            operations.forEach((operation, doing) -> {
                doing.run();
                assertThat(seqScans(one)).as(operation).isEqualTo(before);
            });
        }
    }

    private static Map<String, String> seqScans(HikariDataSource database) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_stat_force_next_flush()");
            try (ResultSet rows = statement.executeQuery(
                    "select relname, seq_scan from pg_stat_user_tables where schemaname = 'indexed'")) {
                Map<String, String> scans = new LinkedHashMap<>();
                while (rows.next()) {
                    scans.put(rows.getString(1), rows.getString(2));
                }
                return scans;
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aDatabaseThatDoesNotWaitForItsDiskIsNotSaidTo() {
        assertThat(store().capabilities())
                .as("the tests' server does not")
                .isEqualTo(new SessionStore.Capabilities(true, SessionStore.Durability.SERVER));
    }

    @Test
    void anIsolationThatHidesWhatOthersCommitIsRefused() {
        String option = "&options=-c%20default_transaction_isolation=serializable";
        try (HikariDataSource serializable = Postgres.freshSchema("isolation", 2, option)) {
            assertThatThrownBy(() -> JdbcSessionStore.on(serializable)
                            .schema(SchemaMigrator.Mode.MIGRATE)
                            .build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the transaction isolation must be READ COMMITTED");
        }
    }
}
