package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.JdbcVaultStore;
import io.sallyport.security.vault.VaultStore;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SchemaMismatchException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/** A database, by its address. */
final class Database implements Place {

    private static final String USER = "SALLYPORT_JDBC_USER";
    private static final String PASSWORD = "SALLYPORT_JDBC_PASSWORD";

    private static final Pattern HAS_PASSWORD = Pattern.compile("(?i).*(?:(?:password|pwd)=|//[^/?@]*:[^/?@]*@).*");

    private final Connections opened;
    private final DataSource connections;

    private Database(Connections opened) {
        this.opened = opened;
        this.connections = opened.dataSource();
    }

    static Database of(Arguments arguments, Terminal terminal) throws Failure {
        String url = arguments.one("--jdbc", "the address of the database");
        if (HAS_PASSWORD.matcher(url).matches()) {
            throw Failure.usage("the address of --jdbc has a password in it, where all users of this machine see it;"
                    + " take it out, and set " + PASSWORD + ", or name a file with --login");
        }
        Properties login = new Properties();
        if (arguments.has("--login")) {
            login.putAll(login(arguments.path("--login", "a file with the lines user= and password=")));
        }
        terminal.environment(USER).ifPresent(it -> login.putIfAbsent("user", it));
        terminal.environment(PASSWORD).ifPresent(it -> login.putIfAbsent("password", it));
        requireDriver(url);
        return new Database(new Connections(url, login));
    }

    private static void requireDriver(String url) throws Failure {
        try {
            DriverManager.getDriver(url);
        } catch (SQLException e) {
            String kind = url.matches("jdbc:[a-z0-9]+:.*") ? url.substring(0, url.indexOf(':', 5)) : "an address";
            throw new Failure(
                    ExitCode.STORE,
                    "no driver on the class path knows " + kind
                            + "; put the jar of the database's driver there, or set --jdbc right");
        }
    }

    private static Properties login(Path file) throws Failure {
        try {
            Set<PosixFilePermission> others = EnumSet.copyOf(Files.getPosixFilePermissions(file));
            others.removeIf(it -> it.name().startsWith("OWNER"));
            if (!others.isEmpty()) {
                throw new Failure(
                        ExitCode.STORE,
                        "the file of --login, " + file + ", can be used by others than its owner ("
                                + PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
                                + "); chmod 600 it, and change the password if it may have been read");
            }
            Properties login = new Properties();
            try (Reader in = Files.newBufferedReader(file)) {
                login.load(in);
            }
            login.keySet().retainAll(Set.of("user", "password"));
            return login;
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            // Not what it says: that may be a line of the file.
            throw new Failure(
                    ExitCode.STORE,
                    "the file of --login, " + file + ", cannot be read ("
                            + e.getClass().getSimpleName() + "); give it the lines user= and password=");
        }
    }

    @Override
    public boolean isThere() {
        SchemaMigrator.State state = JdbcVaultStore.schema(connections).state();
        return state.current() > 0;
    }

    @Override
    public void make() {
        JdbcVaultStore.schema(connections).run(SchemaMigrator.Mode.MIGRATE);
    }

    @Override
    public VaultStore open() throws Failure {
        if (!isThere()) {
            throw new Failure(
                    ExitCode.STORE, "there is no vault in this database; set --jdbc right, or make one with init");
        }
        try {
            return JdbcVaultStore.on(connections).build();
        } catch (SchemaMismatchException e) {
            throw new Failure(ExitCode.STORE, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void close() {
        opened.close();
    }

    @Override
    public String toString() {
        return "the database";
    }
}
