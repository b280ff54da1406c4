package io.sallyport.testing;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;

/** One PostgreSQL server for all tests of this JVM, which ends with it. */
public final class Postgres {

    private static final EmbeddedPostgres SERVER = start();

    private Postgres() {}

    private static EmbeddedPostgres start() {
        try {
            return EmbeddedPostgres.builder().start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static int port() {
        return SERVER.getPort();
    }

    /** Returns connections to an empty schema of this name; {@code options} may be added to it, such as {@code &a=b}. */
    public static HikariDataSource freshSchema(String name, int connections, String options) {
        try (Connection connection = SERVER.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("drop schema if exists " + name + " cascade");
            statement.execute("create schema " + name);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return pool(SERVER.getJdbcUrl("postgres", "postgres") + "&currentSchema=" + name + options, connections);
    }

    public static HikariDataSource pool(String url, int connections) {
        return pool(url, connections, Duration.ofSeconds(10));
    }

    /** Returns connections for which nobody waits longer than this. */
    public static HikariDataSource pool(String url, int connections, Duration patience) {
        HikariConfig settings = new HikariConfig();
        settings.setJdbcUrl(url);
        settings.setMaximumPoolSize(connections);
        settings.setMinimumIdle(0);
        settings.setConnectionTimeout(patience.toMillis());
        settings.setInitializationFailTimeout(-1);
        return new HikariDataSource(settings);
    }

    /** Runs statements, each given a connection of its own to commit with. */
    public static void run(DataSource database, String... statements) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }
}
