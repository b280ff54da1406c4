package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a vault keeps what it has sealed, and its data keys, wrapped. It sees no plaintext and no key. Thread-safe; shared by
 * as many vaults, in as many processes, as have been given the same place.
 *
 * <p>Three promises carry the rotation of keys, see {@code docs/vault.md}: a row is replaced only if it is at the version that
 * the writer has seen; nothing is written under a key that is not primary at that very moment; and a key is given up only if
 * no row is under it at that very moment. What a method returned is on disk, if this is a store that keeps anything.
 *
 * <p>Names are compared, and ordered, by their code points.
 *
 * <p>Methods throw a {@link io.sallyport.spi.StoreUnavailableException} when the place cannot be reached.
 */
public interface VaultStore extends AutoCloseable {

    /**
     * The name of a row.
     *
     * @param tenant whose it is
     * @param namespace a part of the tenant's
     * @param name its name there
     */
    record RowId(String tenant, String namespace, String name) {

        /** Checks that no part is missing. */
        public RowId {
            requireNonNull(tenant, "tenant");
            requireNonNull(namespace, "namespace");
            requireNonNull(name, "name");
        }
    }

    /**
     * A row as it stands.
     *
     * @param id its name
     * @param version of the row; each write gives it another, which no row has had before, not even a deleted one
     * @param keyId the data key that it is sealed under
     * @param sealed what was sealed
     * @param written when it was written last; not when it was sealed anew
     */
    record Row(RowId id, long version, long keyId, byte[] sealed, Instant written) {}

    /**
     * A row that is to be sealed anew, with the same content.
     *
     * @param id its name
     * @param version that it was opened at
     * @param sealed what it is to become
     */
    record Resealed(RowId id, long version, byte[] sealed) {}

    /**
     * A data key of a tenant.
     *
     * @param id its name, which stands in what is sealed under it
     * @param state what it is for
     * @param wrapped the key, wrapped; empty once it is destroyed
     * @param kek the name of the key that wraps it
     * @param created when it came into this state
     */
    record WrappedKey(long id, KeyState state, byte[] wrapped, String kek, Instant created) {}

    /**
     * The data keys of a tenant.
     *
     * @param version each change raises it, of any tenant's; 0 if the tenant has none
     * @param keys all that have not been forgotten, in the order in which they were made
     */
    record Ring(long version, List<WrappedKey> keys) {

        /** Copies the list. */
        public Ring {
            keys = List.copyOf(keys);
        }
    }

    /** What came of writing. */
    enum Written {
        /** It is written. */
        WRITTEN,
        /** The row is at another version than was said; nothing was changed. */
        CONFLICT,
        /** The key is not primary any more; nothing was changed. */
        KEY_NOT_PRIMARY
    }

    /** Returns the keys of a tenant. */
    Ring ring(String tenant);

    /** Returns the tenants that have keys, in the order of their names. */
    List<String> tenants();

    /**
     * Replaces the keys of a tenant.
     *
     * @param expectedVersion the version that the caller has seen; 0 for none
     * @param keys all of them
     * @param unused the name of a key that must have no rows, or the change is refused
     * @return whether it was done; false if there is another version, or a row under that key
     */
    boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused);

    /** Returns the version of the newest ring there is. */
    long newestRing();

    /** Returns a row. */
    Optional<Row> read(RowId id);

    /**
     * Writes a row.
     *
     * @param expectedVersion the version that it is at; 0 if there is none
     * @param keyId what it is sealed under
     */
    Written write(RowId id, long expectedVersion, long keyId, byte[] sealed);

    /**
     * Writes rows that were sealed anew, in one go. Those that are at another version by now are left as they are.
     *
     * @return how many were written; nothing if the key is not primary any more
     */
    OptionalLong reseal(String tenant, long keyId, List<Resealed> rows);

    /**
     * Deletes a row.
     *
     * @return whether there was one
     */
    boolean delete(RowId id);

    /**
     * Returns rows that are under a key, in the order of their names.
     *
     * @param after begins behind this one; empty for the first
     */
    List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost);

    /** Returns how many rows are under a key. */
    long countUnder(String tenant, long keyId);

    /**
     * Returns rows of a tenant in the order of their names.
     *
     * @param after begins behind this one; empty for the first
     */
    List<Row> list(String tenant, Optional<RowId> after, int atMost);

    /**
     * Says that a node lives, and knows all rings up to a version.
     *
     * @param lease for how long that is to be believed
     */
    void beat(String node, long ringVersion, Duration lease);

    /** Says that a node lives no more. */
    void leave(String node);

    /** Returns the oldest ring version that a living node knows; nothing if none lives. */
    OptionalLong oldestKnown();

    /** Closes it; what it was given remains open. */
    @Override
    void close();
}
