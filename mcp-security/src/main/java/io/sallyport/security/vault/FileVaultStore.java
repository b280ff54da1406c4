package io.sallyport.security.vault;

import static java.util.Objects.requireNonNull;

import io.sallyport.security.vault.VaultFileFormat.Generation;
import io.sallyport.security.vault.VaultFileFormat.Identity;
import io.sallyport.security.vault.VaultFiles.Steps;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Keeps a vault in a folder of this machine: for one gateway, or a few programs on one machine, such as the gateway and a
 * command-line tool, and some thousand secrets. Several machines, or many writers, need a database. Thread-safe; any number of
 * processes may have the same folder open.
 *
 * <p>The whole vault is in memory, and in one file, {@code vault}; each write that changes something writes that file anew, and
 * returns when it is forced to disk. So a write costs time in proportion to the vault, whatever it writes: those of a rotation,
 * 200 rows at a time, no more than one of a single secret. Reads are served from memory, and look at the first bytes of the file
 * for whether there is a newer one. A process may be killed at any moment: what a method has returned is there.
 *
 * <p>The file before is kept as {@code vault.previous}, for operators; a key that was erased is not in that either. If {@code
 * vault} is damaged or gone, all methods fail, with a {@link StoreUnavailableException} that says what to do, and the log {@code
 * io.sallyport.vault} says it at ERROR: the file before lacks a write that was acknowledged, so it is never taken in its place
 * silently.
 *
 * <p>Bounds: the file has at most 64 MiB; a sealed value at most 1 MiB and 64 KiB; a name, a namespace or a tenant at most 64 KiB
 * of UTF-8, without halves of surrogate pairs. Beyond, writes fail with an {@link IllegalArgumentException} or, if the vault is full,
 * an {@link IllegalStateException}, and nothing is changed. In memory it takes about as much as on disk, thrice for the moment of a
 * write. A write waits at most 30 seconds for others.
 *
 * <p>The folder is its owner's alone, mode 700, its files 600; it is refused else. It must be on a local file system that knows
 * such modes, hard links and locks. {@code docs/vault.md} describes the format.
 */
public final class FileVaultStore implements VaultStore {

    private static final String LOCK = "lock";
    private static final String NODES = "nodes";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final PrivateFolder folder;
    private final VaultFiles files;
    private final NodeFiles nodes;
    private final FolderLock lock;
    private final InstantSource clock;

    /** The newest that this store has seen; others may have written a newer one. */
    private final AtomicReference<Generation> seen;

    /** So that one thread reads a new file, and not each. */
    private final ReentrantLock reloading = new ReentrantLock();

    private FileVaultStore(PrivateFolder folder, Steps steps, Duration patience, InstantSource clock)
            throws IOException {
        this.folder = folder;
        this.files = new VaultFiles(folder, steps);
        this.nodes = new NodeFiles(folder.folder(NODES));
        this.clock = clock;
        this.lock = new FolderLock(folder, LOCK, patience);
        boolean opened = false;
        try {
            this.seen = new AtomicReference<>(lock.holding(this::begin));
            opened = true;
        } finally {
            if (!opened) {
                lock.abandon();
            }
        }
    }

    private Generation begin() throws IOException {
        if (files.isNew()) {
            files.commit(VaultFileFormat.encode(after(0), new VaultContents()));
        }
        return files.load();
    }

    /**
     * Opens the vault in a folder, which is made if it is not there.
     *
     * @throws StoreUnavailableException if it cannot be used; the message says why, and what to do
     */
    public static FileVaultStore open(Path folder) {
        return open(folder, step -> {}, PATIENCE, InstantSource.system());
    }

    static FileVaultStore open(Path folder, Steps steps, Duration patience, InstantSource clock) {
        try {
            return new FileVaultStore(PrivateFolder.open(folder), steps, patience, clock);
        } catch (IOException e) {
            throw unavailable(folder, e);
        }
    }

    private static Identity after(long generation) {
        return new Identity(generation + 1, ThreadLocalRandom.current().nextLong());
    }

    private static StoreUnavailableException unavailable(Path folder, IOException e) {
        return new StoreUnavailableException("the vault in " + folder + " cannot be read or written: " + e, e);
    }

    /** Returns what is in the vault now. */
    private VaultContents contents() {
        try {
            return newest().contents();
        } catch (IOException e) {
            throw unavailable(folder.path(), e);
        }
    }

    private Generation known() {
        return requireNonNull(seen.get(), "it is set from the beginning");
    }

    private Generation newest() throws IOException {
        Generation known = known();
        return files.newest().equals(known.identity()) ? known : reload();
    }

    private Generation reload() throws IOException {
        reloading.lock();
        try {
            Generation known = known();
            Generation found = files.load();
            if (found.identity().equals(known.identity())) {
                return known;
            }
            if (found.identity().generation() <= known.identity().generation()) {
                // Versions that we have given out would be given out again, for other rows.
                throw new StoreUnavailableException(
                        "the vault in " + folder.path() + " has gone back from generation "
                                + known.identity().generation() + " to "
                                + found.identity().generation()
                                + " while it was in use; if you have put a backup in its place, restart all programs that use it");
            }
            return remember(found);
        } finally {
            reloading.unlock();
        }
    }

    private Generation remember(Generation found) {
        return seen.accumulateAndGet(
                found,
                (one, other) -> one.identity().generation() > other.identity().generation() ? one : other);
    }

    /** Changes what is in the vault, alone; returns when it is on disk. */
    private <T> T change(Function<VaultContents, T> work, Predicate<T> changes) {
        try {
            return lock.holding(() -> {
                Generation before = newest();
                VaultContents contents = before.contents().copy();
                T result = work.apply(contents);
                if (changes.test(result)) {
                    Identity identity = after(before.identity().generation());
                    files.commit(VaultFileFormat.encode(identity, contents));
                    remember(new Generation(identity, contents));
                }
                return result;
            });
        } catch (IOException e) {
            throw unavailable(folder.path(), e);
        }
    }

    @Override
    public Ring ring(String tenant) {
        return contents().ring(tenant);
    }

    @Override
    public List<String> tenants() {
        return contents().tenants();
    }

    @Override
    public boolean replaceRing(String tenant, long expectedVersion, List<WrappedKey> keys, OptionalLong unused) {
        boolean replaced = change(it -> it.replaceRing(tenant, expectedVersion, keys, unused), done -> done);
        if (replaced && keys.stream().anyMatch(key -> key.state() == KeyState.DESTROYED)) {
            // The generation before still has what was erased: another one of the same contents takes its place.
            change(it -> true, done -> done);
        }
        return replaced;
    }

    @Override
    public long newestRing() {
        return contents().newestRing();
    }

    @Override
    public Optional<Row> read(RowId id) {
        return contents().read(id);
    }

    @Override
    public Written write(RowId id, long expectedVersion, long keyId, byte[] sealed) {
        Instant now = clock.instant();
        return change(it -> it.write(id, expectedVersion, keyId, sealed, now), Written.WRITTEN::equals);
    }

    @Override
    public OptionalLong reseal(String tenant, long keyId, List<Resealed> rows) {
        return change(it -> it.reseal(tenant, keyId, rows), written -> written.orElse(0) > 0);
    }

    @Override
    public boolean delete(RowId id) {
        return change(it -> it.delete(id), done -> done);
    }

    @Override
    public List<Row> under(String tenant, long keyId, Optional<RowId> after, int atMost) {
        return contents().under(tenant, keyId, after, atMost);
    }

    @Override
    public long countUnder(String tenant, long keyId) {
        return contents().countUnder(tenant, keyId);
    }

    @Override
    public List<Row> list(String tenant, Optional<RowId> after, int atMost) {
        return contents().list(tenant, after, atMost);
    }

    /** {@inheritDoc} Costs one small file, which is not forced to disk: a machine that fails takes its nodes with it. */
    @Override
    public void beat(String node, long ringVersion, Duration lease) {
        Instant now = clock.instant();
        try {
            nodes.beat(node, ringVersion, now.plus(lease), now);
        } catch (IOException e) {
            throw unavailable(folder.path(), e);
        }
    }

    @Override
    public void leave(String node) {
        try {
            nodes.leave(node);
        } catch (IOException e) {
            throw unavailable(folder.path(), e);
        }
    }

    @Override
    public OptionalLong oldestKnown() {
        try {
            return nodes.oldestKnown(clock.instant());
        } catch (IOException e) {
            throw unavailable(folder.path(), e);
        }
    }

    /** Closes it, twice if asked; waits for a write that is under way. */
    @Override
    public void close() {
        lock.close();
    }
}
