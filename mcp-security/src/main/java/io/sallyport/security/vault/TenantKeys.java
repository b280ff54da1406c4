package io.sallyport.security.vault;

import io.sallyport.security.vault.KekProvider.Wrapped;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.StoreUnavailableException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The data keys of tenants, unwrapped, as this node knows them. They are looked up when they are needed for the first time, and
 * again when it turns out that there are newer ones. Whatever uses a key uses it from here: when this is closed all are erased,
 * and nothing is sealed or opened any more. Thread-safe.
 *
 * <p>A provider that is down is not asked for keys that are here: who was served is served on.
 */
final class TenantKeys implements AutoCloseable {

    private static final int MOST_TENANTS = 1000;

    /** Each attempt fails because somebody else has shredded the tenant just then. */
    private static final int MOST_ATTEMPTS = 100;

    private static final byte[] LABEL = "mcp-vault/data-key/v1".getBytes(StandardCharsets.US_ASCII);

    /** The keys of one tenant that open. Immutable. */
    record Loaded(long version, DataKey primary, Map<Long, DataKey> keys) {

        @Nullable DataKey find(long id) {
            return keys.get(id);
        }
    }

    private final VaultStore store;
    private final KekProvider kek;
    private final SecureRandom random;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Loaded> loaded = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Loaded> eldest) {
            return size() > MOST_TENANTS;
        }
    };

    /** All that are in memory, also those that are in no ring any more while somebody still uses them. Guarded by the lock. */
    private final Set<DataKey> unwrapped = Collections.newSetFromMap(new WeakHashMap<>());

    /** Guarded by the lock. */
    private boolean closed;

    // Written by the thread that refreshes.
    private volatile long refreshed;

    TenantKeys(VaultStore store, KekProvider kek, SecureRandom random, InstantSource clock) {
        this.store = store;
        this.kek = kek;
        this.random = random;
        this.clock = clock;
    }

    /** Returns the keys as they were known last, or else as they are; nothing if the tenant has none. */
    Optional<Loaded> known(String tenant) throws KekUnavailableException {
        Optional<Loaded> keys = remembered(tenant);
        return keys.isPresent() ? keys : lookUp(tenant);
    }

    /** Returns the keys as they are now; nothing if the tenant has none, or all were destroyed. */
    Optional<Loaded> lookUp(String tenant) throws KekUnavailableException {
        Ring ring = store.ring(tenant);
        Optional<Loaded> known = remembered(tenant);
        if (known.isPresent() && known.get().version() > ring.version()) {
            // Another thread may have seen a newer one since we looked; if so, we see it now.
            ring = store.ring(tenant);
            checkHasNotGoneBack(tenant, known.get(), ring);
        }
        if (known.isPresent() && known.get().version() == ring.version()) {
            return known;
        }
        Optional<Loaded> now = unwrapped(tenant, ring, known);
        if (now.isEmpty()) {
            forget(tenant);
        }
        return now.map(keys -> remember(tenant, keys));
    }

    /** Else what is here would be taken for newer for ever: nothing could be written, and a rotation would not end. */
    private static void checkHasNotGoneBack(String tenant, Loaded known, Ring ring) {
        if (ring.version() < known.version()) {
            throw new StoreUnavailableException(
                    "the keys of " + tenant + " have gone back from version "
                            + known.version() + " to " + ring.version()
                            + " while they were in use; if you have put a backup in the store's place, restart all programs that use it");
        }
    }

    private Optional<Loaded> remembered(String tenant) {
        lock.lock();
        try {
            checkOpen();
            return Optional.ofNullable(loaded.get(tenant));
        } finally {
            lock.unlock();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the vault was closed");
        }
    }

    private Loaded remember(String tenant, Loaded keys) {
        lock.lock();
        try {
            return loaded.merge(tenant, keys, (one, other) -> one.version() > other.version() ? one : other);
        } finally {
            lock.unlock();
        }
    }

    void forget(String tenant) {
        lock.lock();
        try {
            loaded.remove(tenant);
        } finally {
            lock.unlock();
        }
    }

    /** Makes the first key of a tenant, or one after all were destroyed, unless somebody else has meanwhile. */
    Loaded begin(String tenant) throws KekUnavailableException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Ring ring = store.ring(tenant);
            if (ring.keys().stream().noneMatch(key -> key.state() == KeyState.PRIMARY)) {
                List<WrappedKey> keys = new ArrayList<>(ring.keys());
                keys.add(wrapped(tenant, DataKey.random(random), KeyState.PRIMARY));
                store.replaceRing(tenant, ring.version(), keys, OptionalLong.empty());
            }
            Optional<Loaded> begun = lookUp(tenant);
            if (begun.isPresent()) {
                return begun.get();
            }
        }
        throw lost();
    }

    /** What to throw where there must be keys. */
    static IllegalStateException lost() {
        return new IllegalStateException(
                "the keys of a tenant are gone: somebody has shredded it meanwhile, or the store"
                        + " has lost them; begin again, if it was shredded");
    }

    /** Makes a key that is not in the ring yet. */
    WrappedKey newKey(String tenant) throws KekUnavailableException {
        return wrapped(tenant, DataKey.random(random), KeyState.DISTRIBUTED);
    }

    private WrappedKey wrapped(String tenant, DataKey key, KeyState state) throws KekUnavailableException {
        try {
            Wrapped wrapped = key.use(bytes -> kek.wrap(bytes, context(tenant, key.id())));
            return new WrappedKey(key.id(), state, wrapped.bytes(), wrapped.kek(), clock.instant());
        } finally {
            // From here on it is what others have, too: something that is to be unwrapped.
            key.destroy();
        }
    }

    /** Returns the name of the key that wraps now. */
    String currentKek() {
        return kek.current();
    }

    /** Returns the same key, wrapped by the key that wraps now. */
    WrappedKey rewrapped(String tenant, WrappedKey key) throws KekUnavailableException {
        byte[] bytes = unwrap(tenant, key);
        try {
            Wrapped wrapped = kek.wrap(bytes, context(tenant, key.id()));
            return new WrappedKey(key.id(), key.state(), wrapped.bytes(), wrapped.kek(), key.created());
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private Optional<Loaded> unwrapped(String tenant, Ring ring, Optional<Loaded> known)
            throws KekUnavailableException {
        Map<Long, DataKey> keys = new HashMap<>();
        DataKey primary = null;
        for (WrappedKey key : ring.keys()) {
            if (key.state().opens()) {
                // A provider that is down is needed for those only that are new here.
                DataKey open = known.map(it -> it.find(key.id())).orElse(null);
                if (open == null) {
                    open = own(new DataKey(key.id(), unwrap(tenant, key)));
                }
                keys.put(key.id(), open);
                primary = key.state() == KeyState.PRIMARY ? open : primary;
            }
        }
        return primary == null ? Optional.empty() : Optional.of(new Loaded(ring.version(), primary, Map.copyOf(keys)));
    }

    private DataKey own(DataKey key) {
        lock.lock();
        try {
            if (closed) {
                key.destroy();
            }
            checkOpen();
            unwrapped.add(key);
            return key;
        } finally {
            lock.unlock();
        }
    }

    private byte[] unwrap(String tenant, WrappedKey key) throws KekUnavailableException {
        return kek.unwrap(key.kek(), key.wrapped(), context(tenant, key.id()))
                .filter(bytes -> bytes.length == DataKey.BYTES)
                .orElseThrow(() -> new KekUnavailableException("the data key " + DataKey.word(key.id())
                        + " was not wrapped by the key-encryption key " + key.kek() + " for this tenant"));
    }

    private static byte[] context(String tenant, long id) {
        return SealContext.lengthPrefixed(
                LABEL,
                tenant.getBytes(StandardCharsets.UTF_8),
                ByteBuffer.allocate(Long.BYTES).putLong(id).array());
    }

    /**
     * Looks up all keys that are here and have changed. For one thread.
     *
     * @throws KekUnavailableException if a new one cannot be unwrapped; then it is as if none had been looked up
     */
    void refresh() throws KekUnavailableException {
        long newest = store.newestRing();
        if (newest == refreshed) {
            return;
        }
        for (String tenant : tenants()) {
            lookUp(tenant);
        }
        refreshed = newest;
    }

    /** Returns up to which version of the rings there is nothing newer than what is here. */
    long refreshed() {
        return refreshed;
    }

    private List<String> tenants() {
        lock.lock();
        try {
            return List.copyOf(loaded.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** Erases all keys. Whoever uses one just now fails, and so does whoever asks for one afterwards. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            unwrapped.forEach(DataKey::destroy);
            unwrapped.clear();
            loaded.clear();
        } finally {
            lock.unlock();
        }
    }
}
