package io.sallyport.spi;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * The connections to a database, for every store that is kept in one: borrowed for one operation, with a bound on how long it may take, and given back as they
 * were. What fails because a connection was stale, or because others were at the same rows, is tried again.
 *
 * <p>Thread-safe. The data source is the host's, and stays open.
 */
public final class SqlDatabase {

    /** More than one: a pool that does not look at its connections gives out all of its stale ones, one by one. */
    private static final int MAX_ATTEMPTS = 10;

    /** After the server should have given up; then it does not answer at all, and the connection is given up. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    /**
     * Something to do with a connection.
     *
     * @param <T> what comes of it
     */
    public interface Work<T> {
        /**
         * Does it.
         *
         * @param again whether it was tried before, and may have been done
         */
        T on(Connection connection, boolean again) throws SQLException;
    }

    private final DataSource connections;
    private final Duration timeout;
    private final boolean isTransactional;

    /**
     * Creates it.
     *
     * @param connections where to borrow them, best a pool
     * @param timeout how long to go on trying; a connection that is silent for a second longer is given up
     * @param isTransactional whether each piece of work is a transaction, or each of its statements
     */
    public SqlDatabase(DataSource connections, Duration timeout, boolean isTransactional) {
        this.connections = connections;
        this.timeout = timeout;
        this.isTransactional = isTransactional;
    }

    /**
     * Does something, once or, after a fault that passes, again: then what was done before is rolled back, or nobody knows.
     *
     * @param what what it is, for messages, such as {@code look up a session}
     * @throws StoreUnavailableException if the database cannot be reached, or does not answer in time
     * @throws IllegalStateException if it refuses for a reason that waiting does not mend
     */
    public <T> T run(String what, Work<T> work) {
        long end = System.nanoTime() + timeout.toNanos();
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = connect(what)) {
                return run(connection, work, attempt > 1);
            } catch (SQLException e) {
                boolean isWorthIt = SqlFaults.isConnectionLost(e) || SqlFaults.isConflict(e);
                if (!isWorthIt || attempt == MAX_ATTEMPTS || System.nanoTime() > end) {
                    throw SqlFaults.toThrow(what, e);
                }
            }
        }
    }

    private Connection connect(String what) {
        try {
            return connections.getConnection();
        } catch (SQLException e) {
            throw SqlFaults.unconnected(what, e);
        }
    }

    private <T> T run(Connection connection, Work<T> work, boolean again) throws SQLException {
        boolean autoCommit = connection.getAutoCommit();
        if (autoCommit == isTransactional) {
            connection.setAutoCommit(!isTransactional);
        }
        int networkTimeout = limit(connection);
        try {
            T result = work.on(connection, again);
            if (isTransactional) {
                connection.commit();
            }
            restore(connection, autoCommit, networkTimeout);
            return result;
        } catch (SQLException | RuntimeException e) {
            try {
                if (isTransactional) {
                    connection.rollback();
                }
                restore(connection, autoCommit, networkTimeout);
            } catch (SQLException broken) {
                e.addSuppressed(broken);
            }
            throw e;
        }
    }

    /** Bounds how long to wait for bytes. A matter of the driver, no round trip; returns what held before, or -1. */
    private int limit(Connection connection) throws SQLException {
        try {
            int before = connection.getNetworkTimeout();
            connection.setNetworkTimeout(
                    Runnable::run, (int) timeout.plus(GRACE).toMillis());
            return before;
        } catch (SQLFeatureNotSupportedException e) {
            return -1;
        }
    }

    private void restore(Connection connection, boolean autoCommit, int networkTimeout) throws SQLException {
        if (networkTimeout >= 0) {
            connection.setNetworkTimeout(Runnable::run, networkTimeout);
        }
        if (autoCommit == isTransactional) {
            connection.setAutoCommit(autoCommit);
        }
    }
}
