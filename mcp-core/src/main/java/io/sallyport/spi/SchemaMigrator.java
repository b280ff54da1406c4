package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the tables of a component to the version that this release needs, or says what is missing. A component's
 * scripts are resources beside one of its classes, in a folder per {@link Dialect}; each is applied once, in their order,
 * never backwards. What was applied is in the table {@code sallyport_schema}, with a checksum of each script.
 *
 * <p>Of several nodes that start at once one migrates and the others wait for it. On PostgreSQL all that is pending is
 * applied in one transaction; H2 ends transactions with each change of a table, so its scripts must be such that they can
 * be run again.
 *
 * <p>Thread-safe. Methods throw a {@link StoreUnavailableException} when the database cannot be reached.
 */
public final class SchemaMigrator {

    private static final Logger LOGGER = LoggerFactory.getLogger(SchemaMigrator.class);

    /** Names this lock among those of everybody who uses the database. */
    private static final long LOCK = 0x53616c6c79706f72L;

    private static final String CREATE_TABLE =
            "create table if not exists sallyport_schema (component varchar(40) not null,"
                    + " version int not null, name varchar(200) not null, checksum varchar(64) not null,"
                    + " applied_at timestamp with time zone default current_timestamp not null,"
                    + " primary key (component, version))";

    /** What to do with tables that are not as they should be. */
    public enum Mode {
        /** Look, and refuse to go on if anything is pending. */
        VALIDATE,
        /** Apply what is pending. */
        MIGRATE,
        /** Not even look: somebody else sees to it. */
        NONE
    }

    /** The kinds of databases that there are scripts for. */
    public enum Dialect {
        /** PostgreSQL 12 and later. */
        POSTGRESQL("postgresql"),
        /** H2 2. */
        H2("h2");

        private final String folder;

        Dialect(String folder) {
            this.folder = folder;
        }

        /**
         * Returns that of the database behind a connection.
         *
         * @throws IllegalArgumentException if it is another
         */
        public static Dialect of(Connection connection) throws SQLException {
            String product = connection.getMetaData().getDatabaseProductName();
            return switch (product) {
                case "PostgreSQL" -> POSTGRESQL;
                case "H2" -> H2;
                default ->
                    throw new IllegalArgumentException("the database must be PostgreSQL or H2, but was " + product);
            };
        }
    }

    /**
     * How the tables of a component stand.
     *
     * @param component the component
     * @param current the version that they are at, 0 if there are none
     * @param required the version that this release needs
     * @param pending the names of the scripts that were not applied so far, in their order
     * @param changed the names of scripts that are not what was applied under their names
     */
    public record State(String component, int current, int required, List<String> pending, List<String> changed) {

        /** Copies the lists. */
        public State {
            requireNonNull(component, "component");
            pending = List.copyOf(pending);
            changed = List.copyOf(changed);
        }

        /** Returns whether the tables are what this release needs. */
        public boolean isRight() {
            return current == required && pending.isEmpty() && changed.isEmpty();
        }
    }

    private record Script(int version, String name, String sql, String checksum) {}

    private record Applied(String name, String checksum) {}

    private final DataSource database;
    private final String component;
    private final Class<?> beside;
    private final List<String> names;
    private final Duration patience;

    private SchemaMigrator(
            DataSource database, String component, Class<?> beside, List<String> names, Duration patience) {
        this.database = database;
        this.component = component;
        this.beside = beside;
        this.names = names;
        this.patience = patience;
    }

    /**
     * Returns the migrator of a component. It waits at most a minute for another node that migrates.
     *
     * @param database where the tables are. H2 needs two connections at a time, PostgreSQL one
     * @param component the name under which the scripts are noted, at most 40 characters
     * @param beside a class beside whose own file the scripts are: that named {@code V1__a} is for PostgreSQL the resource
     *     {@code postgresql/V1__a.sql}
     * @param names the names of all scripts there have ever been: {@code V1__a}, {@code V2__b} and so on
     */
    public static SchemaMigrator of(DataSource database, String component, Class<?> beside, List<String> names) {
        if (!component.matches("[a-z][a-z_]{0,39}")) {
            throw new IllegalArgumentException(
                    "component must be 1 to 40 lower-case letters, but was \"" + component + "\"");
        }
        for (int i = 0; i < names.size(); i++) {
            if (!names.get(i).matches("V" + (i + 1) + "__\\w{1,100}")) {
                throw new IllegalArgumentException("the script at place " + (i + 1) + " must be named V" + (i + 1)
                        + "__…, but was " + names.get(i));
            }
        }
        return new SchemaMigrator(
                requireNonNull(database, "database"),
                component,
                requireNonNull(beside, "beside"),
                List.copyOf(names),
                Duration.ofMinutes(1));
    }

    /** Returns the same that waits at most this long for another node that migrates. */
    public SchemaMigrator withPatience(Duration atMost) {
        if (atMost.isNegative() || atMost.isZero()) {
            throw new IllegalArgumentException("the patience must be positive, but was " + atMost);
        }
        return new SchemaMigrator(database, component, beside, names, atMost);
    }

    /** Returns how the tables stand; changes nothing. */
    public State state() {
        try (Connection connection = connect()) {
            return state(scripts(Dialect.of(connection)), applied(connection));
        } catch (SQLException e) {
            throw SqlFaults.toThrow("say at which version the schema of " + component + " is", e);
        }
    }

    /**
     * Sees to the tables in one of the ways.
     *
     * @return how they stand now
     * @throws SchemaMismatchException if they are not what this release needs, and may not be changed or are newer
     */
    public State run(Mode mode) {
        if (mode == Mode.NONE) {
            return new State(component, names.size(), names.size(), List.of(), List.of());
        }
        State state = state();
        if (state.isRight()) {
            return state;
        }
        refuseWhatCannotBeMended(state);
        if (mode == Mode.VALIDATE) {
            throw new SchemaMismatchException(
                    versions(state) + "; pending: " + String.join(", ", state.pending())
                            + "; run with MIGRATE or apply what SchemaMigrator.pendingSql() returns",
                    state);
        }
        try (Connection connection = connect()) {
            return migrate(connection);
        } catch (SQLException e) {
            throw SqlFaults.toThrow("migrate the schema of " + component, e);
        }
    }

    /** Returns what somebody who may change tables has to run by hand; empty if nothing is pending. */
    public String pendingSql() {
        try (Connection connection = connect()) {
            List<Script> scripts = scripts(Dialect.of(connection));
            State state = state(scripts, applied(connection));
            if (state.pending().isEmpty()) {
                return "";
            }
            StringBuilder sql = new StringBuilder(CREATE_TABLE).append(";\n");
            scripts.stream()
                    .filter(script -> state.pending().contains(script.name()))
                    .forEach(script -> sql.append(script.sql())
                            .append("\ninsert into sallyport_schema (component, version, name, checksum) values ('")
                            .append(String.join(
                                    "', '",
                                    component,
                                    String.valueOf(script.version()),
                                    script.name(),
                                    script.checksum()))
                            .append("');\n"));
            return sql.toString();
        } catch (SQLException e) {
            throw SqlFaults.toThrow("say at which version the schema of " + component + " is", e);
        }
    }

    private Connection connect() {
        try {
            return database.getConnection();
        } catch (SQLException e) {
            throw SqlFaults.unconnected("see to the schema of " + component, e);
        }
    }

    private State migrate(Connection connection) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        try {
            return Dialect.of(connection) == Dialect.POSTGRESQL ? onPostgres(connection) : onH2(connection);
        } finally {
            connection.setAutoCommit(autoCommit);
        }
    }

    private State onPostgres(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local lock_timeout = " + patience.toMillis());
            statement.execute("select pg_advisory_xact_lock(" + LOCK + ")");
            // Two that create a table at once, even if it does not exist: one of them fails. Hence behind the lock.
            statement.execute(CREATE_TABLE);
            State state = apply(connection, Dialect.POSTGRESQL);
            connection.commit();
            return state;
        } catch (SQLException | RuntimeException e) {
            rollBack(connection, e);
            throw e;
        }
    }

    /** The lock is a row that one connection writes, while another one works: each change of a table ends the transaction that makes it. */
    private State onH2(Connection guard) throws SQLException {
        guard.setAutoCommit(true);
        try (Statement statement = guard.createStatement()) {
            statement.execute(CREATE_TABLE);
            statement.execute("create table if not exists sallyport_schema_lock (id int primary key)");
            guard.setAutoCommit(false);
            waitForLock(statement);
            try (Connection worker = connect()) {
                worker.setAutoCommit(true);
                return apply(worker, Dialect.H2);
            }
        } finally {
            guard.rollback();
        }
    }

    private void waitForLock(Statement statement) throws SQLException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                statement.execute("merge into sallyport_schema_lock (id) values (1)");
                return;
            } catch (SQLException e) {
                // H2 waits for as long as its own setting says, which may be less than we have.
                boolean isHeld = "HYT00".equals(e.getSQLState()) || SqlFaults.isDuplicate(e) || SqlFaults.isConflict(e);
                if (!isHeld || System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    private State apply(Connection connection, Dialect dialect) throws SQLException {
        List<Script> scripts = scripts(dialect);
        // Again, now that nobody else changes it.
        State state = state(scripts, applied(connection));
        refuseWhatCannotBeMended(state);
        for (Script script : scripts) {
            if (state.pending().contains(script.name())) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute(script.sql());
                }
                note(connection, script);
                LOGGER.atInfo()
                        .addKeyValue("component", component)
                        .addKeyValue("script", script.name())
                        .log("schema migrated");
            }
        }
        return state(scripts, applied(connection));
    }

    private void note(Connection connection, Script script) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into sallyport_schema (component, version, name, checksum) values (?, ?, ?, ?)")) {
            insert.setString(1, component);
            insert.setInt(2, script.version());
            insert.setString(3, script.name());
            insert.setString(4, script.checksum());
            insert.executeUpdate();
        }
    }

    private static void rollBack(Connection connection, Exception reason) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            reason.addSuppressed(e);
        }
    }

    private State state(List<Script> scripts, SortedMap<Integer, Applied> applied) {
        List<String> pending = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (Script script : scripts) {
            @Nullable Applied its = applied.get(script.version());
            if (its == null) {
                pending.add(script.name());
            } else if (!its.checksum().equals(script.checksum())) {
                changed.add(its.name());
            }
        }
        return new State(component, applied.isEmpty() ? 0 : applied.lastKey(), scripts.size(), pending, changed);
    }

    private void refuseWhatCannotBeMended(State state) {
        if (state.current() > state.required()) {
            throw new SchemaMismatchException(
                    versions(state) + ": a newer release has migrated it; run that release or a later one", state);
        }
        if (!state.changed().isEmpty()) {
            throw new SchemaMismatchException(
                    versions(state) + ", but " + String.join(", ", state.changed())
                            + " of this release is not what was applied under that name; run the release that applied it",
                    state);
        }
    }

    private static String versions(State state) {
        return "schema of " + state.component() + " is at version " + state.current() + ", this release needs "
                + state.required();
    }

    private SortedMap<Integer, Applied> applied(Connection connection) throws SQLException {
        SortedMap<Integer, Applied> applied = new TreeMap<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select version, name, checksum from sallyport_schema where component = ?")) {
            select.setString(1, component);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    applied.put(rows.getInt(1), new Applied(rows.getString(2), rows.getString(3)));
                }
            }
        } catch (SQLException e) {
            if (!SqlFaults.isMissingTable(e)) {
                throw e;
            }
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
        }
        return applied;
    }

    private List<Script> scripts(Dialect dialect) {
        List<Script> scripts = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String sql = read(dialect.folder + "/" + names.get(i) + ".sql");
            scripts.add(new Script(i + 1, names.get(i), sql, checksum(sql)));
        }
        return scripts;
    }

    private String read(String resource) {
        try (InputStream in = beside.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("there is no " + resource + " beside " + beside.getName());
            }
            // Line ends are the business of who unpacked the sources.
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String checksum(String sql) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(sql.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
