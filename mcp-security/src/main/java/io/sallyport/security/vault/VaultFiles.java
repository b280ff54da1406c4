package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultFileFormat.Generation;
import io.sallyport.security.vault.VaultFileFormat.Identity;
import io.sallyport.spi.StoreUnavailableException;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest generation of a vault, the one before it, and the step from one to the next. Thread-safe; who commits holds the
 * {@link FolderLock}.
 *
 * <p>A commit of generation n + 1 is this, and a process may be killed after each step:
 *
 * <pre>{@code
 *                                     vault   vault.previous   what the next one finds
 * vault.new is written, by and by       n         n - 1        n; half a vault.new, which nobody reads, is written anew
 * vault.new is forced to disk           n         n - 1        n; the write was not acknowledged
 * vault.previous.new becomes a link     n         n - 1        n
 *   to vault, then vault.previous       n           n          n
 * vault.new becomes vault             n + 1         n          n + 1; not acknowledged, and done all the same
 * the folder is forced to disk        n + 1         n          n + 1
 * }</pre>
 *
 * <p>So {@code vault} is there at any moment after the first commit, and always whole: no kill leaves a damaged one. If it is
 * damaged or gone, a disk, a copy or a person did that, and {@code vault.previous} lacks a write that was acknowledged. It is
 * never taken for the newest: every call fails until an operator has decided.
 */
final class VaultFiles {

    static final String VAULT = "vault";
    static final String PREVIOUS = "vault.previous";
    static final String TEMPORARY = "vault.new";
    static final String TEMPORARY_LINK = "vault.previous.new";

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    /** What has just been done. */
    enum Step {
        TEMPORARY_MADE,
        TEMPORARY_HALF_WRITTEN,
        TEMPORARY_WRITTEN,
        TEMPORARY_FORCED,
        PREVIOUS_LINKED,
        PREVIOUS_REPLACED,
        VAULT_REPLACED,
        FOLDER_FORCED
    }

    /** Is told of each step; tests end the process there. */
    interface Steps {
        void done(Step step) throws IOException;
    }

    private final PrivateFolder folder;
    private final Steps steps;
    private final Path vault;
    private final Path previous;

    /** So that a log has it once, and not for each call. */
    private final AtomicReference<String> logged = new AtomicReference<>("");

    VaultFiles(PrivateFolder folder, Steps steps) {
        this.folder = folder;
        this.steps = steps;
        this.vault = folder.file(VAULT);
        this.previous = folder.file(PREVIOUS);
    }

    /** Returns whether nothing was ever committed. */
    boolean isNew() {
        return Files.notExists(vault) && Files.notExists(previous);
    }

    /** Returns which generation is the newest. Reads some bytes. */
    Identity newest() throws IOException {
        try {
            return VaultFileFormat.identity(read(vault, VaultFileFormat.HEADER_BYTES));
        } catch (UnusableFileException e) {
            throw unusable(e);
        }
    }

    /** Reads the newest generation. */
    Generation load() throws IOException {
        folder.checkIsPrivate(present(vault));
        try {
            Generation found = VaultFileFormat.decode(whole(vault));
            // Its writer may not have come to that: what we tell others of it must be on disk.
            folder.force();
            return found;
        } catch (UnusableFileException e) {
            throw unusable(e);
        }
    }

    private Path present(Path file) {
        if (Files.isSymbolicLink(file)) {
            // The next commit would put a file in its place, and others would write on where it has led to.
            throw new StoreUnavailableException("the vault " + file
                    + " is a link, which the first write would replace; put the file itself there, or link the folder");
        }
        if (Files.notExists(file)) {
            throw unusable(UnusableFileException.damaged("it is not there"));
        }
        return file;
    }

    private static byte[] whole(Path file) throws IOException, UnusableFileException {
        byte[] bytes = read(file, VaultFileFormat.MOST_BYTES + 1);
        if (bytes.length > VaultFileFormat.MOST_BYTES) {
            throw UnusableFileException.damaged("it has more than " + VaultFileFormat.MOST_BYTES + " bytes");
        }
        return bytes;
    }

    private static byte[] read(Path file, int most) throws IOException, UnusableFileException {
        // Not a channel, which an interrupt would close.
        try (InputStream in = new FileInputStream(file.toFile())) {
            return in.readNBytes(most);
        } catch (FileNotFoundException e) {
            if (Files.notExists(file)) {
                throw UnusableFileException.damaged("it is not there");
            }
            throw e;
        }
    }

    private StoreUnavailableException unusable(UnusableFileException flaw) {
        String message = "the vault " + vault + " cannot be used: " + flaw.getMessage() + ". " + remedy(flaw);
        if (!message.equals(logged.getAndSet(message))) {
            LOGGER.atError()
                    .addKeyValue("file", vault)
                    .addKeyValue("flaw", flaw.getMessage())
                    .addKeyValue("remedy", remedy(flaw))
                    .log("the vault cannot be used, and no secret is served");
        }
        return new StoreUnavailableException(message, flaw);
    }

    private String remedy(UnusableFileException flaw) {
        if (!flaw.isDamaged()) {
            return "Use the release that has written it, or a later one";
        }
        return "Stop all programs that use it; put a backup in its place, or accept to lose what was written last: "
                + describePrevious();
    }

    private String describePrevious() {
        try {
            Generation found = VaultFileFormat.decode(whole(previous));
            return PREVIOUS + " is whole (generation " + found.identity().generation() + ", "
                    + found.contents().allRows().size() + " secrets, of " + Files.getLastModifiedTime(previous)
                    + ") and can be copied over it. It lacks the newest write at least";
        } catch (IOException | UnusableFileException e) {
            return PREVIOUS + " cannot be used either: " + e.getMessage();
        }
    }

    /** Makes these bytes the newest generation; returns when they are on disk. Before it is done, nothing is changed. */
    void commit(byte[] bytes) throws IOException {
        Path temporary = folder.file(TEMPORARY);
        Path link = folder.file(TEMPORARY_LINK);
        try {
            Files.deleteIfExists(temporary);
            Files.deleteIfExists(link);
            write(temporary, bytes);
            if (Files.exists(vault)) {
                keepPrevious(link);
            }
            Files.move(temporary, vault, StandardCopyOption.ATOMIC_MOVE);
            steps.done(Step.VAULT_REPLACED);
        } finally {
            // A full disk should not be full of these; if it cannot be done, the next commit does it.
            Files.deleteIfExists(temporary);
            Files.deleteIfExists(link);
        }
        folder.force();
        steps.done(Step.FOLDER_FORCED);
    }

    private void write(Path temporary, byte[] bytes) throws IOException {
        folder.create(temporary);
        steps.done(Step.TEMPORARY_MADE);
        int half = bytes.length / 2;
        try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
            out.write(bytes, 0, half);
            steps.done(Step.TEMPORARY_HALF_WRITTEN);
            out.write(bytes, half, bytes.length - half);
            steps.done(Step.TEMPORARY_WRITTEN);
            out.getFD().sync();
        }
        steps.done(Step.TEMPORARY_FORCED);
    }

    /** A link, then a rename: with two renames, there would be a moment without a vault. */
    private void keepPrevious(Path link) throws IOException {
        try {
            Files.createLink(link, vault);
        } catch (UnsupportedOperationException e) {
            throw new IOException("the file system has no hard links; keep the vault on one that has", e);
        }
        steps.done(Step.PREVIOUS_LINKED);
        Files.move(link, previous, StandardCopyOption.ATOMIC_MOVE);
        steps.done(Step.PREVIOUS_REPLACED);
    }
}
