package io.sallyport.security.vault;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Passes everything on; for tests that change a little. */
class ForwardingVaultStore implements VaultStore {

    private final VaultStore store;

    ForwardingVaultStore(VaultStore store) {
        this.store = store;
    }

    @Override
    public Ring ring(String tenant) {
        return store.ring(tenant);
    }

    @Override
    public List<String> tenants() {
        return store.tenants();
    }

    @Override
    public boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        return store.replaceRing(tenant, expectedVersion, keys, unused);
    }

    @Override
    public long newestRing() {
        return store.newestRing();
    }

    @Override
    public Optional<Row> read(RowId id) {
        return store.read(id);
    }

    @Override
    public Written write(RowId id, long expectedVersion, long keyId, byte[] sealed) {
        return store.write(id, expectedVersion, keyId, sealed);
    }

    @Override
    public OptionalLong reseal(String tenant, long keyId, List<Resealed> rows) {
        return store.reseal(tenant, keyId, rows);
    }

    @Override
    public boolean delete(RowId id) {
        return store.delete(id);
    }

    @Override
    public List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost) {
        return store.under(tenant, keyId, after, atMost);
    }

    @Override
    public long countUnder(String tenant, long keyId) {
        return store.countUnder(tenant, keyId);
    }

    @Override
    public List<Row> list(String tenant, Optional<RowId> after, int atMost) {
        return store.list(tenant, after, atMost);
    }

    @Override
    public void beat(String node, long ringVersion, Duration lease) {
        store.beat(node, ringVersion, lease);
    }

    @Override
    public void leave(String node) {
        store.leave(node);
    }

    @Override
    public OptionalLong oldestKnown() {
        return store.oldestKnown();
    }

    @Override
    public void close() {
        store.close();
    }
}
