package io.sallyport.security.vault;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import javax.sql.DataSource;

/** A connection in a transaction that a store does not come to the end of: it is committed when it is closed. */
final class HeldConnection implements AutoCloseable {

    private static final Set<String> KEPT_FROM_IT = Set.of("commit", "setAutoCommit", "close");

    private final Connection connection;

    HeldConnection(DataSource database) throws SQLException {
        connection = database.getConnection();
        connection.setAutoCommit(false);
    }

    /** Returns a data source that has no connection but this one. */
    DataSource asDatabase() {
        Connection held = proxy(Connection.class, method -> KEPT_FROM_IT.contains(method) ? null : connection);
        return proxy(DataSource.class, method -> method.equals("getConnection") ? held : null);
    }

    private interface Target {
        Object of(String method);
    }

    /** Calls the same method of the target; or returns the target if it is what the method is to return; or does nothing. */
    private static <T> T proxy(Class<T> type, Target target) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    Object its = target.of(method.getName());
                    if (its == null || method.getReturnType().isInstance(its)) {
                        return its;
                    }
                    try {
                        return method.invoke(its, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    @Override
    public void close() throws SQLException {
        connection.commit();
        connection.setAutoCommit(true);
        connection.close();
    }
}
