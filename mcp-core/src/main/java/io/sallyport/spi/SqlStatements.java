package io.sallyport.spi;

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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Statements with parameters, each bounded in time, for every store that is kept in a database. Thread-safe. */
public final class SqlStatements {

    /** Three thousand centuries, less than half of what a number of microseconds may be: for ever. */
    private static final long MOST_MICROS = Long.MAX_VALUE / 4;

    /**
     * Reads one row.
     *
     * @param <T> what it is read as
     */
    public interface Row<T> {
        /** Returns what is in the row that the result stands at. */
        T read(ResultSet row) throws SQLException;
    }

    private final int timeoutSeconds;

    /** Creates them; the time-out is rounded up to seconds, which JDBC counts in. */
    public SqlStatements(Duration timeout) {
        this.timeoutSeconds = (int) Math.max(1, timeout.plusMillis(999).toSeconds());
    }

    /** Returns all rows. */
    public <T> List<T> all(Connection db, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
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
    public <T> Optional<T> first(Connection db, String sql, Row<T> row, @Nullable Object... parameters)
            throws SQLException {
        return all(db, sql, row, parameters).stream().findFirst();
    }

    /** Returns the one row that there is. */
    public <T> T one(Connection db, String sql, Row<T> row, @Nullable Object... parameters) throws SQLException {
        return first(db, sql, row, parameters).orElseThrow();
    }

    /** Changes rows and returns how many. */
    public int change(Connection db, String sql, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepare(db, sql, parameters)) {
            return statement.executeUpdate();
        }
    }

    /** Changes rows by the same statement, once for each of the parameters, and returns how many rows were changed. */
    public long changeAll(Connection db, String sql, List<@Nullable Object[]> parameters) throws SQLException {
        try (PreparedStatement statement = prepare(db, sql)) {
            for (@Nullable Object[] its : parameters) {
                set(statement, its);
                statement.addBatch();
            }
            return IntStream.of(statement.executeBatch()).sum();
        }
    }

    private PreparedStatement prepare(Connection db, String sql, @Nullable Object... parameters) throws SQLException {
        PreparedStatement statement = db.prepareStatement(sql);
        statement.setQueryTimeout(timeoutSeconds);
        set(statement, parameters);
        return statement;
    }

    private static void set(PreparedStatement statement, @Nullable Object... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
    }

    /** Returns a span in microseconds, rounded up; what is longer than three thousand centuries is as long as that. */
    public static long micros(Duration duration) {
        return duration.compareTo(Duration.of(MOST_MICROS, ChronoUnit.MICROS)) > 0
                ? MOST_MICROS
                : duration.getSeconds() * 1_000_000 + (duration.getNano() + 999) / 1000;
    }

    /** Returns a moment that is so many microseconds after the beginning of 1970. */
    public static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
