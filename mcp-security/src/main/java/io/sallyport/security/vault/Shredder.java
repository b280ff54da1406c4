package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;

/** Takes all that a tenant has from it: its keys first, then what is of no use without them. */
final class Shredder {

    private static final int MOST_ATTEMPTS = 100;

    private final VaultStore store;
    private final InstantSource clock;

    Shredder(VaultStore store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    void shred(String tenant) {
        destroyKeys(tenant);
        for (List<Row> page : RowPages.all(store, tenant)) {
            page.forEach(row -> store.delete(row.id()));
        }
    }

    private void destroyKeys(String tenant) {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Ring ring = store.ring(tenant);
            List<WrappedKey> destroyed = ring.keys().stream()
                    .map(key -> new WrappedKey(key.id(), KeyState.DESTROYED, new byte[0], key.kek(), clock.instant()))
                    .toList();
            if (ring.keys().isEmpty() || store.replaceRing(tenant, ring.version(), destroyed, OptionalLong.empty())) {
                return;
            }
        }
        throw new IllegalStateException("keys were changed by others " + MOST_ATTEMPTS + " times in a row");
    }
}
