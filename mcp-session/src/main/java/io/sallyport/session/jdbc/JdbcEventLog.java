package io.sallyport.session.jdbc;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.SqlDatabase;
import java.util.List;
import java.util.Optional;

/** The streams of a {@link JdbcSessionStore}. */
final class JdbcEventLog implements EventLog {

    private final SqlDatabase database;
    private final Operations operations;

    JdbcEventLog(SqlDatabase database, Operations operations) {
        this.database = database;
        this.operations = operations;
    }

    @Override
    public Optional<Pen> open(String session, String stream, String writer, String about) {
        requireNonNull(writer, "writer");
        requireNonNull(about, "about");
        return database.run(
                "begin a stream", (db, again) -> operations.open(db, session, stream, writer, about, again));
    }

    @Override
    public Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving) {
        requireNonNull(writer, "writer");
        return database.run(
                "take a stream over",
                (db, again) -> operations.take(db, session, stream, writer, fromTheLiving, again));
    }

    @Override
    public Appended append(String session, String stream, long fence, long first, List<String> data, boolean isLast) {
        return database.run(
                "append events", (db, again) -> operations.append(db, session, stream, fence, first, data, isLast));
    }

    @Override
    public Optional<Reading> read(String session, String stream, long after, int max) {
        return database.run("read events", (db, again) -> operations.read(db, session, stream, after, max));
    }

    @Override
    public List<Summary> streams(String session) {
        return database.run("list streams", (db, again) -> operations.streams(db, session));
    }

    @Override
    public void forget(String session, String stream) {
        database.run("forget a stream", (db, again) -> {
            operations.forget(db, session, stream);
            return true;
        });
    }
}
