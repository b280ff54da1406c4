package io.sallyport.session.jdbc;

import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.ClusterBus.Posted;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SqlFaults;
import io.sallyport.spi.SqlStatements;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * On PostgreSQL each operation is one statement, and so one round trip and one transaction. What takes several steps is
 * a function in the database, see {@code V1__sessions.sql}: in it each step sees what was committed before it began, so
 * that what follows a lock sees what those who held it before have written.
 */
final class PostgresOperations extends SharedOperations {

    /** Whether there was so little room the last time that sessions have to be opened one after the other. */
    private volatile boolean isCrowded;

    PostgresOperations(Bounds bounds, SqlStatements sql) {
        // As a subquery it is asked once, and what is compared with it is found by an index.
        super(bounds, sql, "(select sallyport_now())");
    }

    @Override
    public boolean isTransactional() {
        return false;
    }

    @Override
    public SessionStore.Durability durability(Connection db) throws SQLException {
        return sql.one(
                db,
                "select current_setting('synchronous_commit'), current_setting('fsync'),"
                        + " current_setting('server_encoding')",
                row -> {
                    if (!row.getString(3).equals("UTF8")) {
                        throw new IllegalArgumentException(
                                "the database's encoding must be UTF8, but was " + row.getString(3));
                    }
                    boolean isKept =
                            !row.getString(1).equals("off") && !row.getString(2).equals("off");
                    return isKept ? SessionStore.Durability.DISK : SessionStore.Durability.SERVER;
                });
    }

    private record Outcome(String word, @Nullable String madeRoom) {}

    @Override
    public SessionStore.Creation create(Connection db, SessionRecord session, boolean again) throws SQLException {
        Outcome outcome = create(db, session, isCrowded, again);
        isCrowded = outcome.word().equals("crowded");
        if (isCrowded) {
            outcome = create(db, session, true, again);
        }
        return switch (outcome.word()) {
            case "created" -> created(outcome.madeRoom());
            case "full" -> new SessionStore.Full();
            default -> throw exists("session", session.key());
        };
    }

    private Outcome create(Connection db, SessionRecord session, boolean alone, boolean again) throws SQLException {
        try {
            return sql.one(
                    db,
                    "select outcome, made_room from sallyport_create(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    row -> new Outcome(row.getString(1), row.getString(2)),
                    session.key(),
                    principal(session.principal()),
                    session.encoded(),
                    session.version(),
                    idle,
                    absolute,
                    bounds.perPrincipal(),
                    bounds.total(),
                    alone,
                    again);
        } catch (SQLException e) {
            if (SqlFaults.isDuplicate(e)) {
                // Somebody of another principal was at the same key at the same time.
                return new Outcome("exists", null);
            }
            throw e;
        }
    }

    @Override
    public SessionStore.Lookup find(Connection db, String key) throws SQLException {
        return sql.first(
                        db,
                        "with n as (select sallyport_now() as moment), noted as (update sallyport_session s"
                                + " set used = n.moment from n where s.session_key = ? and s.ended is null"
                                + " and s.used <= n.moment - ? and s.used > n.moment - ? and s.opened > n.moment - ?)"
                                + " select s.data, s.ended, n.moment - s.opened, n.moment - s.used"
                                + " from n, sallyport_session s where s.session_key = ?",
                        row -> lookup(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4)),
                        key,
                        noteAfter,
                        idle,
                        absolute,
                        key)
                .orElse(new SessionStore.Unknown());
    }

    @Override
    public void end(Connection db, String key, SessionStore.End how) throws SQLException {
        call(db, "select sallyport_end(array[?], ?)", key, how.word());
    }

    @Override
    public List<String> sweep(Connection db, int max) throws SQLException {
        return sql.all(db, "select sallyport_sweep(?, ?, ?)", row -> row.getString(1), max, idle, absolute);
    }

    @Override
    public int forgetEnded(Connection db, int max) throws SQLException {
        return sql.one(db, "select sallyport_forget(?, ?, ?)", row -> row.getInt(1), max, absolute, bounds.total());
    }

    @Override
    public Optional<EventLog.Pen> open(
            Connection db, String session, String stream, String writer, String about, boolean again)
            throws SQLException {
        String outcome = call(
                db,
                "select sallyport_open(?, ?, ?, ?, ?, ?, ?, ?)",
                session,
                stream,
                writer,
                about,
                idle,
                absolute,
                bounds.streamsPerSession(),
                again);
        return switch (outcome) {
            case "opened" -> Optional.of(new EventLog.Pen(1, 0, about));
            case "none" -> Optional.empty();
            default -> throw exists("stream", stream);
        };
    }

    @Override
    public Optional<EventLog.Pen> take(
            Connection db, String session, String stream, String writer, boolean fromTheLiving, boolean again)
            throws SQLException {
        return sql.first(
                db,
                "update sallyport_stream s set fence = s.fence + 1, writer = ?"
                        + " where s.session_key = ? and s.stream = ? and not s.finished"
                        + " and (? or ? and s.writer = ? or not exists ("
                        + "select 1 from sallyport_node n where n.node = s.writer and n.until > sallyport_now()))"
                        + " returning s.fence, s.last, s.about",
                row -> new EventLog.Pen(row.getLong(1), row.getLong(2), row.getString(3)),
                writer,
                session,
                stream,
                fromTheLiving,
                again,
                writer);
    }

    @Override
    public EventLog.Appended append(
            Connection db, String session, String stream, long fence, long first, List<String> data, boolean isLast)
            throws SQLException {
        Array events = db.createArrayOf("text", data.toArray(String[]::new));
        try {
            return EventLog.Appended.valueOf(call(
                    db,
                    "select sallyport_append(?, ?, ?, ?, ?, ?, ?, ?)",
                    session,
                    stream,
                    fence,
                    first,
                    events,
                    isLast,
                    (long) bounds.bytesPerStream(),
                    bounds.streamsPerSession()));
        } finally {
            events.free();
        }
    }

    @Override
    public void forget(Connection db, String session, String stream) throws SQLException {
        call(db, "select sallyport_drop_streams(?, array[?])", session, stream);
    }

    @Override
    public boolean beat(Connection db, String node, Duration lease) throws SQLException {
        return sql.one(db, "select sallyport_beat(?, ?)", row -> row.getBoolean(1), node, SqlStatements.micros(lease));
    }

    @Override
    public void leave(Connection db, String node) throws SQLException {
        call(db, "select sallyport_leave(?)", node);
    }

    @Override
    public Posted post(Connection db, String node, String text, String token, boolean again) throws SQLException {
        return Posted.valueOf(call(db, "select sallyport_post(?, ?, ?, ?, ?)", node, text, token, MAX_LETTERS, again));
    }

    @Override
    public List<Letter> collect(Connection db, String node, long after, int max) throws SQLException {
        return sql.all(
                db,
                "with noted as (update sallyport_node set seen = least(?, last) where node = ? and seen < least(?, last)),"
                        + " dropped as (delete from sallyport_letter where node = ? and number <= ?)"
                        + " select number, text from sallyport_letter where node = ? and number > ?"
                        + " order by number fetch first ? rows only",
                row -> new Letter(row.getLong(1), row.getString(2)),
                after,
                node,
                after,
                node,
                after,
                node,
                after,
                max);
    }

    /** Calls a function and returns the text that it returns, empty if it returns none. */
    private String call(Connection db, String statement, Object... parameters) throws SQLException {
        return sql.first(db, statement, row -> Optional.ofNullable(row.getString(1)), parameters)
                .flatMap(text -> text)
                .orElse("");
    }
}
