package io.sallyport.testing;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A store that keeps account of what it is asked on behalf of requests. */
public final class CountingSessionStore extends ForwardingSessionStore {

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final EventLog events;
    private final ClusterBus bus;

    public CountingSessionStore(SessionStore store) {
        super(store);
        events = counted(EventLog.class, store.events(), List.of());
        // What a node does all the time is on nobody's way.
        bus = counted(ClusterBus.class, store.bus(), List.of("beat", "nodes", "collect", "leave"));
    }

    private <T> T counted(Class<T> type, T part, List<String> butFor) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            if (!butFor.contains(method.getName())) {
                asked.add(method.getName());
            }
            try {
                return method.invoke(part, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    /** Returns what was asked since this was called last. */
    public List<String> asked() {
        List<String> all = new ArrayList<>(asked);
        asked.clear();
        return all;
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
        asked.add("create");
        return super.create(session);
    }

    @Override
    public Lookup find(String key) {
        asked.add("find");
        return super.find(key);
    }

    @Override
    public boolean update(SessionRecord changed) {
        asked.add("update");
        return super.update(changed);
    }

    @Override
    public void end(String key, End how) {
        asked.add("end");
        super.end(key, how);
    }
}
