package io.sallyport.spi;

import java.time.Duration;

/** What every {@link SessionStore} must do, with its streams and its nodes. A store's test implements this. */
public interface StoreContract
        extends SessionStoreContract, EventLogContract, ClusterBusContract, StoreHistoriesContract {

    /** Returns how long a node of these tests lives without a beat; a store with a real clock makes it short. */
    @Override
    default Duration lease() {
        return Duration.ofSeconds(10);
    }
}
