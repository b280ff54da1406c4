package io.sallyport.gateway;

import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionStore;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterEach;

/** Two gateways of one process that share what is in its memory. */
class InMemoryClusterTest implements ClusterContract {

    private final SessionStore shared = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system());

    @Override
    public SessionStore storeOfANode() {
        return new Shared(shared);
    }

    @AfterEach
    void close() {
        shared.close();
    }

    /** One of several that look at the same. */
    static class Shared extends ForwardingSessionStore {
        Shared(SessionStore store) {
            super(store);
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.SERVER);
        }

        @Override
        public void close() {
            // Others go on with it.
        }
    }
}
