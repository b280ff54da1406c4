package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.security.vault.TenantKeys.Loaded;
import io.sallyport.security.vault.VaultStore.Resealed;
import io.sallyport.security.vault.VaultStore.Ring;
import io.sallyport.security.vault.VaultStore.Row;
import io.sallyport.security.vault.VaultStore.WrappedKey;
import io.sallyport.spi.AuditEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings all secrets of a tenant under a new data key, while they are read and written. Thread-safe; any number of them may
 * rotate the same tenant, in any processes.
 *
 * <p>What is to be done next follows from what is stored, and from nothing else: a new key that not all nodes know yet waits;
 * one that they know is promoted; rows under an older key are sealed anew, each only if nobody has written it meanwhile; an
 * older key without rows is disabled. Whoever was killed begins again with the same question. Several that rotate at once do
 * the same steps, and each step is done once. {@code RotationModelTest} goes through all that can happen.
 *
 * <p>Methods throw a {@link io.sallyport.spi.StoreUnavailableException} when the store cannot be reached; the next call goes
 * on where this one was.
 */
public final class KeyRotation {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** Each attempt fails because somebody else has succeeded. */
    private static final int MOST_ATTEMPTS = 100;

    /** Who finds an old copy of the store may want to know for so long what its key was. */
    private static final Duration REMEMBERED = Duration.ofDays(30);

    private static final Duration LOOKS_AGAIN = Duration.ofMillis(100);

    /** How a run ended. */
    public enum End {
        /** All secrets are under the new key, and no older one opens anything. */
        DONE,
        /** A living node does not know the new key yet; nothing is under it. The next run goes on. */
        WAITS_FOR_NODES,
        /** What was sealed for others to keep is still to be opened under the old key for a while. The next run goes on. */
        WAITS_FOR_AGE,
        /** Rows do not open: their key is kept. Nothing else is wrong; all other rows are under the new key. */
        UNREADABLE_ROWS
    }

    /**
     * What came of a run.
     *
     * @param resealed how many rows were sealed anew by this run
     * @param unreadable how many rows do not open
     * @param end how it ended
     */
    public record Report(long resealed, long unreadable, End end) {

        /** Returns whether there is nothing left to do. */
        public boolean isDone() {
            return end == End.DONE;
        }
    }

    /**
     * What opening all rows has shown.
     *
     * @param rows how many there are
     * @param unreadable how many of them do not open
     * @param rowsByKey how many are under which key, by its name
     */
    public record Check(long rows, long unreadable, Map<String, Long> rowsByKey) {

        /** Copies the map. */
        public Check {
            rowsByKey = Map.copyOf(rowsByKey);
        }
    }

    /** Hears how far a run has come. */
    @FunctionalInterface
    public interface Progress {

        /**
         * Called after each batch, on the thread that rotates.
         *
         * @param done how many rows this run has been through
         * @param total how many there were to go through, when it was counted
         */
        void at(long done, long total);
    }

    private final Vault vault;
    private final VaultStore store;
    private final TenantKeys keys;
    private final SealedRows rows;
    private final VaultAudit audit;
    private final Duration patience;
    private final int rowsPerSecond;
    private final Progress progress;

    private KeyRotation(Builder builder) {
        this.vault = builder.vault;
        this.store = builder.vault.store();
        this.keys = builder.vault.keys();
        this.rows = builder.vault.rows();
        this.audit = builder.vault.audit();
        this.patience = builder.patience;
        this.rowsPerSecond = builder.rowsPerSecond;
        this.progress = builder.progress;
    }

    /** Puts one together. Confined to one thread. */
    public static final class Builder {

        private final Vault vault;
        private Duration patience = Duration.ofMinutes(1);
        private int rowsPerSecond = Integer.MAX_VALUE;
        private Progress progress = (done, total) -> {};

        Builder(Vault vault) {
            this.vault = vault;
        }

        /**
         * Sets how long to wait for nodes that do not know a new key. Defaults to one minute, which is two leases of a node that
         * has died.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder patience(Duration atMost) {
            if (atMost.isNegative()) {
                throw new IllegalArgumentException("patience must not be negative, but was " + atMost);
            }
            this.patience = atMost;
            return this;
        }

        /**
         * Sets how many rows are sealed anew per second at most, to leave the store to others. Defaults to as many as there can
         * be.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder rowsPerSecond(int atMost) {
            if (atMost < 1) {
                throw new IllegalArgumentException("rowsPerSecond must be positive, but was " + atMost);
            }
            this.rowsPerSecond = atMost;
            return this;
        }

        /** Sets who hears how far it has come. Defaults to nobody. */
        public Builder progress(Progress listener) {
            this.progress = requireNonNull(listener, "listener");
            return this;
        }

        /** Returns it. */
        public KeyRotation build() {
            return new KeyRotation(this);
        }
    }

    /**
     * Rotates the key of a tenant; goes on with a rotation that has not come to its end, if there is one.
     *
     * @throws KekUnavailableException if a key cannot be wrapped or unwrapped now; the next call goes on
     * @throws InterruptedException if the thread was interrupted; the next call goes on
     */
    public Report rotate(String tenant) throws KekUnavailableException, InterruptedException {
        if (!isUnderWay(store.ring(tenant))) {
            try {
                begin(tenant);
            } catch (KekUnavailableException | RuntimeException e) {
                audit.failed(VaultAudit.ROTATION_BEGIN, tenant, e);
                throw e;
            }
        }
        return goOn(tenant);
    }

    private static Optional<WrappedKey> find(Ring ring, KeyState state) {
        return ring.keys().stream().filter(key -> key.state() == state).findFirst();
    }

    private void begin(String tenant) throws KekUnavailableException {
        keys.begin(tenant);
        Ring ring = store.ring(tenant);
        List<WrappedKey> with = new ArrayList<>(ring.keys());
        WrappedKey made = keys.newKey(tenant);
        with.add(made);
        // If not, another has begun.
        if (store.replaceRing(tenant, ring.version(), with, OptionalLong.empty())) {
            audit.done(VaultAudit.ROTATION_BEGIN, tenant, key(made.id()));
        }
    }

    private static Consumer<AuditEvent.Builder> key(long id) {
        return event -> event.detail("key", DataKey.word(id));
    }

    /** Does whatever is left to be done; nothing, if no rotation is under way. Throws as {@link #rotate}. */
    public Report goOn(String tenant) throws KekUnavailableException, InterruptedException {
        if (!isUnderWay(store.ring(tenant))) {
            return new Report(0, 0, End.DONE);
        }
        try {
            Report report = doWhatIsLeft(tenant);
            audit.done(
                    VaultAudit.ROTATION_END,
                    tenant,
                    event -> event.detail("end", word(report.end()))
                            .detail("resealed", Long.toString(report.resealed()))
                            .detail("unreadable", Long.toString(report.unreadable())));
            return report;
        } catch (KekUnavailableException | InterruptedException | RuntimeException e) {
            audit.failed(VaultAudit.ROTATION_END, tenant, e);
            throw e;
        }
    }

    private static boolean isUnderWay(Ring ring) {
        return find(ring, KeyState.DISTRIBUTED).isPresent()
                || find(ring, KeyState.DECRYPT_ONLY).isPresent();
    }

    private static String word(End end) {
        return end.name().toLowerCase(Locale.ROOT);
    }

    private Report doWhatIsLeft(String tenant) throws KekUnavailableException, InterruptedException {
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
                    return new Report(resealed, 0, End.WAITS_FOR_NODES);
                }
                // If somebody else has changed something meanwhile, the next look says what is to be done.
                replace(tenant, ring, OptionalLong.empty(), promoted(made.get()));
            } else if (old.isPresent()) {
                Pass pass = reseal(tenant, old.get());
                resealed += pass.resealed();
                if (pass.unreadable() > 0) {
                    return new Report(resealed, pass.unreadable(), End.UNREADABLE_ROWS);
                }
                if (vault.mustStillOpen(tenant, primary(ring).created())) {
                    return new Report(resealed, 0, End.WAITS_FOR_AGE);
                }
                disable(tenant, old.get());
            } else {
                return new Report(resealed, 0, End.DONE);
            }
        }
    }

    private static WrappedKey primary(Ring ring) {
        return find(ring, KeyState.PRIMARY).orElseThrow(TenantKeys::lost);
    }

    private boolean awaitAllNodesKnow(long version) throws InterruptedException {
        vault.beatSoon();
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

    private UnaryOperator<WrappedKey> promoted(WrappedKey made) {
        return key -> {
            if (key.id() == made.id()) {
                return in(KeyState.PRIMARY, key);
            }
            return key.state() == KeyState.PRIMARY ? in(KeyState.DECRYPT_ONLY, key) : key;
        };
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

    private WrappedKey in(KeyState state, WrappedKey key) {
        byte[] wrapped = state == KeyState.DESTROYED ? new byte[0] : key.wrapped();
        return new WrappedKey(key.id(), state, wrapped, key.kek(), vault.now());
    }

    private record Pass(long resealed, long unreadable) {}

    private Pass reseal(String tenant, WrappedKey old) throws KekUnavailableException, InterruptedException {
        long total = store.countUnder(tenant, old.id());
        Pace pace = new Pace(rowsPerSecond);
        long resealed = 0;
        long unreadable = 0;
        long seen = 0;
        int atOnce = Math.min(RowPages.ROWS, rowsPerSecond);
        for (List<Row> batch : RowPages.of(after -> store.under(tenant, old.id(), after, atOnce))) {
            checkNotInterrupted();
            Loaded current = keys.lookUp(tenant).orElseThrow(TenantKeys::lost);
            List<Resealed> anew = batch.stream()
                    .flatMap(row -> rows.resealed(current, row).stream())
                    .toList();
            unreadable += batch.size() - anew.size();
            OptionalLong written = store.reseal(tenant, current.primary().id(), anew);
            if (written.isEmpty()) {
                // Another key is primary by now: the ring says what is to be done.
                return new Pass(resealed, 0);
            }
            resealed += written.getAsLong();
            seen += batch.size();
            progress.at(seen, Math.max(seen, total));
            pace.keep(seen);
        }
        return new Pass(resealed, unreadable);
    }

    private static void checkNotInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    /**
     * Gives a rotation up: the key that was primary before is so again, and what was sealed anew is sealed under it once more.
     * Nothing is lost, whenever it is done. Does nothing if no rotation is under way. Throws as {@link #rotate}.
     */
    public Report abort(String tenant) throws KekUnavailableException, InterruptedException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            if (isBack(tenant)) {
                return goOn(tenant);
            }
        }
        throw tooOften();
    }

    /** Turns back; returns whether that took effect, or there was nothing to turn back. */
    private boolean isBack(String tenant) {
        Ring ring = store.ring(tenant);
        Optional<WrappedKey> made = find(ring, KeyState.DISTRIBUTED);
        Optional<WrappedKey> old = find(ring, KeyState.DECRYPT_ONLY);
        if (made.isPresent()) {
            long id = made.get().id();
            boolean gone = replace(
                    tenant, ring, OptionalLong.of(id), key -> key.id() == id ? in(KeyState.DESTROYED, key) : key);
            if (gone) {
                audit.done(VaultAudit.ROTATION_ABORT, tenant, key(id));
                audit.done(VaultAudit.KEY_DESTROY, tenant, key(id));
            }
            return gone;
        }
        if (old.isEmpty()) {
            return true;
        }
        boolean back = replace(tenant, ring, OptionalLong.empty(), promoted(old.get()));
        if (back) {
            audit.done(VaultAudit.ROTATION_ABORT, tenant, key(primary(ring).id()));
        }
        return back;
    }

    /**
     * Erases the keys that rotations have disabled, for good. What was sealed under them and is not in the store opens for nobody
     * any more, but for who has a copy of the store that has the keys, and the key-encryption key. What is left of a key, its
     * name, is forgotten by the first call after 30 days.
     *
     * @return how many were erased
     */
    public int destroy(String tenant) {
        int destroyed = 0;
        for (WrappedKey key : store.ring(tenant).keys()) {
            if (key.state() == KeyState.DISABLED && destroyed(tenant, key.id())) {
                destroyed++;
            }
        }
        forgetWhatIsLongDestroyed(tenant);
        return destroyed;
    }

    /** Else rings would only grow. Nothing can come under such a key, as it is not primary, and never will be again. */
    private void forgetWhatIsLongDestroyed(String tenant) {
        Instant before = vault.now().minus(REMEMBERED);
        for (WrappedKey old : store.ring(tenant).keys()) {
            if (old.state() == KeyState.DESTROYED && old.created().isBefore(before)) {
                Ring ring = store.ring(tenant);
                List<WrappedKey> others =
                        ring.keys().stream().filter(key -> key.id() != old.id()).toList();
                // If somebody else changes keys just now, or there is a row of an older copy under it: another time.
                store.replaceRing(tenant, ring.version(), others, OptionalLong.of(old.id()));
            }
        }
    }

    private boolean destroyed(String tenant, long id) {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            if (store.countUnder(tenant, id) > 0) {
                LOGGER.atWarn()
                        .addKeyValue("tenant", tenant)
                        .addKeyValue("key", DataKey.word(id))
                        .log("a disabled key is kept: there are rows under it, of an older copy of the store perhaps");
                return false;
            }
            Ring ring = store.ring(tenant);
            if (ring.keys().stream().noneMatch(key -> key.id() == id && key.state() == KeyState.DISABLED)) {
                // Somebody else was here.
                return false;
            }
            if (replace(tenant, ring, OptionalLong.of(id), key -> key.id() == id ? in(KeyState.DESTROYED, key) : key)) {
                audit.done(VaultAudit.KEY_DESTROY, tenant, key(id));
                return true;
            }
        }
        throw tooOften();
    }

    /**
     * Wraps all keys of a tenant by the key-encryption key that wraps now. No row is touched.
     *
     * @return how many keys were under another one
     * @throws KekUnavailableException if one of the two cannot be had now; nothing was changed
     */
    public int rewrap(String tenant) throws KekUnavailableException {
        int rewrapped;
        try {
            rewrapped = rewrapAll(tenant);
        } catch (KekUnavailableException | RuntimeException e) {
            audit.failed(VaultAudit.KEY_REWRAP, tenant, e);
            throw e;
        }
        audit.done(
                VaultAudit.KEY_REWRAP,
                tenant,
                event -> event.detail("keys", Integer.toString(rewrapped))
                        .detail("kek", VaultAudit.cut(keys.currentKek())));
        return rewrapped;
    }

    private int rewrapAll(String tenant) throws KekUnavailableException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            Ring ring = store.ring(tenant);
            List<WrappedKey> anew = new ArrayList<>();
            int others = 0;
            for (WrappedKey key : ring.keys()) {
                boolean isOther =
                        key.state() != KeyState.DESTROYED && !key.kek().equals(keys.currentKek());
                anew.add(isOther ? keys.rewrapped(tenant, key) : key);
                others += isOther ? 1 : 0;
            }
            if (others == 0 || store.replaceRing(tenant, ring.version(), anew, OptionalLong.empty())) {
                return others;
            }
        }
        throw tooOften();
    }

    /** Opens each row of a tenant, and changes nothing: what a rotation would have to do, and whether it could. */
    public Check verify(String tenant) throws KekUnavailableException, InterruptedException {
        Optional<Loaded> current = keys.lookUp(tenant);
        Pace pace = new Pace(rowsPerSecond);
        Map<String, Long> rowsByKey = new TreeMap<>();
        long seen = 0;
        long unreadable = 0;
        for (List<Row> batch : RowPages.all(store, tenant)) {
            checkNotInterrupted();
            for (Row row : batch) {
                rowsByKey.merge(DataKey.word(row.keyId()), 1L, Long::sum);
                unreadable += rows.opens(current, row) ? 0 : 1;
            }
            seen += batch.size();
            progress.at(seen, seen);
            pace.keep(seen);
        }
        return new Check(seen, unreadable, rowsByKey);
    }

    private static IllegalStateException tooOften() {
        return new IllegalStateException("keys were changed by others " + MOST_ATTEMPTS + " times in a row");
    }
}
