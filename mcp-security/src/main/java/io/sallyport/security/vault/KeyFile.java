package io.sallyport.security.vault;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file with a key in it that is its owner's alone. */
final class KeyFile {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private KeyFile() {}

    /**
     * Returns what a file holds, which is the caller's to erase. Links are followed, and what they lead to is checked.
     *
     * @param mostBytes more are refused
     */
    static byte[] read(Path file, int mostBytes) throws KekUnavailableException {
        Path real = real(file);
        String shown = real.equals(file.toAbsolutePath()) ? file.toString() : file + ", which is " + real + ",";
        try {
            checkIsOwnersAlone(real, shown);
            return content(real, mostBytes, shown);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static Path real(Path file) throws KekUnavailableException {
        try {
            return file.toRealPath();
        } catch (NoSuchFileException e) {
            throw new KekUnavailableException(
                    "there is no file " + file + " with a key-encryption key; set the path right, or make a key, if "
                            + "nothing was ever wrapped by one",
                    e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static KekUnavailableException unreadable(Path file, IOException e) {
        if (e instanceof AccessDeniedException) {
            return new KekUnavailableException(
                    file + " may not be read by this process; make its user the owner of the file, and let it through "
                            + "the folders above",
                    e);
        }
        return new KekUnavailableException(file + " cannot be read: " + e, e);
    }

    private static void checkIsOwnersAlone(Path real, String shown) throws IOException, KekUnavailableException {
        if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
            throw new KekUnavailableException(shown + " is no regular file; a key is read from one only");
        }
        PosixFileAttributeView view = posix(real);
        if (view == null) {
            LOGGER.atWarn()
                    .addKeyValue("file", real)
                    .log("the file system has no permissions that could be checked: see yourself that nobody else can "
                            + "read the file of a key-encryption key");
            return;
        }
        Set<PosixFilePermission> permissions = view.readAttributes().permissions();
        if (permissions.stream().anyMatch(OTHERS::contains)) {
            throw new KekUnavailableException(shown + " can be read or written by others than its owner ("
                    + PosixFilePermissions.toString(permissions) + "); chmod 600 it, and change the key if it may have "
                    + "been read");
        }
    }

    private static @Nullable PosixFileAttributeView posix(Path path) {
        return Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static byte[] content(Path real, int mostBytes, String shown) throws IOException, KekUnavailableException {
        // A buffer of ours: for an array the JDK would copy what it reads into one that it keeps.
        ByteBuffer buffer = ByteBuffer.allocateDirect(mostBytes + 1);
        try (SeekableByteChannel channel = Files.newByteChannel(real, StandardOpenOption.READ)) {
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // Until there is no more.
            }
            if (!buffer.hasRemaining()) {
                throw new KekUnavailableException(
                        shown + " has more than " + mostBytes + " bytes, as no file of a key has; set the path right");
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return content;
        } finally {
            buffer.clear();
            buffer.put(new byte[buffer.capacity()]);
        }
    }

    /** Makes a file with a new key, in base64. */
    static void create(Path file) throws IOException {
        byte[] key = new byte[LocalKek.BYTES];
        new SecureRandom().nextBytes(key);
        byte[] base64 = Base64.getEncoder().encode(key);
        ByteBuffer line = ByteBuffer.allocateDirect(base64.length + 1);
        line.put(base64).put((byte) '\n').flip();
        Arrays.fill(key, (byte) 0);
        Arrays.fill(base64, (byte) 0);
        try {
            write(file, line);
        } finally {
            line.clear();
            line.put(new byte[line.capacity()]);
        }
    }

    private static void write(Path file, ByteBuffer line) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        boolean hasPermissions = folder != null && posix(folder) != null;
        try (SeekableByteChannel channel = Files.newByteChannel(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                hasPermissions ? new FileAttribute<?>[] {OWNER_ONLY} : new FileAttribute<?>[0])) {
            writeAll(file, channel, line);
        } catch (FileAlreadyExistsException e) {
            throw new FileAlreadyExistsException(
                    file.toString(),
                    null,
                    "it is there already, and a key is never overwritten, since nothing that it has wrapped would open "
                            + "again; choose another name");
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(
                    file.toString(), null, "the folder that it is to be made in is not there; make that");
        }
        if (hasPermissions) {
            // The name has to last as well; only where there are permissions a folder can be opened for that.
            try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
                opened.force(true);
            }
        }
    }

    private static void writeAll(Path file, SeekableByteChannel channel, ByteBuffer line) throws IOException {
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
            if (channel instanceof FileChannel opened) {
                opened.force(true);
            }
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }
}
