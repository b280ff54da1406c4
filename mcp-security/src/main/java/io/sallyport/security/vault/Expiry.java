package io.sallyport.security.vault;

import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Row;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Makes secrets unusable until they are put in anew. Each is marked in its row, which every node reads at each use. */
final class Expiry {

    /** Each attempt fails because somebody else has succeeded. */
    private static final int MOST_ATTEMPTS = 100;

    private final VaultStore store;
    private final TenantKeys keys;
    private final SealedRows rows;

    Expiry(VaultStore store, TenantKeys keys, SealedRows rows) {
        this.store = store;
        this.keys = keys;
        this.rows = rows;
    }

    /** Expires all of a tenant that are there now; returns how many were. */
    long expire(String tenant, String namespace) throws KekUnavailableException {
        long expired = 0;
        for (List<Row> page : RowPages.all(store, tenant)) {
            List<Row> those = page.stream()
                    .filter(row -> row.id().namespace().equals(namespace))
                    .toList();
            expired += expireAll(tenant, those);
        }
        return expired;
    }

    private long expireAll(String tenant, List<Row> batch) throws KekUnavailableException {
        Optional<Loaded> current = keys.lookUp(tenant);
        if (current.isEmpty()) {
            return 0;
        }
        List<Resealed> marked = batch.stream()
                .flatMap(row -> marked(current.get(), row).stream())
                .toList();
        long expired =
                store.reseal(tenant, current.get().primary().id(), marked).orElse(0);
        if (expired < marked.size()) {
            for (Row row : batch) {
                expired += expire(row) ? 1 : 0;
            }
        }
        return expired;
    }

    /** Returns whether it was usable until now. What somebody has put in meanwhile in its place is left. */
    private boolean expire(Row seen) throws KekUnavailableException {
        Optional<Row> row = Optional.of(seen);
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Optional<Loaded> current = keys.lookUp(seen.id().tenant());
            // To be put in anew is another time of writing, to be sealed anew is not.
            if (row.isEmpty() || current.isEmpty() || !row.get().written().equals(seen.written())) {
                return false;
            }
            Optional<Resealed> marked = marked(current.get(), row.get());
            if (marked.isEmpty()) {
                return false;
            }
            OptionalLong written =
                    store.reseal(seen.id().tenant(), current.get().primary().id(), List.of(marked.get()));
            if (written.isPresent() && written.getAsLong() == 1) {
                return true;
            }
            row = store.read(seen.id());
        }
        throw new IllegalStateException("a secret was written by others " + MOST_ATTEMPTS + " times in a row");
    }

    /** Returns nothing if it is unusable anyway. */
    private Optional<Resealed> marked(Loaded current, Row row) {
        Optional<byte[]> content = rows.content(current, row);
        if (content.isEmpty()) {
            return Optional.empty();
        }
        Optional<StoredSecret> stored = StoredSecret.of(content.get());
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        try (StoredSecret secret = stored.get()) {
            if (secret.expired()) {
                return Optional.empty();
            }
            byte[] marked = secret.asExpired().bytes();
            try {
                return Optional.of(rows.resealed(current, row, marked));
            } finally {
                Arrays.fill(marked, (byte) 0);
            }
        }
    }
}
