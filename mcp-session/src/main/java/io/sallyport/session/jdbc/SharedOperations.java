package io.sallyport.session.jdbc;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Lookup;
import io.sallyport.spi.SessionStore.Unknown;
import io.sallyport.spi.SqlStatements;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is said in the same words to all databases. */
abstract class SharedOperations implements Operations {

    /** How many letters an inbox holds. */
    static final int MAX_LETTERS = 10_000;

    /** A use is noted when the last one noted is this part of the idle time ago. */
    private static final int NOTED_PER_IDLE = 10;

    final Bounds bounds;
    final SqlStatements sql;
    final long idle;
    final long absolute;
    final long noteAfter;
    private final String now;

    /**
     * Creates them.
     *
     * @param now the database's clock, as an expression: microseconds since 1970
     */
    SharedOperations(Bounds bounds, SqlStatements sql, String now) {
        this.bounds = bounds;
        this.sql = sql;
        this.idle = SqlStatements.micros(bounds.idle());
        this.absolute = SqlStatements.micros(bounds.absolute());
        this.noteAfter = idle / NOTED_PER_IDLE;
        this.now = now;
    }

    /** Returns what a look-up found: what is kept, how it ended, its age, and for how long it was not used. */
    final Lookup lookup(@Nullable String data, @Nullable String ended, long age, long unused) {
        if (ended != null) {
            return ended(ended);
        }
        End how = endAt(age, unused);
        // Nothing is done about it here: a sweep ends it, and tells all who hold something of it.
        return how == null
                ? SessionRecord.read(requireNonNull(data, "data"))
                        .<Lookup>map(Live::new)
                        .orElseGet(Unknown::new)
                : new Ended(how);
    }

    final @Nullable End endAt(long age, long unused) {
        if (age >= absolute) {
            return End.EXPIRED_MAX_AGE;
        }
        return unused >= idle ? End.EXPIRED_IDLE : null;
    }

    private static Lookup ended(String word) {
        for (End end : End.values()) {
            if (end.word().equals(word)) {
                return new Ended(end);
            }
        }
        // A newer node has a word for it that is not known here.
        return new Unknown();
    }

    @Override
    public boolean update(Connection db, SessionRecord changed, boolean again) throws SQLException {
        String data = changed.encoded();
        int rows = sql.change(
                db,
                "update sallyport_session set version = ?, data = ?,"
                        + " used = case when used <= " + now + " - ? then " + now + " else used end"
                        + " where session_key = ? and ended is null and version = ? and principal = ?"
                        + " and used > " + now + " - ? and opened > " + now + " - ?",
                changed.version(),
                data,
                noteAfter,
                changed.key(),
                changed.version() - 1,
                principal(changed.principal()),
                idle,
                absolute);
        return rows == 1
                || again
                        && sql.first(
                                        db,
                                        "select data from sallyport_session where session_key = ? and version = ?",
                                        row -> data.equals(row.getString(1)),
                                        changed.key(),
                                        changed.version())
                                .orElse(false);
    }

    @Override
    public List<SessionStore.Summary> list(Connection db, String after, int max, Optional<Principal> of)
            throws SQLException {
        List<Object> parameters = new ArrayList<>(List.of(after, idle, absolute));
        of.ifPresent(principal -> parameters.add(principal(principal)));
        parameters.add(max);
        return sql
                .all(
                        db,
                        "select data, opened, used from sallyport_session where session_key > ? and ended is null and used > "
                                + now + " - ? and opened > " + now + " - ?"
                                + (of.isPresent() ? " and principal = ?" : "")
                                + " order by session_key fetch first ? rows only",
                        row -> {
                            Instant opened = SqlStatements.instant(row.getLong(2));
                            Instant used = SqlStatements.instant(row.getLong(3));
                            return SessionRecord.read(row.getString(1))
                                    .map(record -> new SessionStore.Summary(record, opened, used));
                        },
                        parameters.toArray())
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    @Override
    public int size(Connection db) throws SQLException {
        return sql.one(
                db,
                "select count(*) from sallyport_session where ended is null and used > " + now + " - ? and opened > "
                        + now + " - ?",
                row -> row.getInt(1),
                idle,
                absolute);
    }

    @Override
    public Optional<EventLog.Reading> read(Connection db, String session, String stream, long after, int max)
            throws SQLException {
        List<EventLog.Event> events = new ArrayList<>();
        return sql
                .all(
                        db,
                        "select s.last, s.finished, s.writer, e.number, e.data from sallyport_stream s left join"
                                + " (select number, data from sallyport_event"
                                + " where session_key = ? and stream = ? and number > ?"
                                + " order by number fetch first ? rows only) e on true"
                                + " where s.session_key = ? and s.stream = ? order by e.number",
                        row -> {
                            String data = row.getString(5);
                            if (data != null) {
                                events.add(new EventLog.Event(row.getLong(4), data));
                            }
                            return new EventLog.Reading(List.of(), row.getLong(1), row.getBoolean(2), row.getString(3));
                        },
                        session,
                        stream,
                        after,
                        max,
                        session,
                        stream)
                .stream()
                .findFirst()
                .map(head -> new EventLog.Reading(events, head.last(), head.isFinished(), head.writer()));
    }

    @Override
    public List<EventLog.Summary> streams(Connection db, String session) throws SQLException {
        return sql.all(
                db,
                "select stream, writer, about, finished from sallyport_stream where session_key = ?",
                row -> new EventLog.Summary(row.getString(1), row.getString(2), row.getString(3), row.getBoolean(4)),
                session);
    }

    @Override
    public Set<String> nodes(Connection db) throws SQLException {
        return Set.copyOf(sql.all(db, "select node from sallyport_node where until > " + now, row -> row.getString(1)));
    }

    @Override
    public List<Letter> letters(Connection db, String node, long after, int max) throws SQLException {
        return sql.all(
                db,
                "select number, text from sallyport_letter where node = ? and number > ?"
                        + " order by number fetch first ? rows only",
                row -> new Letter(row.getLong(1), row.getString(2)),
                node,
                after,
                max);
    }

    /** Returns the key of a session that made room for another, unless none had to. */
    static SessionStore.Created created(@Nullable String madeRoom) {
        return new SessionStore.Created(Optional.ofNullable(madeRoom));
    }

    static IllegalArgumentException exists(String kind, String key) {
        return new IllegalArgumentException("a " + kind + " with the key " + key + " exists already");
    }

    /** Returns what stands for a principal, of one length however long its names are. */
    static String principal(Principal principal) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part :
                    List.of(principal.issuer(), principal.clientId(), principal.subject(), principal.tenant())) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                // With their lengths, so that parts cannot run into each other.
                digest.update(
                        ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
                digest.update(bytes);
            }
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
