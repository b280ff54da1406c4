package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.security.vault.Envelope.Opened;
import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Secrets by name, sealed wherever they are kept. Each is under a data key of its tenant; data keys are wrapped by a
 * {@link KekProvider}. Thread-safe.
 */
final class Vault {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final String NAMESPACE = "secrets";
    private static final String PURPOSE = "secret";

    /** Each attempt fails because somebody else has succeeded. */
    private static final int MOST_ATTEMPTS = 100;

    /** A key that is not here may have been made since we looked; the row may have been sealed anew since. */
    private static final int MOST_LOOKS = 3;

    private final VaultStore store;
    private final TenantKeys keys;
    private final Envelope envelope;

    Vault(VaultStore store, KekProvider kek, Primitives primitives, SecureRandom random, InstantSource clock) {
        this.store = requireNonNull(store, "store");
        this.keys = new TenantKeys(store, kek, random, clock);
        this.envelope = new Envelope(primitives, random);
    }

    TenantKeys keys() {
        return keys;
    }

    private static RowId row(String tenant, String name) {
        return new RowId(tenant, NAMESPACE, name);
    }

    private static SealContext context(RowId id) {
        return new SealContext(id.tenant(), id.namespace(), id.name(), PURPOSE);
    }

    /** Puts a secret in, in the place of the one that has been there under its name. Returns when it is kept. */
    void put(String tenant, String name, SecretValue value) throws KekUnavailableException {
        RowId id = row(tenant, name);
        Optional<Loaded> known = keys.known(tenant);
        Loaded current = known.isPresent() ? known.get() : keys.begin(tenant);
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            DataKey primary = current.primary();
            byte[] sealed = value.use(bytes -> envelope.seal(primary, context(id), bytes));
            long version = store.read(id).map(Row::version).orElse(0L);
            Written written = store.write(id, version, primary.id(), sealed);
            if (written == Written.WRITTEN) {
                return;
            }
            if (written == Written.KEY_NOT_PRIMARY) {
                current = keys.lookUp(tenant)
                        .orElseThrow(() -> new IllegalStateException("the store has lost the keys of a tenant"));
            }
        }
        throw new IllegalStateException("a secret was written by others " + MOST_ATTEMPTS + " times in a row");
    }

    /**
     * Returns a secret, which is the caller's to close; nothing if there is none of this name.
     *
     * @throws SecretUnreadableException if there is one and it does not open
     */
    Optional<SecretValue> get(String tenant, String name) throws KekUnavailableException, SecretUnreadableException {
        RowId id = row(tenant, name);
        Optional<Loaded> current = keys.known(tenant);
        for (int look = 0; look < MOST_LOOKS; look++) {
            Optional<Row> row = store.read(id);
            if (row.isEmpty()) {
                return Optional.empty();
            }
            Opened opened = open(current, row.get());
            if (opened.plaintext() != null) {
                return Optional.of(SecretValue.taking(opened.plaintext()));
            }
            if (opened.flaw() != Envelope.Flaw.UNKNOWN_KEY || look == MOST_LOOKS - 1) {
                LOGGER.atWarn()
                        .addKeyValue("tenant", tenant)
                        .addKeyValue("secret", name)
                        .addKeyValue("key", DataKey.word(row.get().keyId()))
                        .addKeyValue("flaw", opened.flaw())
                        .log("a secret does not open");
                throw new SecretUnreadableException();
            }
            current = keys.lookUp(tenant);
        }
        throw new SecretUnreadableException();
    }

    private Opened open(Optional<Loaded> keys, Row row) {
        return envelope.open(id -> keys.map(it -> it.find(id)).orElse(null), context(row.id()), row.sealed());
    }

    /** Seals what a row holds under the key that is primary now; nothing if it does not open. */
    Optional<byte[]> reseal(Loaded current, Row row) {
        Opened opened = open(Optional.of(current), row);
        if (opened.plaintext() == null) {
            return Optional.empty();
        }
        try (SecretValue value = SecretValue.taking(opened.plaintext())) {
            return Optional.of(value.use(bytes -> envelope.seal(current.primary(), context(row.id()), bytes)));
        }
    }

    /** Returns whether a row opens. */
    boolean opens(Loaded current, Row row) {
        Opened opened = open(Optional.of(current), row);
        if (opened.plaintext() == null) {
            return false;
        }
        SecretValue.taking(opened.plaintext()).close();
        return true;
    }

    /** Takes a secret out; returns whether there was one. */
    boolean delete(String tenant, String name) {
        return store.delete(row(tenant, name));
    }
}
