package io.sallyport.spi;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Tells faults of a database apart, for every store that is kept in one: what is worth another attempt, what is an
 * outage, and what is a mistake in a program or a set-up. Stateless.
 */
public final class SqlFaults {

    /** PostgreSQL's words for a server that is going down, coming up, or was told to end a connection. */
    private static final Set<String> SERVER_ENDS = Set.of("57P01", "57P02", "57P03", "57P05");

    /** H2's: connection broken, database closed, closing, or closed since nobody used it; object closed. */
    private static final Set<String> H2_ENDS = Set.of("90067", "90098", "90121", "90007", "90020", "90135");

    /** Deadlock, or others changed what this one had read: it was rolled back, and works the next time. */
    private static final Set<String> CONFLICTS = Set.of("40001", "40P01", "90131");

    /** Cancelled for its time-out; a lock that was not to be had; a server that became a replica, and may not write. */
    private static final Set<String> OUTAGES = Set.of("57014", "55P03", "HYT00", "HYT01", "25006");

    /** What may follow an address of a database: user names, passwords. */
    private static final Pattern ADDRESS = Pattern.compile("(?i)jdbc:\\S+");

    private static final Pattern PASSWORD = Pattern.compile("(?i)(password|pwd|secret|token)\\s*[=:]\\s*[^\\s,;&]+");

    private SqlFaults() {}

    /** Returns whether the connection is gone, so that the same may go well on a fresh one. */
    public static boolean isConnectionLost(SQLException fault) {
        String state = state(fault);
        return state.startsWith("08")
                || SERVER_ENDS.contains(state)
                || H2_ENDS.contains(state)
                || fault instanceof SQLRecoverableException
                || fault instanceof SQLNonTransientConnectionException;
    }

    /** Returns whether it was rolled back because of what others did at the same time, so that it may go well now. */
    public static boolean isConflict(SQLException fault) {
        return CONFLICTS.contains(state(fault));
    }

    /** Returns whether a row with this key is there already. */
    public static boolean isDuplicate(SQLException fault) {
        return state(fault).equals("23505");
    }

    /** Returns whether a table does not exist. */
    public static boolean isMissingTable(SQLException fault) {
        return Set.of("42P01", "42S02", "42S03", "42S04").contains(state(fault));
    }

    /**
     * Returns what to throw: a {@link StoreUnavailableException} for an outage, an {@link IllegalStateException} for what
     * waiting does not mend. Neither it nor its cause has an address, a password or data in its message.
     *
     * @param what what was to be done, such as {@code look up a session}
     */
    public static RuntimeException toThrow(String what, SQLException fault) {
        SQLException shown = withoutSecrets(fault);
        String reason = shown.getMessage() + " (SQL state " + fault.getSQLState() + ")";
        return isOutage(fault)
                ? new StoreUnavailableException("the database does not " + what + ": " + reason, shown)
                : new IllegalStateException("the database refuses to " + what + ": " + reason, shown);
    }

    /**
     * Returns what to throw when no connection was to be had, whatever the reason.
     *
     * @param what what was to be done, such as {@code look up a session}
     */
    public static StoreUnavailableException unconnected(String what, SQLException fault) {
        SQLException shown = withoutSecrets(fault);
        return new StoreUnavailableException(
                "no connection to the database to " + what + ": " + shown.getMessage(), shown);
    }

    private static boolean isOutage(SQLException fault) {
        String state = state(fault);
        return isConnectionLost(fault)
                || isConflict(fault)
                || fault instanceof SQLTransientException
                || OUTAGES.contains(state)
                // Too many connections, no memory, no disk; faults of the server's machine.
                || state.startsWith("53")
                || state.startsWith("58");
    }

    private static String state(SQLException fault) {
        return fault.getSQLState() == null ? "" : fault.getSQLState();
    }

    /** Drivers' messages may have addresses or data in them; then only a copy without them is passed on. */
    private static SQLException withoutSecrets(SQLException fault) {
        if (quotesData(fault)) {
            return copy(fault, "what it says quotes data, and is not shown");
        }
        for (Throwable t = fault; t != null; t = t.getCause()) {
            if (t.getMessage() != null && !redacted(t.getMessage()).equals(t.getMessage())) {
                return copy(fault, redacted(String.valueOf(fault.getMessage())));
            }
        }
        return fault;
    }

    /** Values that do not fit and constraints that do not hold are named; a batch is named with all its parameters. */
    private static boolean quotesData(SQLException fault) {
        return state(fault).startsWith("22") || state(fault).startsWith("23") || fault instanceof BatchUpdateException;
    }

    private static SQLException copy(SQLException fault, String message) {
        SQLException copy = new SQLException(message, fault.getSQLState(), fault.getErrorCode());
        copy.setStackTrace(fault.getStackTrace());
        return copy;
    }

    private static String redacted(String message) {
        return PASSWORD.matcher(ADDRESS.matcher(message).replaceAll("jdbc:…")).replaceAll("$1=…");
    }
}
