package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.security.vault.VaultStore.Written;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SchemaMismatchException;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CountingDataSource;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Postgres;
import io.sallyport.testing.Waiting;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a {@link JdbcVaultStore} does on each kind of database, beyond what every store does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JdbcVaultStoreContract {

    static final String TENANT = "acme";
    static final RowId A = new RowId(TENANT, "secrets", "a");
    static final RowId B = new RowId(TENANT, "secrets", "b");
    static final byte[] SEALED = {1, 2, 3};
    static final byte[] OTHER = {4, 5};
    static final long OLD = 1;
    static final long NEW = 2;

    HikariDataSource database;
    JdbcVaultStore store;

    /** Returns a database of this name without tables. */
    abstract HikariDataSource emptyDatabase(String name);

    /** Returns a query that counts connections that wait for another. */
    abstract String countOfWaiting();

    @BeforeAll
    void connect() {
        database = emptyDatabase("vault_store");
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    @BeforeEach
    void empty() {
        store = VaultDatabase.emptied(database);
    }

    static WrappedKey key(long id, KeyState state) {
        return new WrappedKey(id, state, new byte[] {9}, "kek-1", Instant.parse("2026-01-02T03:04:05Z"));
    }

    void setRing(WrappedKey... keys) {
        assertThat(store.replaceRing(TENANT, store.ring(TENANT).version(), List.of(keys), OptionalLong.empty()))
                .isTrue();
    }

    boolean giveUpOld(VaultStore its) {
        return its.replaceRing(
                TENANT,
                store.ring(TENANT).version(),
                List.of(key(OLD, KeyState.DISABLED), key(NEW, KeyState.PRIMARY)),
                OptionalLong.of(OLD));
    }

    long count(String sql) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Begins something and returns when it waits for another connection, or has not had to. */
    <T> CompletableFuture<T> begun(Supplier<T> doing) {
        CompletableFuture<T> its = CompletableFuture.supplyAsync(doing);
        Waiting.until("it waits", () -> its.isDone() || count(countOfWaiting()) > 0 ? true : null);
        return its;
    }

    @Test
    void whoGivesAKeyUpWaitsForThoseWhoWriteUnderIt() throws Exception {
        setRing(key(OLD, KeyState.PRIMARY));
        CompletableFuture<Boolean> given;
        try (HeldConnection held = new HeldConnection(database)) {
            JdbcVaultStore writer = JdbcVaultStore.on(held.asDatabase())
                    .schema(SchemaMigrator.Mode.NONE)
                    .build();
            assertThat(writer.write(A, 0, OLD, SEALED)).isEqualTo(Written.WRITTEN);

            given = begun(() -> giveUpOld(store));
        }

        assertThat(given.get(10, TimeUnit.SECONDS)).isFalse();
        assertThat(store.read(A)).isPresent();
    }

    @Test
    void whoGivesAKeyUpWaitsForThoseWhoSealAnewUnderIt() throws Exception {
        setRing(key(NEW, KeyState.PRIMARY));
        store.write(A, 0, NEW, SEALED);
        Row row = store.read(A).orElseThrow();
        setRing(key(OLD, KeyState.PRIMARY), key(NEW, KeyState.DECRYPT_ONLY));
        CompletableFuture<Boolean> given;
        try (HeldConnection held = new HeldConnection(database)) {
            JdbcVaultStore writer = JdbcVaultStore.on(held.asDatabase())
                    .schema(SchemaMigrator.Mode.NONE)
                    .build();
            assertThat(writer.reseal(TENANT, OLD, List.of(new Resealed(A, row.version(), OTHER))))
                    .hasValue(1);

            given = begun(() -> giveUpOld(store));
        }

        assertThat(given.get(10, TimeUnit.SECONDS)).isFalse();
        assertThat(store.countUnder(TENANT, OLD)).isEqualTo(1);
    }

    @Test
    void whoWritesUnderAKeyThatIsJustBeingReplacedIsRefused() throws Exception {
        setRing(key(OLD, KeyState.PRIMARY));
        store.write(A, 0, OLD, SEALED);
        long version = store.read(A).orElseThrow().version();
        CompletableFuture<Written> first;
        CompletableFuture<Written> again;
        CompletableFuture<OptionalLong> anew;
        try (HeldConnection held = new HeldConnection(database)) {
            JdbcVaultStore rotator = JdbcVaultStore.on(held.asDatabase())
                    .schema(SchemaMigrator.Mode.NONE)
                    .build();
            rotator.replaceRing(
                    TENANT,
                    store.ring(TENANT).version(),
                    List.of(key(OLD, KeyState.DECRYPT_ONLY), key(NEW, KeyState.PRIMARY)),
                    OptionalLong.empty());

            first = begun(() -> store.write(B, 0, OLD, SEALED));
            again = begun(() -> store.write(A, version, OLD, OTHER));
            anew = begun(() -> store.reseal(TENANT, OLD, List.of(new Resealed(A, version, OTHER))));
        }

        assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(Written.KEY_NOT_PRIMARY);
        assertThat(again.get(10, TimeUnit.SECONDS)).isEqualTo(Written.KEY_NOT_PRIMARY);
        assertThat(anew.get(10, TimeUnit.SECONDS)).isEmpty();
        assertThat(store.read(B)).isEmpty();
        assertThat(store.read(A).orElseThrow().sealed()).isEqualTo(SEALED);
    }

    @Test
    void whoWritesUnderAKeyThatStaysPrimaryOnlyWaits() throws Exception {
        setRing(key(OLD, KeyState.PRIMARY));
        CompletableFuture<Written> writing;
        try (HeldConnection held = new HeldConnection(database)) {
            JdbcVaultStore rotator = JdbcVaultStore.on(held.asDatabase())
                    .schema(SchemaMigrator.Mode.NONE)
                    .build();
            rotator.replaceRing(
                    TENANT,
                    store.ring(TENANT).version(),
                    List.of(key(OLD, KeyState.PRIMARY), key(NEW, KeyState.DISTRIBUTED)),
                    OptionalLong.empty());

            writing = begun(() -> store.write(A, 0, OLD, SEALED));
        }

        assertThat(writing.get(10, TimeUnit.SECONDS)).isEqualTo(Written.WRITTEN);
    }

    @Test
    void whatIsTriedAgainHasTheEffectOfOneAttempt() {
        CountingDataSource connections = new CountingDataSource(database);
        JdbcVaultStore its = JdbcVaultStore.on(connections.proxy()).build();
        // On H2 all that an operation does is done by its commit, on PostgreSQL most of it by its one statement.
        String end =
                count("select count(*) from information_schema.tables where table_name = 'SALLYPORT_VAULT_ROW'") == 1
                        ? "commit"
                        : "execute";

        connections.loseTheNextAnswerTo("commit");
        assertThat(its.replaceRing(TENANT, 0, List.of(key(OLD, KeyState.PRIMARY)), OptionalLong.empty()))
                .isTrue();
        connections.loseTheNextAnswerTo(end);
        assertThat(its.write(A, 0, OLD, SEALED)).isEqualTo(Written.WRITTEN);
        long version = store.read(A).orElseThrow().version();
        connections.loseTheNextAnswerTo(end);
        assertThat(its.write(A, version, OLD, OTHER)).isEqualTo(Written.WRITTEN);
        Row row = store.read(A).orElseThrow();
        connections.loseTheNextAnswerTo(end);
        assertThat(its.reseal(
                        TENANT,
                        OLD,
                        List.of(new Resealed(A, row.version(), SEALED), new Resealed(B, row.version(), SEALED))))
                .hasValue(1);
        assertThat(store.read(A).orElseThrow().sealed()).isEqualTo(SEALED);
        assertThat(store.read(A).orElseThrow().written()).isEqualTo(row.written());
        connections.loseTheNextAnswerTo("executeUpdate");
        assertThat(its.delete(A)).isTrue();
        assertThat(its.delete(A)).isFalse();
    }

    @Test
    void whatWasDoneByOthersIsNotTakenForAnAttemptOfOnesOwn() {
        setRing(key(OLD, KeyState.PRIMARY));
        store.write(A, 0, OLD, SEALED);
        CountingDataSource connections = new CountingDataSource(database);
        JdbcVaultStore its = JdbcVaultStore.on(connections.proxy()).build();

        connections.loseTheNextAnswer();
        assertThat(its.write(A, 0, OLD, OTHER)).isEqualTo(Written.CONFLICT);
        connections.loseTheNextAnswer();
        assertThat(its.write(A, 0, NEW, OTHER)).isEqualTo(Written.KEY_NOT_PRIMARY);
        connections.loseTheNextAnswer();
        assertThat(its.replaceRing(TENANT, 0, List.of(key(NEW, KeyState.PRIMARY)), OptionalLong.empty()))
                .isFalse();
        connections.loseTheNextAnswer();
        assertThat(its.delete(B)).isFalse();
    }

    /** Takes the database away in front of each of the questions that an operation asks it, until it needs no more. */
    private void withoutDatabaseAtAnyPoint(CountingDataSource connections, BooleanSupplier operation, Runnable check) {
        for (int asks = 0; ; asks++) {
            connections.breakAfter(asks);
            try {
                assertThat(operation.getAsBoolean()).isTrue();
                assertThat(asks).isPositive();
                return;
            } catch (StoreUnavailableException e) {
                check.run();
            } finally {
                connections.mend();
            }
        }
    }

    @Test
    void nothingIsHalfDoneWhenTheDatabaseGoesAway() {
        CountingDataSource connections = new CountingDataSource(database);
        JdbcVaultStore its = JdbcVaultStore.on(connections.proxy()).build();
        setRing(key(OLD, KeyState.PRIMARY));
        Ring before = store.ring(TENANT);
        List<WrappedKey> both = List.of(key(OLD, KeyState.DECRYPT_ONLY), key(NEW, KeyState.PRIMARY));

        withoutDatabaseAtAnyPoint(
                connections,
                () -> its.write(A, 0, OLD, SEALED) == Written.WRITTEN,
                () -> assertThat(store.read(A)).isEmpty());
        store.write(B, 0, OLD, SEALED);
        withoutDatabaseAtAnyPoint(
                connections, () -> its.replaceRing(TENANT, before.version(), both, OptionalLong.of(NEW)), () -> {
                    assertThat(store.ring(TENANT).version()).isEqualTo(before.version());
                    assertThat(store.ring(TENANT).keys()).hasSize(1);
                    assertThat(store.newestRing()).isEqualTo(before.version());
                });
        List<Resealed> anew = store.list(TENANT, Optional.empty(), 9).stream()
                .map(row -> new Resealed(row.id(), row.version(), OTHER))
                .toList();
        withoutDatabaseAtAnyPoint(
                connections,
                () -> its.reseal(TENANT, NEW, anew).getAsLong() == 2,
                () -> assertThat(store.countUnder(TENANT, NEW)).isZero());
        withoutDatabaseAtAnyPoint(
                connections,
                () -> its.delete(A),
                () -> assertThat(store.read(A)).isPresent());
    }

    @Test
    void tablesThatAreNotThereAreNotMadeUnlessSomebodySaysSo() {
        try (HikariDataSource other = emptyDatabase("vault_modes")) {
            assertThatThrownBy(() -> JdbcVaultStore.on(other).build())
                    .isInstanceOf(SchemaMismatchException.class)
                    .hasMessageStartingWith("schema of vault is at version 0, this release needs 1");
            JdbcVaultStore unseen =
                    JdbcVaultStore.on(other).schema(SchemaMigrator.Mode.NONE).build();
            assertThatThrownBy(() -> unseen.ring(TENANT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the database refuses to read a tenant's keys: ");

            JdbcVaultStore.on(other).schema(SchemaMigrator.Mode.MIGRATE).build();

            assertThat(JdbcVaultStore.on(other).build().newestRing()).isZero();
            assertThat(JdbcVaultStore.schema(other).state().isRight()).isTrue();
        }
    }

    @Test
    @Incident("S52")
    void whoeverSeesToTheTablesAgainKeepsWhatIsInThem() {
        setRing(key(OLD, KeyState.PRIMARY));
        store.write(A, 0, OLD, SEALED);

        for (SchemaMigrator.Mode mode : SchemaMigrator.Mode.values()) {
            JdbcVaultStore again = JdbcVaultStore.on(database).schema(mode).build();

            assertThat(again.read(A)).as(mode.name()).isPresent();
            assertThat(again.ring(TENANT).keys()).as(mode.name()).hasSize(1);
        }
    }

    @Test
    void whatAnAdministratorAppliesByHandIsTheSame() {
        try (HikariDataSource other = emptyDatabase("vault_by_hand")) {
            Postgres.run(other, JdbcVaultStore.schema(other).pendingSql());

            assertThat(JdbcVaultStore.on(other).build().newestRing()).isZero();
        }
    }

    @Test
    void messagesDoNotQuoteWhatWasToBeWritten() {
        setRing(key(OLD, KeyState.PRIMARY));
        Postgres.run(database, "alter table sallyport_vault_row add constraint no_canary check (written < 0)");
        try {
            assertThatThrownBy(() -> store.write(new RowId(TENANT, "secrets", "canary"), 0, OLD, SEALED))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("the database refuses to write a secret: ")
                    .satisfies(thrown -> {
                        for (Throwable t = thrown; t != null; t = t.getCause()) {
                            assertThat(t.toString()).doesNotContain("canary").doesNotContain("insert");
                        }
                    });
        } finally {
            Postgres.run(database, "alter table sallyport_vault_row drop constraint no_canary");
        }
    }

    @Test
    void namesThatADatabaseWouldNotKeepAsTheyAreAreRefused() {
        setRing(key(OLD, KeyState.PRIMARY));
        for (String name : List.of("a\0b", "\ud83d", "\ude00\ud83d")) {
            assertThatThrownBy(() -> store.read(new RowId(TENANT, "secrets", name)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a name must be well-formed Unicode without U+0000, which databases do not keep");
            assertThatThrownBy(() -> store.ring(name)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.beat(name, 1, Duration.ofMinutes(1)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aNameIsAsLongAsAnIndexTakesAndNoLonger() {
        setRing(key(OLD, KeyState.PRIMARY));
        String most = "é".repeat((2048 - "acmesecrets".length()) / 2);

        assertThat(store.write(new RowId(TENANT, "secrets", most), 0, OLD, SEALED))
                .isEqualTo(Written.WRITTEN);

        assertThatThrownBy(() -> store.write(new RowId(TENANT, "secrets", most + "éé"), 0, OLD, SEALED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a name with its namespace and tenant must have at most 2048 bytes of UTF-8,"
                        + " which an index holds, but had 2051; give it a shorter one");
    }

    @Test
    void twoPrimaryKeysAreRefused() {
        assertThatThrownBy(() -> store.replaceRing(
                        TENANT,
                        0,
                        List.of(key(OLD, KeyState.PRIMARY), key(NEW, KeyState.PRIMARY)),
                        OptionalLong.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("at most one key of a tenant is primary, but there were more");
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> JdbcVaultStore.on(database).timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timeout must be positive and at most an hour, but was PT0S");
        assertThatThrownBy(() -> JdbcVaultStore.on(database).timeout(Duration.ofHours(2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anIsolationThatHidesWhatOthersCommitIsRefused() throws SQLException {
        try (HeldConnection held = new HeldConnection(database)) {
            Connection strict = held.asDatabase().getConnection();
            strict.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThatThrownBy(() -> JdbcVaultStore.on(held.asDatabase())
                            .schema(SchemaMigrator.Mode.NONE)
                            .build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the transaction isolation must be READ COMMITTED");
            strict.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        }
    }

    @Test
    void nodesWhoseLeaseIsLongOverAreForgotten() {
        store.beat("gone", 1, Duration.ZERO);
        Waiting.until("its lease is over", () -> store.oldestKnown().isEmpty() ? true : null);

        store.beat("here", 2, Duration.ofMinutes(1));

        assertThat(count("select count(*) from sallyport_vault_node")).isEqualTo(1);
    }
}
