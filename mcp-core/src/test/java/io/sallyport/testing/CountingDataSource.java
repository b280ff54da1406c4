package io.sallyport.testing;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Counts what a driver asks its server, lets answers get lost, and breaks. */
public final class CountingDataSource {

    /** What of a connection asks the server, too. */
    private static final Set<String> ASKING = Set.of(
            "commit", "rollback", "isValid", "setTransactionIsolation", "getTransactionIsolation", "setReadOnly");

    private final DataSource database;
    private int asked;

    /** To what the next answer gets lost; null if none does. */
    private @Nullable String losesAnswerTo;

    /** After how many questions there is no server any more. */
    private int breaksAfter = Integer.MAX_VALUE;

    public CountingDataSource(DataSource database) {
        this.database = database;
    }

    public DataSource proxy() {
        return wrap(DataSource.class, database);
    }

    /** Lets the answer to the next statement get lost, after it was done. */
    public void loseTheNextAnswer() {
        losesAnswerTo = "";
    }

    /** Lets the answer to the next call of this method of a connection, such as {@code commit}, get lost. */
    public void loseTheNextAnswerTo(String method) {
        losesAnswerTo = method;
    }

    /** Lets the server be gone after it was asked so many times, until {@link #mend}. */
    public void breakAfter(int asks) {
        breaksAfter = asked + asks;
    }

    /** Lets the server be there again. */
    public void mend() {
        breaksAfter = Integer.MAX_VALUE;
    }

    public void count(Map<String, Integer> trips, String operation, Runnable doing) {
        int before = asked;
        doing.run();
        trips.put(operation, asked - before);
    }

    private <T> T wrap(Class<T> type, Object target) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> call(target, method, arguments)));
    }

    private Object call(Object target, Method method, Object[] arguments) throws Throwable {
        boolean asks = target instanceof Statement && method.getName().startsWith("execute")
                || target instanceof Connection && ASKING.contains(method.getName());
        boolean isGone = asked >= breaksAfter && (asks || target instanceof DataSource);
        if (isGone) {
            throw new SQLException("the server is gone", "08006");
        }
        asked += asks ? 1 : 0;
        Object result;
        try {
            result = method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
        if (asks && losesAnswerTo != null && method.getName().contains(losesAnswerTo)) {
            losesAnswerTo = null;
            throw new SQLException("the connection broke", "08006");
        }
        if (result instanceof PreparedStatement) {
            return wrap(PreparedStatement.class, result);
        }
        if (result instanceof Statement) {
            return wrap(Statement.class, result);
        }
        return result instanceof Connection ? wrap(Connection.class, result) : result;
    }
}
