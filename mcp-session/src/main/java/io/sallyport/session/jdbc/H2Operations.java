package io.sallyport.session.jdbc;

import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.ClusterBus.Posted;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SqlStatements;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * On H2, which has no language of its own for functions, an operation is a transaction of several statements: a round
 * trip costs nothing where the database is in the same process. Locks are taken in the same order as on PostgreSQL: all
 * sessions, one session, its streams.
 */
final class H2Operations extends SharedOperations {

    private static final String NOW = "cast(extract(epoch from current_timestamp(6)) * 1000000 as bigint)";

    H2Operations(Bounds bounds, SqlStatements sql) {
        super(bounds, sql, NOW);
    }

    @Override
    public boolean isTransactional() {
        return true;
    }

    @Override
    public SessionStore.Durability durability(Connection db) {
        // A file is written behind the back of who commits, and in memory it is as much as its process.
        return SessionStore.Durability.SERVER;
    }

    private long now(Connection db) throws SQLException {
        return sql.one(db, "select " + NOW, row -> row.getLong(1));
    }

    @Override
    public SessionStore.Creation create(Connection db, SessionRecord session, boolean again) throws SQLException {
        sql.one(db, "select id from sallyport_session_lock where id = 1 for update", row -> row.getInt(1));
        long now = now(db);
        record Old(String data, boolean hasEnded, Optional<String> madeRoom) {}
        Optional<Old> old = sql.first(
                db,
                "select data, ended, made_room from sallyport_session where session_key = ?",
                row -> new Old(row.getString(1), row.getString(2) != null, Optional.ofNullable(row.getString(3))),
                session.key());
        String data = session.encoded();
        String principal = principal(session.principal());
        if (old.isPresent()
                && again
                && (old.get().hasEnded() || data.equals(old.get().data()))) {
            // By an attempt whose answer was lost; it may even have ended since then.
            return new SessionStore.Created(old.get().madeRoom());
        }
        if (old.isPresent() && !old.get().hasEnded()) {
            throw exists("session", session.key());
        }
        Optional<String> madeRoom = Optional.empty();
        if (count(db, " and principal = ?", principal) >= bounds.perPrincipal()) {
            madeRoom = makeRoom(db, " and principal = ?", now, principal);
        } else if (count(db, "") >= bounds.total()) {
            madeRoom = makeRoom(db, " and (used <= ? or opened <= ?)", now, now - idle, now - absolute);
            if (madeRoom.isEmpty()) {
                return new SessionStore.Full();
            }
        }
        sql.change(db, "delete from sallyport_session where session_key = ?", session.key());
        sql.change(
                db,
                "insert into sallyport_session (session_key, principal, version, data, opened, used, made_room)"
                        + " values (?, ?, ?, ?, ?, ?, ?)",
                session.key(),
                principal,
                session.version(),
                data,
                now,
                now,
                madeRoom.orElse(null));
        return new SessionStore.Created(madeRoom);
    }

    private int count(Connection db, String where, Object... parameters) throws SQLException {
        return sql.one(
                db,
                "select count(*) from sallyport_session where ended is null" + where,
                row -> row.getInt(1),
                parameters);
    }

    /** Ends the session of this kind to lose first, and returns its key. */
    private Optional<String> makeRoom(Connection db, String kind, long now, Object... parameters) throws SQLException {
        List<Victim> victims = sql.all(
                db,
                "select session_key, opened, used from sallyport_session where ended is null" + kind
                        + " order by used fetch first " + bounds.perPrincipal() + " rows only for update",
                row -> new Victim(row.getString(1), endAt(now - row.getLong(2), now - row.getLong(3))),
                parameters);
        Optional<Victim> victim = victims.stream()
                .filter(its -> its.expired() != null)
                .findFirst()
                .or(() -> victims.stream().findFirst());
        if (victim.isPresent()) {
            End expired = victim.get().expired();
            end(db, victim.get().key(), expired == null ? End.EVICTED : expired);
        }
        return victim.map(Victim::key);
    }

    private record Victim(String key, @Nullable End expired) {}

    @Override
    public SessionStore.Lookup find(Connection db, String key) throws SQLException {
        long now = now(db);
        sql.change(
                db,
                "update sallyport_session set used = ? where session_key = ? and ended is null"
                        + " and used <= ? and used > ? and opened > ?",
                now,
                key,
                now - noteAfter,
                now - idle,
                now - absolute);
        return sql.first(
                        db,
                        "select data, ended, opened, used from sallyport_session where session_key = ?",
                        row -> lookup(row.getString(1), row.getString(2), now - row.getLong(3), now - row.getLong(4)),
                        key)
                .orElse(new SessionStore.Unknown());
    }

    @Override
    public void end(Connection db, String key, End how) throws SQLException {
        int ended = sql.change(
                db,
                "update sallyport_session set ended = ?, ended_at = " + NOW + ", data = null"
                        + " where session_key = ? and ended is null",
                how.word(),
                key);
        if (ended > 0) {
            sql.change(db, "delete from sallyport_stream where session_key = ?", key);
            sql.change(db, "delete from sallyport_event where session_key = ?", key);
        }
    }

    @Override
    public List<String> sweep(Connection db, int max) throws SQLException {
        long now = now(db);
        List<String> ended = new ArrayList<>(sweep(db, "opened", now - absolute, max, End.EXPIRED_MAX_AGE));
        ended.addAll(sweep(db, "used", now - idle, max - ended.size(), End.EXPIRED_IDLE));
        return ended;
    }

    private List<String> sweep(Connection db, String column, long until, int max, End how) throws SQLException {
        List<String> expired = sql.all(
                db,
                "select session_key from sallyport_session where ended is null and " + column + " <= ? order by "
                        + column + " fetch first ? rows only for update skip locked",
                row -> row.getString(1),
                until,
                max);
        for (String key : expired) {
            end(db, key, how);
        }
        return expired;
    }

    @Override
    public int forgetEnded(Connection db, int max) throws SQLException {
        long now = now(db);
        List<String> dead = sql.all(
                db,
                "select node from sallyport_node where until <= ? for update skip locked",
                row -> row.getString(1),
                now);
        for (String node : dead) {
            leave(db, node);
        }
        long tooMany = sql.first(
                        db,
                        "select ended_at from sallyport_session where ended_at is not null order by ended_at desc"
                                + " offset ? rows fetch first row only",
                        row -> row.getLong(1),
                        bounds.total())
                .orElse(0L);
        return sql.change(
                db,
                "delete from sallyport_session where session_key in (select session_key from sallyport_session"
                        + " where ended_at <= ? order by ended_at fetch first ? rows only)",
                Math.max(tooMany, now - absolute),
                max);
    }

    @Override
    public Optional<EventLog.Pen> open(
            Connection db, String session, String stream, String writer, String about, boolean again)
            throws SQLException {
        long now = now(db);
        boolean lives = sql.first(
                        db,
                        "select opened, used from sallyport_session where session_key = ? and ended is null for update",
                        row -> endAt(now - row.getLong(1), now - row.getLong(2)) == null,
                        session)
                .orElse(false);
        if (!lives) {
            return Optional.empty();
        }
        Optional<Boolean> isSame = sql.first(
                db,
                "select writer, fence, last from sallyport_stream where session_key = ? and stream = ?",
                row -> again && row.getString(1).equals(writer) && row.getLong(2) == 1 && row.getLong(3) == 0,
                session,
                stream);
        if (isSame.isPresent()) {
            if (isSame.get()) {
                return Optional.of(new EventLog.Pen(1, 0, about));
            }
            throw exists("stream", stream);
        }
        List<String> kept = leastNeededFirst(db, session);
        for (String needless : kept.subList(0, Math.max(0, kept.size() - bounds.streamsPerSession() + 1))) {
            forget(db, session, needless);
        }
        sql.change(
                db,
                "insert into sallyport_stream"
                        + " (session_key, stream, writer, about, fence, last, first_kept, bytes, finished, touched)"
                        + " values (?, ?, ?, ?, 1, 0, 1, 0, false, ?)",
                session,
                stream,
                writer,
                about,
                now);
        return Optional.of(new EventLog.Pen(1, 0, about));
    }

    private List<String> leastNeededFirst(Connection db, String session) throws SQLException {
        return sql.all(
                db,
                "select stream from sallyport_stream where session_key = ? order by finished desc, touched",
                row -> row.getString(1),
                session);
    }

    private record Kept(
            String writer, String about, long fence, long last, long firstKept, long bytes, boolean isFinished) {}

    private Optional<Kept> hold(Connection db, String session, String stream) throws SQLException {
        return sql.first(
                db,
                "select writer, about, fence, last, first_kept, bytes, finished from sallyport_stream"
                        + " where session_key = ? and stream = ? for update",
                row -> new Kept(
                        row.getString(1),
                        row.getString(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6),
                        row.getBoolean(7)),
                session,
                stream);
    }

    @Override
    public Optional<EventLog.Pen> take(
            Connection db, String session, String stream, String writer, boolean fromTheLiving, boolean again)
            throws SQLException {
        Optional<Kept> held = hold(db, session, stream);
        if (held.isEmpty() || held.get().isFinished()) {
            return Optional.empty();
        }
        String former = held.get().writer();
        boolean isFree =
                fromTheLiving || again && former.equals(writer) || !nodes(db).contains(former);
        if (!isFree) {
            return Optional.empty();
        }
        sql.change(
                db,
                "update sallyport_stream set fence = fence + 1, writer = ? where session_key = ? and stream = ?",
                writer,
                session,
                stream);
        return Optional.of(new EventLog.Pen(
                held.get().fence() + 1, held.get().last(), held.get().about()));
    }

    @Override
    public EventLog.Appended append(
            Connection db, String session, String stream, long fence, long first, List<String> data, boolean isLast)
            throws SQLException {
        Optional<Kept> held = hold(db, session, stream);
        if (held.isEmpty()) {
            return EventLog.Appended.UNKNOWN;
        }
        Kept its = held.get();
        long end = first + data.size() - 1;
        if (its.fence() != fence || its.isFinished() && end > its.last()) {
            return EventLog.Appended.FENCED;
        }
        long bytes = its.bytes();
        for (int i = 0; i < data.size(); i++) {
            if (first + i > its.last()) {
                int size = data.get(i).getBytes(StandardCharsets.UTF_8).length;
                sql.change(
                        db,
                        "insert into sallyport_event (session_key, stream, number, data, bytes) values (?, ?, ?, ?, ?)",
                        session,
                        stream,
                        first + i,
                        data.get(i),
                        size);
                bytes += size;
            }
        }
        long last = Math.max(end, its.last());
        Oldest oldest = dropOldest(db, session, stream, new Oldest(its.firstKept(), bytes), last);
        sql.change(
                db,
                "update sallyport_stream set last = ?, bytes = ?, first_kept = ?, finished = ?, touched = " + NOW
                        + " where session_key = ? and stream = ?",
                last,
                oldest.bytes(),
                oldest.firstKept(),
                its.isFinished() || isLast,
                session,
                stream);
        makeRoom(db, session, stream);
        return EventLog.Appended.KEPT;
    }

    private record Oldest(long firstKept, long bytes) {}

    private Oldest dropOldest(Connection db, String session, String stream, Oldest held, long last)
            throws SQLException {
        if (held.bytes() <= bounds.bytesPerStream()) {
            return held;
        }
        record Size(long number, int bytes) {}
        long firstKept = held.firstKept();
        long bytes = held.bytes();
        for (Size event : sql.all(
                db,
                "select number, bytes from sallyport_event where session_key = ? and stream = ? order by number",
                row -> new Size(row.getLong(1), row.getInt(2)),
                session,
                stream)) {
            if (bytes <= bounds.bytesPerStream() || event.number() == last) {
                break;
            }
            bytes -= event.bytes();
            firstKept = event.number() + 1;
        }
        sql.change(
                db,
                "delete from sallyport_event where session_key = ? and stream = ? and number < ?",
                session,
                stream,
                firstKept);
        return new Oldest(firstKept, bytes);
    }

    private void makeRoom(Connection db, String session, String butFor) throws SQLException {
        long most = (long) bounds.bytesPerStream() * bounds.streamsPerSession();
        while (bytesOf(db, session) > most) {
            // What somebody appends to right now is needed; and two that waited for each other would stand still.
            Optional<String> needless = sql.first(
                    db,
                    "select stream from sallyport_stream where session_key = ? and stream <> ?"
                            + " order by finished desc, touched fetch first row only for update skip locked",
                    row -> row.getString(1),
                    session,
                    butFor);
            if (needless.isEmpty()) {
                return;
            }
            forget(db, session, needless.get());
        }
    }

    private long bytesOf(Connection db, String session) throws SQLException {
        return sql.one(
                db,
                "select coalesce(sum(bytes), 0) from sallyport_stream where session_key = ?",
                row -> row.getLong(1),
                session);
    }

    @Override
    public void forget(Connection db, String session, String stream) throws SQLException {
        sql.change(db, "delete from sallyport_stream where session_key = ? and stream = ?", session, stream);
        sql.change(db, "delete from sallyport_event where session_key = ? and stream = ?", session, stream);
    }

    @Override
    public boolean beat(Connection db, String node, Duration lease) throws SQLException {
        long now = now(db);
        long until = now + SqlStatements.micros(lease);
        if (sql.change(db, "update sallyport_node set until = ? where node = ? and until > ?", until, node, now) == 1) {
            return true;
        }
        Optional<Long> last =
                sql.first(db, "select last from sallyport_node where node = ? for update", row -> row.getLong(1), node);
        leave(db, node);
        // Numbers begin at the clock, so that they are greater than those of a former life, even a forgotten one.
        long begin = Math.max(now, last.orElse(0L));
        sql.change(
                db,
                "insert into sallyport_node (node, until, last, seen) values (?, ?, ?, ?)",
                node,
                until,
                begin,
                begin);
        return false;
    }

    @Override
    public void leave(Connection db, String node) throws SQLException {
        sql.change(db, "delete from sallyport_node where node = ?", node);
        sql.change(db, "delete from sallyport_letter where node = ?", node);
    }

    @Override
    public Posted post(Connection db, String node, String text, String token, boolean again) throws SQLException {
        record Inbox(long last, long seen) {}
        Optional<Inbox> inbox = sql.first(
                db,
                "select last, seen from sallyport_node where node = ? and until > " + NOW + " for update",
                row -> new Inbox(row.getLong(1), row.getLong(2)),
                node);
        if (inbox.isEmpty()) {
            return Posted.NOBODY;
        }
        boolean isThere = again
                && sql.first(
                                db,
                                "select number from sallyport_letter where node = ? and token = ?",
                                row -> true,
                                node,
                                token)
                        .isPresent();
        if (isThere) {
            return Posted.KEPT;
        }
        if (inbox.get().last() - inbox.get().seen() >= MAX_LETTERS) {
            return Posted.FULL;
        }
        sql.change(db, "update sallyport_node set last = last + 1 where node = ?", node);
        sql.change(
                db,
                "insert into sallyport_letter (node, number, text, token) values (?, ?, ?, ?)",
                node,
                inbox.get().last() + 1,
                text,
                token);
        return Posted.KEPT;
    }

    @Override
    public List<Letter> collect(Connection db, String node, long after, int max) throws SQLException {
        sql.change(
                db,
                "update sallyport_node set seen = least(?, last) where node = ? and seen < least(?, last)",
                after,
                node,
                after);
        sql.change(db, "delete from sallyport_letter where node = ? and number <= ?", node, after);
        return letters(db, node, after, max);
    }
}
