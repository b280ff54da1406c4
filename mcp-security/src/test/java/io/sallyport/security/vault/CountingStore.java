package io.sallyport.security.vault;

import java.util.concurrent.atomic.AtomicLong;

/** Counts how often rings are read. */
final class CountingStore extends ForwardingVaultStore {

    private final AtomicLong rings = new AtomicLong();

    CountingStore(VaultStore store) {
        super(store);
    }

    long rings() {
        return rings.get();
    }

    @Override
    public Ring ring(String tenant) {
        rings.incrementAndGet();
        return super.ring(tenant);
    }
}
