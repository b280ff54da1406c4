package io.sallyport.security.vault;

import io.sallyport.spi.StoreUnavailableException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.Set;

/** A folder that nobody but its owner can look into, and files in it that nobody else can read. Thread-safe. */
final class PrivateFolder {

    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Set<PosixFilePermission> OWNERS_ALONE = EnumSet.of(
            PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);

    private final Path path;

    private PrivateFolder(Path path) {
        this.path = path;
    }

    /** Makes it if it is not there; the folder above must be. */
    static PrivateFolder open(Path path) throws IOException {
        try {
            Files.createDirectory(path, OWNERS_FOLDER);
        } catch (FileAlreadyExistsException e) {
            // So it is to be looked at.
        } catch (NoSuchFileException e) {
            throw new StoreUnavailableException(
                    "the folder of the vault, " + path
                            + ", cannot be made, as the one above it is not there; make that",
                    e);
        } catch (UnsupportedOperationException e) {
            throw new StoreUnavailableException(
                    "the file system of " + path
                            + " does not know who may read a file; keep the vault on one that does, or in a database",
                    e);
        }
        Path real = path.toRealPath();
        if (!Files.isDirectory(real)) {
            throw new StoreUnavailableException(
                    "the folder of the vault, " + real + ", is a file; name a folder, or one that is to be made");
        }
        checkIsPrivate(real, "700");
        return new PrivateFolder(real);
    }

    private static void checkIsPrivate(Path path, String mode) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        if (!OWNERS_ALONE.containsAll(permissions)) {
            throw new StoreUnavailableException("others than its owner have rights to " + path + " ("
                    + PosixFilePermissions.toString(permissions) + "), where a vault is kept; chmod " + mode
                    + " takes them away. Whoever could read it meanwhile has what is sealed; whoever could write, may have"
                    + " taken files away");
        }
    }

    Path path() {
        return path;
    }

    Path file(String name) {
        return path.resolve(name);
    }

    /** Returns the folder of this name in it, which it makes if it is not there. */
    PrivateFolder folder(String name) throws IOException {
        return open(file(name));
    }

    /** Checks that nobody else reads or writes a file, which is there. */
    void checkIsPrivate(Path file) throws IOException {
        checkIsPrivate(file, "600");
    }

    /** Makes an empty file, which is not there yet. */
    void create(Path file) throws IOException {
        Files.createFile(file, OWNERS_FILE);
        UserPrincipal mine = Files.getOwner(file);
        UserPrincipal owner = Files.getOwner(path);
        if (!mine.equals(owner)) {
            // Else the program that runs as the owner could not read its own vault any more.
            Files.deleteIfExists(file);
            throw new StoreUnavailableException("this program runs as " + mine.getName() + ", but the vault in " + path
                    + " is " + owner.getName() + "'s; run it as " + owner.getName());
        }
    }

    /** Opens a file for writing; a thread that is interrupted writes on. */
    static OutputStream write(Path file) throws IOException {
        return new FileOutputStream(file.toFile());
    }

    /** Returns when the names of the files in it are on disk. */
    void force() throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException e) {
                    // The interrupt is for whoever called us; what they are told is kept has to be.
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
