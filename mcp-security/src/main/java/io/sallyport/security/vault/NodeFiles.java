package io.sallyport.security.vault;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file for each node, which it writes anew with each sign of life, so that this costs nothing that grows with the vault, and
 * waits for nobody. Thread-safe; needs no lock.
 *
 * <p>A file is {@code "SPVNODE\n"}, 1 byte of version (1), and, in the words of {@link VaultFileFormat}, text node, 8 bytes of
 * ring version, time until it is believed, SHA-256 of all before. Its name is made of a digest of the node's. It is not forced
 * to disk: with the machine the node dies as well.
 */
final class NodeFiles {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.vault");

    private static final byte[] MAGIC = {'S', 'P', 'V', 'N', 'O', 'D', 'E', '\n'};
    private static final int VERSION = 1;
    private static final int MOST_BYTES = VaultFileFormat.MOST_TEXT_BYTES + 1024;

    private static final String ENDING = ".node";
    private static final String TEMPORARY_ENDING = ".new";
    private static final int NAME_BYTES = 16;

    /** A node that was silent for so long does not come back at the very moment at which its file is deleted. */
    private static final Duration FORGOTTEN = Duration.ofHours(1);

    private record Node(long ringVersion, Instant until) {}

    private final PrivateFolder folder;

    NodeFiles(PrivateFolder folder) {
        this.folder = folder;
    }

    private Path fileOf(String node) {
        byte[] name = node.getBytes(StandardCharsets.UTF_8);
        return folder.file(HexFormat.of().formatHex(Checksum.of(name, name.length), 0, NAME_BYTES) + ENDING);
    }

    void beat(String node, long ringVersion, Instant until, Instant now) throws IOException {
        FieldWriter out = new FieldWriter(MOST_BYTES);
        out.raw(MAGIC);
        out.number1(VERSION);
        out.text("a node's name", node, VaultFileFormat.MOST_TEXT_BYTES);
        out.number8(ringVersion);
        out.time(until);
        replace(fileOf(node), Checksum.append(out.toBytes()));
        forget(now);
    }

    private void replace(Path file, byte[] bytes) throws IOException {
        Path temporary = folder.file(UUID.randomUUID() + TEMPORARY_ENDING);
        try {
            folder.create(temporary);
            try (OutputStream out = PrivateFolder.write(temporary)) {
                out.write(bytes);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Deletes what was left by nodes that were killed. */
    private void forget(Instant now) throws IOException {
        Instant before = now.minus(FORGOTTEN);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.path())) {
            for (Path file : files) {
                boolean isOld = file.toString().endsWith(ENDING)
                        ? read(file).map(node -> node.until().isBefore(before)).orElse(false)
                        : Files.exists(file)
                                && Files.getLastModifiedTime(file).toInstant().isBefore(before);
                if (isOld) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    void leave(String node) throws IOException {
        Files.deleteIfExists(fileOf(node));
    }

    OptionalLong oldestKnown(Instant now) throws IOException {
        OptionalLong oldest = OptionalLong.empty();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.path(), "*" + ENDING)) {
            for (Path file : files) {
                Optional<Node> node = read(file).filter(it -> !it.until().isBefore(now));
                if (node.isPresent()) {
                    long version = node.get().ringVersion();
                    oldest = OptionalLong.of(Math.min(version, oldest.orElse(version)));
                }
            }
        }
        return oldest;
    }

    /** Returns what a node says; nothing if it has left meanwhile. */
    private static Optional<Node> read(Path file) throws IOException {
        try (InputStream in = new FileInputStream(file.toFile())) {
            return Optional.of(decode(in.readNBytes(MOST_BYTES)));
        } catch (FileNotFoundException e) {
            if (Files.notExists(file)) {
                return Optional.empty();
            }
            throw e;
        } catch (UnusableFileException e) {
            // One that lives gives another soon; one that died with the machine, in the midst of writing, must hold up
            // nobody.
            LOGGER.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("flaw", e.getMessage())
                    .log("a node's sign of life cannot be read, and is taken away");
            Files.deleteIfExists(file);
            return Optional.empty();
        }
    }

    private static Node decode(byte[] file) throws UnusableFileException {
        Checksum.check(file);
        FieldReader in = new FieldReader(ByteBuffer.wrap(file, 0, file.length - Checksum.BYTES));
        try {
            if (!Arrays.equals(in.raw(MAGIC.length), MAGIC)) {
                throw UnusableFileException.damaged("it does not begin as the file of a node does");
            }
            int version = in.number1();
            if (version != VERSION) {
                throw UnusableFileException.ofUnknownVersion(version, VERSION);
            }
            in.text(VaultFileFormat.MOST_TEXT_BYTES);
            Node node = new Node(in.number8(), in.time());
            in.end();
            return node;
        } catch (BufferUnderflowException e) {
            throw UnusableFileException.damaged("it ends in the midst of its contents");
        } catch (DateTimeException e) {
            throw UnusableFileException.damaged("a time in it is none");
        }
    }
}
