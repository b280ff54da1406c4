package io.sallyport.session.kill;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** Ends the process, as by SIGKILL, at one point of its life: before or after the n-th call of an operation of its store. */
final class FailpointStore extends ForwardingSessionStore {

    private final String point;
    private final AtomicInteger left;

    /** Takes a point such as {@code after:append:3}, or {@code -} for none. */
    FailpointStore(SessionStore store, String point) {
        super(store);
        int end = point.lastIndexOf(':');
        this.point = end < 0 ? "" : point.substring(0, end);
        this.left = new AtomicInteger(end < 0 ? 0 : Integer.parseInt(point.substring(end + 1)));
    }

    private void pass(String when, String operation) {
        if (point.equals(when + ":" + operation) && left.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(137);
        }
    }

    private <T> T counted(Class<T> type, T part) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            pass("before", method.getName());
            try {
                return method.invoke(part, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            } finally {
                pass("after", method.getName());
            }
        }));
    }

    @Override
    public EventLog events() {
        return counted(EventLog.class, super.events());
    }

    @Override
    public ClusterBus bus() {
        return counted(ClusterBus.class, super.bus());
    }

    @Override
    public Creation create(SessionRecord session) {
        pass("before", "create");
        Creation creation = super.create(session);
        pass("after", "create");
        return creation;
    }

    @Override
    public Lookup find(String key) {
        pass("before", "find");
        Lookup found = super.find(key);
        pass("after", "find");
        return found;
    }

    @Override
    public boolean update(SessionRecord changed) {
        pass("before", "update");
        boolean updated = super.update(changed);
        pass("after", "update");
        return updated;
    }

    @Override
    public void end(String key, End how) {
        pass("before", "end");
        super.end(key, how);
        pass("after", "end");
    }
}
