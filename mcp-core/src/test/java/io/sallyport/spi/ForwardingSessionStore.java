package io.sallyport.spi;

import java.util.List;
import java.util.Optional;

/** Passes everything on to another store; a test overrides what it wants to look at or to go wrong. */
public class ForwardingSessionStore implements SessionStore {

    private final SessionStore store;

    protected ForwardingSessionStore(SessionStore store) {
        this.store = store;
    }

    @Override
    public Capabilities capabilities() {
        return store.capabilities();
    }

    @Override
    public Bounds bounds() {
        return store.bounds();
    }

    @Override
    public Creation create(SessionRecord session) {
        return store.create(session);
    }

    @Override
    public Lookup find(String key) {
        return store.find(key);
    }

    @Override
    public boolean update(SessionRecord changed) {
        return store.update(changed);
    }

    @Override
    public void end(String key, End how) {
        store.end(key, how);
    }

    @Override
    public List<String> sweep(int max) {
        return store.sweep(max);
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        return store.list(after, max, of);
    }

    @Override
    public int size() {
        return store.size();
    }

    @Override
    public EventLog events() {
        return store.events();
    }

    @Override
    public ClusterBus bus() {
        return store.bus();
    }

    @Override
    public void close() {
        store.close();
    }
}
