package io.sallyport.testing;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;

/** A store that can be cut off, as by a network. */
public final class UnreachableSessionStore extends ForwardingSessionStore {

    private final EventLog events;
    private final ClusterBus bus;
    private volatile boolean reachable = true;

    public UnreachableSessionStore(SessionStore store) {
        super(store);
        events = guarded(EventLog.class, store.events());
        bus = guarded(ClusterBus.class, store.bus());
    }

    public void setReachable(boolean isReachable) {
        reachable = isReachable;
    }

    private void check() {
        if (!reachable) {
            throw new StoreUnavailableException("cut off", new IOException("by a test"));
        }
    }

    private <T> T guarded(Class<T> type, T part) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            check();
            try {
                return method.invoke(part, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    @Override
    public EventLog events() {
        return events;
    }

    @Override
    public ClusterBus bus() {
        return bus;
    }

    @Override
    public Creation create(SessionRecord session) {
        check();
        return super.create(session);
    }

    @Override
    public Lookup find(String key) {
        check();
        return super.find(key);
    }

    @Override
    public boolean update(SessionRecord changed) {
        check();
        return super.update(changed);
    }

    @Override
    public void end(String key, End how) {
        check();
        super.end(key, how);
    }

    @Override
    public List<String> sweep(int max) {
        check();
        return super.sweep(max);
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        check();
        return super.list(after, max, of);
    }

    @Override
    public int size() {
        check();
        return super.size();
    }
}
