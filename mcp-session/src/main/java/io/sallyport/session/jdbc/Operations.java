package io.sallyport.session.jdbc;

import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.ClusterBus.Posted;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a store does in its database, in the words of one kind of database. The connection commits each statement by
 * itself, or all of an operation are one transaction, as {@link #isTransactional} says.
 *
 * <p>{@code again} says that the same was tried before, and that nobody knows whether it was done.
 */
interface Operations {

    /** Returns whether an operation is several statements. */
    boolean isTransactional();

    /** Returns how durable the database makes things, or throws if it cannot keep them at all. */
    SessionStore.Durability durability(Connection db) throws SQLException;

    SessionStore.Creation create(Connection db, SessionRecord session, boolean again) throws SQLException;

    SessionStore.Lookup find(Connection db, String key) throws SQLException;

    boolean update(Connection db, SessionRecord changed, boolean again) throws SQLException;

    void end(Connection db, String key, SessionStore.End how) throws SQLException;

    List<String> sweep(Connection db, int max) throws SQLException;

    /** Forgets at most so many ended sessions, and dead nodes; returns how many sessions it forgot. */
    int forgetEnded(Connection db, int max) throws SQLException;

    List<SessionStore.Summary> list(Connection db, String after, int max, Optional<Principal> of) throws SQLException;

    int size(Connection db) throws SQLException;

    Optional<EventLog.Pen> open(
            Connection db, String session, String stream, String writer, String about, boolean again)
            throws SQLException;

    Optional<EventLog.Pen> take(
            Connection db, String session, String stream, String writer, boolean fromTheLiving, boolean again)
            throws SQLException;

    EventLog.Appended append(
            Connection db, String session, String stream, long fence, long first, List<String> data, boolean isLast)
            throws SQLException;

    Optional<EventLog.Reading> read(Connection db, String session, String stream, long after, int max)
            throws SQLException;

    List<EventLog.Summary> streams(Connection db, String session) throws SQLException;

    void forget(Connection db, String session, String stream) throws SQLException;

    boolean beat(Connection db, String node, Duration lease) throws SQLException;

    void leave(Connection db, String node) throws SQLException;

    Set<String> nodes(Connection db) throws SQLException;

    Posted post(Connection db, String node, String text, String token, boolean again) throws SQLException;

    /** Drops the letters up to this one, and returns those after it. */
    List<Letter> collect(Connection db, String node, long after, int max) throws SQLException;

    /** Returns the letters after this one. */
    List<Letter> letters(Connection db, String node, long after, int max) throws SQLException;
}
