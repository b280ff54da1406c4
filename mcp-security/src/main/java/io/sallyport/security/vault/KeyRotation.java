package io.sallyport.security.vault;

import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings all secrets of a tenant under a new data key, while they are read and written.
 *
 * <p>What is to be done next follows from what is stored, and from nothing else: a new key that not all nodes know yet waits;
 * one that they know is promoted; rows under an older key are sealed anew, each only if nobody has written it meanwhile; an
 * older key without rows is disabled. Whoever was killed begins again with the same question. Several that rotate at once do
 * the same steps, and each step is done once. {@code RotationModelTest} goes through all that can happen.
 */
final class KeyRotation {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** So many in one transaction: few enough that who writes meanwhile costs little, many enough to be fast. */
    private static final int AT_ONCE = 200;

    private static final Duration LOOKS_AGAIN = Duration.ofMillis(100);

    /**
     * What came of it.
     *
     * @param resealed how many rows were sealed anew by this run
     * @param unreadable how many rows do not open; their key is kept
     * @param isDone whether all rows are under the new key, and no older one opens anything
     */
    record Report(long resealed, long unreadable, boolean isDone) {}

    private final VaultStore store;
    private final Vault vault;
    private final TenantKeys keys;
    private final Duration patience;

    /**
     * Creates one.
     *
     * @param patience how long to wait for nodes that do not know a new key
     */
    KeyRotation(VaultStore store, Vault vault, Duration patience) {
        this.store = store;
        this.vault = vault;
        this.keys = vault.keys();
        this.patience = patience;
    }

    /**
     * Rotates the key of a tenant; goes on with a rotation that has not come to its end, if there is one.
     *
     * @throws InterruptedException if the thread was interrupted; the next call goes on
     */
    Report rotate(String tenant) throws KekUnavailableException, InterruptedException {
        if (!isUnderWay(store.ring(tenant))) {
            begin(tenant);
        }
        return goOn(tenant);
    }

    private static boolean isUnderWay(Ring ring) {
        return find(ring, KeyState.DISTRIBUTED).isPresent()
                || find(ring, KeyState.DECRYPT_ONLY).isPresent();
    }

    private static Optional<WrappedKey> find(Ring ring, KeyState state) {
        return ring.keys().stream().filter(key -> key.state() == state).findFirst();
    }

    private void begin(String tenant) throws KekUnavailableException {
        Ring ring = store.ring(tenant);
        if (ring.keys().isEmpty()) {
            keys.begin(tenant);
            ring = store.ring(tenant);
        }
        List<WrappedKey> with = new ArrayList<>(ring.keys());
        with.add(keys.newKey(tenant));
        // If not, another has begun.
        store.replaceRing(tenant, ring.version(), with, OptionalLong.empty());
    }

    /** Does whatever is left to be done. */
    Report goOn(String tenant) throws KekUnavailableException, InterruptedException {
        long resealed = 0;
        while (true) {
            Ring ring = store.ring(tenant);
            Optional<WrappedKey> made = find(ring, KeyState.DISTRIBUTED);
            Optional<WrappedKey> old = find(ring, KeyState.DECRYPT_ONLY);
            if (made.isPresent()) {
                if (!awaitAllNodesKnow(ring.version())) {
                    LOGGER.atWarn()
                            .addKeyValue("tenant", tenant)
                            .log("a living node does not know the new key; the rotation waits for the next run");
                    return new Report(resealed, 0, false);
                }
                promote(tenant, ring, made.get());
            } else if (old.isPresent()) {
                Pass pass = reseal(tenant, old.get());
                resealed += pass.resealed();
                if (pass.unreadable() > 0) {
                    return new Report(resealed, pass.unreadable(), false);
                }
                disable(tenant, old.get());
            } else {
                return new Report(resealed, 0, true);
            }
        }
    }

    private boolean awaitAllNodesKnow(long version) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            OptionalLong oldest = store.oldestKnown();
            if (oldest.isEmpty() || oldest.getAsLong() >= version) {
                return true;
            }
            if (System.nanoTime() - until >= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.sleep(LOOKS_AGAIN.toNanos());
        }
    }

    private void promote(String tenant, Ring ring, WrappedKey made) {
        replace(tenant, ring, OptionalLong.empty(), key -> {
            if (key.id() == made.id()) {
                return in(KeyState.PRIMARY, key);
            }
            return key.state() == KeyState.PRIMARY ? in(KeyState.DECRYPT_ONLY, key) : key;
        });
    }

    private void disable(String tenant, WrappedKey old) {
        // If a row has come under it, there is another round.
        replace(
                tenant,
                store.ring(tenant),
                OptionalLong.of(old.id()),
                key -> key.id() == old.id() && key.state() == KeyState.DECRYPT_ONLY ? in(KeyState.DISABLED, key) : key);
    }

    private boolean replace(String tenant, Ring ring, OptionalLong unused, UnaryOperator<WrappedKey> change) {
        return store.replaceRing(
                tenant, ring.version(), ring.keys().stream().map(change).toList(), unused);
    }

    private static WrappedKey in(KeyState state, WrappedKey key) {
        byte[] wrapped = state == KeyState.DESTROYED ? new byte[0] : key.wrapped();
        return new WrappedKey(key.id(), state, wrapped, key.kek(), key.created());
    }

    private record Pass(long resealed, long unreadable) {}

    private Pass reseal(String tenant, WrappedKey old) throws KekUnavailableException, InterruptedException {
        long resealed = 0;
        long unreadable = 0;
        Optional<RowId> after = Optional.empty();
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            List<Row> rows = store.under(tenant, old.id(), after, AT_ONCE);
            if (rows.isEmpty()) {
                return new Pass(resealed, unreadable);
            }
            Loaded current = keys.lookUp(tenant)
                    .orElseThrow(() -> new IllegalStateException("the store has lost the keys of a tenant"));
            List<Resealed> anew = new ArrayList<>();
            for (Row row : rows) {
                Optional<byte[]> sealed = vault.reseal(current, row);
                sealed.ifPresent(it -> anew.add(new Resealed(row.id(), row.version(), it)));
                unreadable += sealed.isPresent() ? 0 : 1;
            }
            OptionalLong written = store.reseal(tenant, current.primary().id(), anew);
            if (written.isEmpty()) {
                // Another key is primary by now: the ring says what is to be done.
                return new Pass(resealed, 0);
            }
            resealed += written.getAsLong();
            after = Optional.of(rows.get(rows.size() - 1).id());
        }
    }

    /**
     * Gives a rotation up: the key that was primary before is so again, and what was sealed anew is sealed under it once more.
     * Nothing is lost, whenever it is done.
     */
    Report abort(String tenant) throws KekUnavailableException, InterruptedException {
        Ring ring = store.ring(tenant);
        Optional<WrappedKey> made = find(ring, KeyState.DISTRIBUTED);
        Optional<WrappedKey> old = find(ring, KeyState.DECRYPT_ONLY);
        if (made.isPresent()) {
            long id = made.get().id();
            replace(tenant, ring, OptionalLong.of(id), key -> key.id() == id ? in(KeyState.DESTROYED, key) : key);
        } else if (old.isPresent()) {
            promote(tenant, ring, old.get());
        }
        return goOn(tenant);
    }

    /** Erases the keys that a rotation has disabled, for good; returns how many there were. */
    int destroy(String tenant) {
        int destroyed = 0;
        Ring ring = store.ring(tenant);
        for (Optional<WrappedKey> key = find(ring, KeyState.DISABLED);
                key.isPresent();
                key = find(ring, KeyState.DISABLED)) {
            long id = key.get().id();
            if (!replace(tenant, ring, OptionalLong.of(id), it -> it.id() == id ? in(KeyState.DESTROYED, it) : it)) {
                return destroyed;
            }
            destroyed++;
            ring = store.ring(tenant);
        }
        return destroyed;
    }

    /** Wraps all keys of a tenant by the key-encryption key that wraps now. No row is touched. */
    boolean rewrap(String tenant) throws KekUnavailableException {
        Ring ring = store.ring(tenant);
        List<WrappedKey> anew = new ArrayList<>();
        for (WrappedKey key : ring.keys()) {
            anew.add(key.state() == KeyState.DESTROYED ? key : keys.rewrapped(tenant, key));
        }
        return store.replaceRing(tenant, ring.version(), anew, OptionalLong.empty());
    }
}
