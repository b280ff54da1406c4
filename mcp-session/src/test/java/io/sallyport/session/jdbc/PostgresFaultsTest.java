package io.sallyport.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Pen;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.Durability;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.CountingDataSource;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Postgres;
import io.sallyport.testing.SilencedProxy;
import io.sallyport.testing.Waiting;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a store when its server, or the way to it, does not do what it should. */
class PostgresFaultsTest {

    private static final Principal ANN = new Principal("issuer", "client", "ann", "default");

    /** As long as waiting for a connection that there will not be is to take. */
    private static final Duration SHORT = Duration.ofMillis(300);

    private static HikariDataSource database;

    /** What the pool says of each broken connection, with its stack trace. */
    private static CapturedLog poolsLog;

    @BeforeAll
    static void connect() {
        poolsLog = CapturedLog.of("com.zaxxer.hikari");
        database = Postgres.freshSchema("faults", 5, "");
        JdbcSessionStore.schema(database).run(SchemaMigrator.Mode.MIGRATE);
    }

    @AfterAll
    static void disconnect() {
        database.close();
        poolsLog.close();
    }

    @BeforeEach
    void empty() {
        Tables.empty(database);
    }

    private static SessionRecord session(String key) {
        return SessionRecord.opened(key, "/mcp", ANN, "2025-11-25", "{}");
    }

    @Test
    @Incident("S1")
    @Incident("S2")
    @Incident("S111")
    void aStoreWorksAgainAsSoonAsItsServerIsBack(@TempDir Path data) throws Exception {
        EmbeddedPostgres server = durable(data, 0);
        try (HikariDataSource connections = Postgres.pool(server.getJdbcUrl("postgres", "postgres"), 5, SHORT)) {
            SessionStore store = JdbcSessionStore.on(connections)
                    .schema(SchemaMigrator.Mode.MIGRATE)
                    .build();
            assertThat(store.capabilities().durability()).isEqualTo(Durability.DISK);
            store.create(session("k"));
            store.events().open("k", "a", "n", "{}");
            store.events().append("k", "a", 1, 1, List.of("kept"), false);
            int port = server.getPort();

            server.close();
            assertThatThrownBy(() -> store.find("k")).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> store.sweep(1)).isInstanceOf(StoreUnavailableException.class);
            server = durable(data, port);

            // The pool has its own mind about when to try the server again.
            Waiting.until("the store serves again", () -> live(store));
            assertThat(store.events().append("k", "a", 1, 2, List.of("more"), false))
                    .isEqualTo(Appended.KEPT);
            assertThat(store.events().read("k", "a", 0, 9).orElseThrow().events())
                    .hasSize(2);
        } finally {
            server.close();
        }
    }

    private static Live live(SessionStore store) {
        try {
            return store.find("k") instanceof Live live ? live : null;
        } catch (StoreUnavailableException e) {
            return null;
        }
    }

    private static EmbeddedPostgres durable(Path data, int port) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(data.resolve("data"))
                .setCleanDataDirectory(false)
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setPort(port)
                .start();
    }

    @Test
    @Incident("S2")
    void staleConnectionsAreNotNoticedByWhoUsesTheStore() throws SQLException {
        Queue<Connection> stale = new ArrayDeque<>();
        DataSource trusting = (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    Connection first = stale.poll();
                    return first == null ? database.getConnection() : first;
                });
        SessionStore store = JdbcSessionStore.on(trusting).build();
        store.create(session("k"));
        try (Connection other = database.getConnection();
                Statement terminating = other.createStatement()) {
            for (int i = 0; i < 4; i++) {
                Connection connection = database.getConnection();
                try (Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
                    rows.next();
                    terminating.execute("select pg_terminate_backend(" + rows.getInt(1) + ", 5000)");
                }
                stale.add(connection);
            }
        }

        assertThat(store.find("k")).isInstanceOf(Live.class);
        assertThat(stale).isEmpty();
    }

    @Test
    void whatIsTriedAgainHasTheEffectOfOneAttempt() {
        CountingDataSource connections = new CountingDataSource(database);
        Bounds bounds = new Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 2, 10_000);
        SessionStore store =
                JdbcSessionStore.on(connections.proxy()).bounds(bounds).build();
        store.create(session("a"));
        store.create(session("b"));

        connections.loseTheNextAnswer();
        assertThat(store.create(session("c"))).isEqualTo(new Created(Optional.of("a")));
        assertThat(store.size()).isEqualTo(2);
        connections.loseTheNextAnswer();
        assertThat(store.update(session("c").withLogLevel("debug"))).isTrue();
        assertThat(((Live) store.find("c")).record().version()).isEqualTo(1);
        connections.loseTheNextAnswer();
        assertThat(store.events().open("c", "s", "n", "about")).contains(new Pen(1, 0, "about"));
        connections.loseTheNextAnswer();
        assertThat(store.events().append("c", "s", 1, 1, List.of("x"), false)).isEqualTo(Appended.KEPT);
        assertThat(store.events().read("c", "s", 0, 9).orElseThrow().events()).hasSize(1);
        store.bus().beat("m", Duration.ofMinutes(1));
        connections.loseTheNextAnswer();
        Pen pen = store.events().take("c", "s", "m", false).orElseThrow();
        assertThat(store.events().append("c", "s", pen.fence(), 2, List.of("y"), false))
                .isEqualTo(Appended.KEPT);
        connections.loseTheNextAnswer();
        store.bus().post("m", "letter");
        assertThat(store.bus().collect("m", 0, 9, Duration.ZERO)).hasSize(1);
        connections.loseTheNextAnswer();
        store.end("c", End.TERMINATED_BY_CLIENT);
        assertThat(store.find("c")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
    }

    @Test
    void aServerThatKeepsAStatementWaitingIsGivenUpInTime() throws SQLException {
        SessionStore store =
                JdbcSessionStore.on(database).timeout(Duration.ofMillis(200)).build();
        store.create(session("k"));
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("lock table sallyport_session");

            assertThatThrownBy(() -> store.find("k"))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageStartingWith("the database does not find a session: ");
            other.rollback();
        }
        assertThat(store.find("k")).isInstanceOf(Live.class);
    }

    @Test
    void aServerThatSaysNothingAtAllIsGivenUpInTime() throws Exception {
        try (SilencedProxy silent = new SilencedProxy(Postgres.port());
                HikariDataSource connections = Postgres.pool(
                        "jdbc:postgresql://127.0.0.1:" + silent.port() + "/postgres?user=postgres&currentSchema=faults"
                                + "&cancelSignalTimeout=1",
                        1)) {
            SessionStore store = JdbcSessionStore.on(connections)
                    .timeout(Duration.ofMillis(200))
                    .build();
            store.create(session("k"));
            silent.hold();

            assertThatThrownBy(() -> store.find("k")).isInstanceOf(StoreUnavailableException.class);

            silent.letGo();
            assertThat(store.find("k")).isInstanceOf(Live.class);
        }
    }

    @Test
    void nobodyListensAtTheServersPort() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        try (HikariDataSource nowhere =
                Postgres.pool("jdbc:postgresql://127.0.0.1:" + port + "/x?user=u&password=hidden", 1, SHORT)) {

            assertThatThrownBy(() -> JdbcSessionStore.on(nowhere).build())
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageStartingWith("no connection to the database to see to the schema of session: ");
        }
    }

    @Test
    void messagesDoNotTellPasswords() {
        DataSource leaking = (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    throw new SQLException(
                            "No suitable driver for jdbc:postgresql://ann:hidden@db/x?password=hidden",
                            "08001",
                            new IllegalStateException("Password: hidden"));
                });

        assertThatThrownBy(() -> JdbcSessionStore.on(leaking).build())
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessage(
                        "no connection to the database to see to the schema of session: No suitable driver for jdbc:…")
                .satisfies(thrown -> {
                    for (Throwable t = thrown; t != null; t = t.getCause()) {
                        assertThat(t.toString()).doesNotContain("hidden");
                    }
                });
    }

    @Test
    void whatWaitingDoesNotMendIsNoOutage() {
        try (HikariDataSource other = Postgres.freshSchema("without_tables", 2, "")) {
            SessionStore store =
                    JdbcSessionStore.on(other).schema(SchemaMigrator.Mode.NONE).build();

            assertThatThrownBy(() -> store.find("k"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the database refuses to find a session: ");
        }
    }

    @Test
    void whoWaitsForLettersIsToldThatTheServerIsGone() throws Exception {
        try (SilencedProxy proxy = new SilencedProxy(Postgres.port());
                HikariDataSource connections = Postgres.pool(
                        "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/postgres?user=postgres&currentSchema=faults",
                        1,
                        SHORT)) {
            SessionStore store = JdbcSessionStore.on(connections).build();
            store.bus().beat("n", Duration.ofMinutes(1));
            CountDownLatch told = new CountDownLatch(1);
            Thread waiting = new Thread(() -> {
                try {
                    store.bus().collect("n", 0, 1, Duration.ofMinutes(10));
                } catch (StoreUnavailableException e) {
                    told.countDown();
                }
            });
            waiting.start();

            proxy.cut();

            assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
            waiting.join();
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> JdbcSessionStore.on(database).timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be positive and at most an hour, but was PT0S");
        assertThatThrownBy(() -> JdbcSessionStore.on(database).timeout(Duration.ofHours(2)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () -> JdbcSessionStore.on(database).pollInterval(Duration.ofMillis(50), Duration.ofMillis(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pollInterval must be positive, and the longer one not shorter than the other,"
                        + " but was PT0.05S to PT0.005S");
    }
}
