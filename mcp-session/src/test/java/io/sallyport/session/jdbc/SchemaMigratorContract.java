package io.sallyport.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SchemaMigrator.Mode;
import io.sallyport.spi.SchemaMigrator.State;
import io.sallyport.spi.SchemaMismatchException;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Postgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a {@link SchemaMigrator} does on each kind of database. */
abstract class SchemaMigratorContract {

    private static final int NODES = 6;

    private HikariDataSource database;

    /** Returns a database without tables. */
    abstract HikariDataSource emptyDatabase();

    /** Returns the statement that takes the migrators' lock. */
    abstract String lock();

    @BeforeEach
    void connect() {
        database = emptyDatabase();
    }

    @AfterEach
    void disconnect() {
        database.close();
    }

    private SchemaMigrator migrator(String... names) {
        return SchemaMigrator.of(database, "test", SchemaMigratorContract.class, List.of(names));
    }

    private long count(String table) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @Incident("S3")
    void whatIsPendingIsSaid() {
        SchemaMigrator migrator = migrator("V1__first", "V2__second");

        assertThat(migrator.state()).isEqualTo(new State("test", 0, 2, List.of("V1__first", "V2__second"), List.of()));
        assertThatThrownBy(() -> migrator.run(Mode.VALIDATE))
                .isInstanceOf(SchemaMismatchException.class)
                .hasMessage("schema of test is at version 0, this release needs 2; pending: V1__first, V2__second;"
                        + " run with MIGRATE or apply what SchemaMigrator.pendingSql() returns")
                .extracting(refused -> ((SchemaMismatchException) refused).state())
                .isEqualTo(migrator.state());
    }

    @Test
    @Incident("S115")
    void whatIsPendingIsAppliedAndNothingElse() {
        migrator("V1__first").run(Mode.MIGRATE);

        State state = migrator("V1__first", "V2__second").run(Mode.MIGRATE);

        assertThat(state).isEqualTo(new State("test", 2, 2, List.of(), List.of()));
        assertThat(state.isRight()).isTrue();
        assertThat(count("first")).isEqualTo(2);
        assertThat(count("other")).isZero();
        assertThat(migrator("V1__first", "V2__second").run(Mode.VALIDATE)).isEqualTo(state);
        assertThat(migrator("V1__first", "V2__second").run(Mode.MIGRATE)).isEqualTo(state);
    }

    @Test
    @Incident("S3")
    void ofManyNodesThatStartAtOnceOneMigrates() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(NODES);
        try {
            CyclicBarrier start = new CyclicBarrier(NODES);
            Callable<State> node = () -> {
                start.await();
                return migrator("V1__first", "V2__second").run(Mode.MIGRATE);
            };
            List<State> states = new ArrayList<>();
            for (Future<State> future : pool.invokeAll(Collections.nCopies(NODES, node))) {
                states.add(future.get());
            }

            assertThat(states).containsOnly(new State("test", 2, 2, List.of(), List.of()));
            assertThat(count("first")).isEqualTo(2);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    @Incident("S3")
    void aNewerSchemaIsRefused() {
        migrator("V1__first", "V2__second").run(Mode.MIGRATE);

        for (Mode mode : List.of(Mode.VALIDATE, Mode.MIGRATE)) {
            assertThatThrownBy(() -> migrator("V1__first").run(mode))
                    .isInstanceOf(SchemaMismatchException.class)
                    .hasMessage("schema of test is at version 2, this release needs 1: a newer release has migrated it;"
                            + " run that release or a later one");
        }
    }

    @Test
    void aScriptThatIsNotWhatWasAppliedIsRefused() {
        migrator("V1__first", "V2__second").run(Mode.MIGRATE);
        Postgres.run(database, "update sallyport_schema set checksum = 'x' where version = 1");

        for (Mode mode : List.of(Mode.VALIDATE, Mode.MIGRATE)) {
            assertThatThrownBy(() -> migrator("V1__first", "V2__second").run(mode))
                    .isInstanceOf(SchemaMismatchException.class)
                    .hasMessage("schema of test is at version 2, this release needs 2, but V1__first of this release is"
                            + " not what was applied under that name; run the release that applied it");
        }
    }

    @Test
    void somebodyElseMayApplyWhatIsPending() {
        migrator("V1__first").run(Mode.MIGRATE);
        SchemaMigrator migrator = migrator("V1__first", "V2__second");

        Postgres.run(database, migrator.pendingSql());

        assertThat(migrator.run(Mode.VALIDATE).isRight()).isTrue();
        assertThat(count("first")).isEqualTo(2);
        assertThat(migrator.pendingSql()).isEmpty();
    }

    @Test
    void componentsDoNotKnowOfEachOther() {
        migrator("V1__first").run(Mode.MIGRATE);

        assertThat(JdbcSessionStore.schema(database).state().current()).isZero();
        assertThat(JdbcSessionStore.schema(database).run(Mode.MIGRATE).isRight())
                .isTrue();
        assertThat(migrator("V1__first").run(Mode.VALIDATE).isRight()).isTrue();
    }

    @Test
    void whoIsToldNotToLookDoesNotLook() {
        database.close();

        assertThat(migrator("V1__first").run(Mode.NONE).current()).isEqualTo(1);
        assertThatThrownBy(() -> migrator("V1__first").run(Mode.VALIDATE))
                .isInstanceOf(StoreUnavailableException.class);
    }

    @Test
    void aNodeThatWaitsInVainForAnotherOneSaysSo() throws SQLException {
        migrator("V1__first").run(Mode.MIGRATE);
        try (Connection other = database.getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute(lock());

            assertThatThrownBy(() -> migrator("V1__first", "V2__second")
                            .withPatience(Duration.ofMillis(50))
                            .run(Mode.MIGRATE))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageStartingWith("the database does not migrate the schema of test: ");
            other.rollback();
        }
        assertThat(migrator("V1__first", "V2__second").run(Mode.MIGRATE).current())
                .isEqualTo(2);
    }

    @Test
    void aScriptThatFailsIsNotNoted() {
        assertThatThrownBy(
                        () -> migrator("V1__first", "V2__second", "V3__broken").run(Mode.MIGRATE))
                .isInstanceOf(IllegalStateException.class);

        assertThat(migrator("V1__first", "V2__second", "V3__broken").state().pending())
                .contains("V3__broken");
        assertThat(migrator("V1__first", "V2__second").run(Mode.MIGRATE).current())
                .isEqualTo(2);
    }

    @Test
    void namesOutOfOrderAreRefused() {
        assertThatThrownBy(() -> migrator("V1__first", "V3__third"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the script at place 2 must be named V2__…, but was V3__third");
    }
}
