package io.sallyport.security.vault.tool;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connections to a database that are used again, and closed at the end: a pool would be one more jar to have. There are never
 * more than are used at once. Thread-safe.
 */
final class Connections implements AutoCloseable {

    private final String url;
    private final Properties login;
    private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    Connections(String url, Properties login) {
        this.url = url;
        this.login = login;
    }

    DataSource dataSource() {
        return proxy(DataSource.class, (method, arguments) -> {
            if (method.getName().equals("getConnection")) {
                return borrowed();
            }
            throw new UnsupportedOperationException(method.getName());
        });
    }

    private Connection borrowed() throws SQLException {
        Connection found = idle.pollFirst();
        Connection connection = found == null ? DriverManager.getConnection(url, login) : found;
        return proxy(Connection.class, (method, arguments) -> {
            if (method.getName().equals("close")) {
                giveBack(connection);
                return null;
            }
            try {
                return method.invoke(connection, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    /** One that broke is closed already. */
    private void giveBack(Connection connection) throws SQLException {
        if (!connection.isClosed()) {
            idle.addFirst(connection);
        }
        if (closed) {
            close();
        }
    }

    private interface Call {
        @Nullable Object call(Method method, Object[] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                Connections.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> call.call(method, arguments)));
    }

    @Override
    public void close() {
        closed = true;
        for (Connection connection = idle.pollFirst(); connection != null; connection = idle.pollFirst()) {
            try {
                connection.close();
            } catch (SQLException e) {
                // The program is over, and so is the connection.
            }
        }
    }
}
