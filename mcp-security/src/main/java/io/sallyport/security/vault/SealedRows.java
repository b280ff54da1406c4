package io.sallyport.security.vault;

import io.sallyport.security.vault.Envelope.Opened;
import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.RowId;
import io.sallyport.security.vault.VaultStore.Written;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Rows of a store, sealed under the keys of their tenants and for their own names. Thread-safe. */
final class SealedRows {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final String PURPOSE = "row";

    /** Each attempt fails because somebody else has succeeded. */
    private static final int MOST_ATTEMPTS = 100;

    /** A key that is not here may have been made since we looked; the row may have been sealed anew since. */
    private static final int MOST_LOOKS = 3;

    private final VaultStore store;
    private final TenantKeys keys;
    private final Envelope envelope;

    SealedRows(VaultStore store, TenantKeys keys, Envelope envelope) {
        this.store = store;
        this.keys = keys;
        this.envelope = envelope;
    }

    private static SealContext context(RowId id) {
        return new SealContext(id.tenant(), id.namespace(), id.name(), PURPOSE);
    }

    /** Makes the content of a row of what is there. */
    private interface Content {
        byte[] of(Loaded current, Optional<Row> before);
    }

    /** Writes a row, in the place of the one that was there. Returns when it is kept. */
    void put(RowId id, byte[] content) throws KekUnavailableException {
        Optional<Loaded> known = keys.known(id.tenant());
        Loaded current = known.isPresent() ? known.get() : keys.begin(id.tenant());
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Written written = write(id, current, (with, before) -> content);
            if (written == Written.WRITTEN) {
                return;
            }
            if (written == Written.KEY_NOT_PRIMARY) {
                Optional<Loaded> newer = keys.lookUp(id.tenant());
                current = newer.isPresent() ? newer.get() : keys.begin(id.tenant());
            }
        }
        throw tooOften();
    }

    /** Writes a row if there is none; returns whether that was so. Returns when it is kept. */
    boolean putIfAbsent(RowId id, byte[] content) throws KekUnavailableException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            if (store.read(id).isPresent()) {
                return false;
            }
            Optional<Loaded> known = keys.lookUp(id.tenant());
            DataKey primary = (known.isPresent() ? known.get() : keys.begin(id.tenant())).primary();
            byte[] sealed = envelope.seal(primary, context(id), content);
            if (store.write(id, 0, primary.id(), sealed) == Written.WRITTEN) {
                return true;
            }
        }
        throw tooOften();
    }

    /**
     * Writes what is made of what a row holds; that is nothing if there is none, or it does not open. Does nothing for a tenant
     * without keys.
     *
     * @param change is called again if somebody else was faster
     */
    void change(RowId id, Function<Optional<byte[]>, byte[]> change) throws KekUnavailableException {
        Optional<Loaded> current = keys.known(id.tenant());
        for (int attempt = 0; attempt < MOST_ATTEMPTS && current.isPresent(); attempt++) {
            Content content = (with, before) -> change.apply(before.flatMap(row -> content(with, row)));
            Written written = write(id, current.get(), content);
            if (written == Written.WRITTEN) {
                return;
            }
            if (written == Written.KEY_NOT_PRIMARY) {
                current = keys.lookUp(id.tenant());
            }
        }
        if (current.isPresent()) {
            throw tooOften();
        }
    }

    private Written write(RowId id, Loaded current, Content content) {
        Optional<Row> before = store.read(id);
        byte[] sealed = envelope.seal(current.primary(), context(id), content.of(current, before));
        long version = before.map(Row::version).orElse(0L);
        return store.write(id, version, current.primary().id(), sealed);
    }

    private static IllegalStateException tooOften() {
        return new IllegalStateException("a row was written by others " + MOST_ATTEMPTS + " times in a row");
    }

    /**
     * Returns what a row holds, which is the caller's to erase; nothing if there is none.
     *
     * @throws SecretUnreadableException if there is one and it does not open
     */
    Optional<byte[]> get(RowId id) throws KekUnavailableException, SecretUnreadableException {
        Optional<Loaded> current = keys.known(id.tenant());
        for (int look = 1; ; look++) {
            Optional<Row> row = store.read(id);
            if (row.isEmpty()) {
                return Optional.empty();
            }
            Opened opened = open(current, row.get());
            if (opened.plaintext() != null) {
                return Optional.of(opened.plaintext());
            }
            if (opened.flaw() != Envelope.Flaw.UNKNOWN_KEY || look == MOST_LOOKS) {
                LOGGER.atWarn()
                        .addKeyValue("tenant", id.tenant())
                        .addKeyValue("namespace", id.namespace())
                        .addKeyValue("name", id.name())
                        .addKeyValue("key", DataKey.word(row.get().keyId()))
                        .addKeyValue("flaw", opened.flaw())
                        .log("what the vault keeps does not open");
                throw new SecretUnreadableException();
            }
            current = keys.lookUp(id.tenant());
        }
    }

    private Opened open(Optional<Loaded> with, Row row) {
        return envelope.open(id -> with.map(it -> it.find(id)).orElse(null), context(row.id()), row.sealed());
    }

    /** Returns what a row holds, which is the caller's to erase; nothing if it does not open. */
    Optional<byte[]> content(Loaded current, Row row) {
        return Optional.ofNullable(open(Optional.of(current), row).plaintext());
    }

    /** Returns what a row is to become that holds the same under the primary key; nothing if it does not open. */
    Optional<Resealed> resealed(Loaded current, Row row) {
        return content(current, row).map(content -> resealed(current, row, content));
    }

    /** Returns what a row is to become that holds something else; erases that. */
    Resealed resealed(Loaded current, Row row, byte[] content) {
        try {
            byte[] sealed = envelope.seal(current.primary(), context(row.id()), content);
            return new Resealed(row.id(), row.version(), sealed);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /** Returns whether a row opens. */
    boolean opens(Optional<Loaded> current, Row row) {
        Opened opened = open(current, row);
        if (opened.plaintext() == null) {
            return false;
        }
        Arrays.fill(opened.plaintext(), (byte) 0);
        return true;
    }
}
