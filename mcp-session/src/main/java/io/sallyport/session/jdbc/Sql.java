package io.sallyport.session.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Statements with parameters, each bounded in time. */
final class Sql {

    /** Three thousand centuries, less than half of what a number of microseconds may be: for ever. */
    private static final long MOST_MICROS = Long.MAX_VALUE / 4;

    /** Reads one row. */
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    private final int timeoutSeconds;

    /** Creates it; the time-out is rounded up to seconds, which JDBC counts in. */
    Sql(Duration timeout) {
        this.timeoutSeconds = (int) Math.max(1, timeout.plusMillis(999).toSeconds());
    }

    /** Returns all rows. */
    <T> List<T> all(Connection db, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepare(db, sql, parameters);
                ResultSet rows = statement.executeQuery()) {
            List<T> found = new ArrayList<>();
            while (rows.next()) {
                found.add(row.read(rows));
            }
            return found;
        }
    }

    /** Returns the first row, if there is one. */
    <T> Optional<T> first(Connection db, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        return all(db, sql, row, parameters).stream().findFirst();
    }

    /** Returns the one row that there is. */
    <T> T one(Connection db, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        return first(db, sql, row, parameters).orElseThrow();
    }

    /** Changes rows and returns how many. */
    int change(Connection db, String sql, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepare(db, sql, parameters)) {
            return statement.executeUpdate();
        }
    }

    private PreparedStatement prepare(Connection db, String sql, @Nullable Object... parameters) throws SQLException {
        PreparedStatement statement = db.prepareStatement(sql);
        statement.setQueryTimeout(timeoutSeconds);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    static long micros(Duration duration) {
        return duration.compareTo(Duration.of(MOST_MICROS, ChronoUnit.MICROS)) > 0
                ? MOST_MICROS
                : duration.getSeconds() * 1_000_000 + (duration.getNano() + 999) / 1000;
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
