package io.sallyport.security.vault;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** Keeps everything in memory: for tests, and for what is put in anew at each start. Thread-safe. */
public final class InMemoryVaultStore implements VaultStore {

    private final VaultContents contents = new VaultContents();
    private final ReentrantLock lock = new ReentrantLock();
    private final InstantSource clock;

    /** Creates an empty one. */
    public InMemoryVaultStore() {
        this(InstantSource.system());
    }

    InMemoryVaultStore(InstantSource clock) {
        this.clock = clock;
    }

    private <T> T with(Function<VaultContents, T> work) {
        lock.lock();
        try {
            return work.apply(contents);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Ring ring(String tenant) {
        return with(it -> it.ring(tenant));
    }

    @Override
    public List<String> tenants() {
        return with(VaultContents::tenants);
    }

    @Override
    public boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        return with(it -> it.replaceRing(tenant, expectedVersion, keys, unused));
    }

    @Override
    public long newestRing() {
        return with(VaultContents::newestRing);
    }

    @Override
    public Optional<Row> read(RowId id) {
        return with(it -> it.read(id));
    }

    @Override
    public Written write(RowId id, long expectedVersion, long keyId, byte[] sealed) {
        return with(it -> it.write(id, expectedVersion, keyId, sealed, clock.instant()));
    }

    @Override
    public OptionalLong reseal(String tenant, long keyId, List<Resealed> rows) {
        return with(it -> it.reseal(tenant, keyId, rows));
    }

    @Override
    public boolean delete(RowId id) {
        return with(it -> it.delete(id));
    }

    @Override
    public List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost) {
        return with(it -> it.under(tenant, keyId, after, atMost));
    }

    @Override
    public long countUnder(String tenant, long keyId) {
        return with(it -> it.countUnder(tenant, keyId));
    }

    @Override
    public List<Row> list(String tenant, Optional<RowId> after, int atMost) {
        return with(it -> it.list(tenant, after, atMost));
    }

    @Override
    public void beat(String node, long ringVersion, Duration lease) {
        with(it -> {
            it.beat(node, ringVersion, lease, clock.instant());
            return true;
        });
    }

    @Override
    public void leave(String node) {
        with(it -> {
            it.leave(node);
            return true;
        });
    }

    @Override
    public OptionalLong oldestKnown() {
        return with(it -> it.oldestKnown(clock.instant()));
    }

    @Override
    public void close() {
        // There is nothing to close.
    }
}
