package io.sallyport.sandbox.process;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder that a sandbox has its pipes and filters in, locked as long as its JVM lives. Whoever makes one clears up after
 * those that were killed.
 */
final class WorkFolder implements Closeable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final String PREFIX = "sallyport-sandbox-";
    private static final String LOCK = "lock";

    /** One that is new may be about to be locked. */
    private static final Duration NEW = Duration.ofMinutes(1);

    private final Path path;
    private final FileChannel lock;

    private WorkFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** Makes one where temporary files go. */
    static WorkFolder make() throws IOException {
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        clearUp(parent, Instant.now().minus(NEW));
        return make(parent);
    }

    static WorkFolder make(Path parent) throws IOException {
        // Nobody else may look into it.
        Path path = Files.createTempDirectory(parent, own()).toRealPath();
        FileChannel lock =
                FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        lock.lock();
        return new WorkFolder(path, lock);
    }

    /** Returns how the folders of this process begin. In a container, the next gateway may well have the same number. */
    private static String own() {
        ProcessHandle self = ProcessHandle.current();
        long start = self.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
        return PREFIX + self.pid() + "-" + start + "-";
    }

    Path path() {
        return path;
    }

    /**
     * Deletes the folders that nobody holds any more, and ends what was about to be started from there: bubblewrap waits for
     * its parent without end, with no code in it, if that is killed at the wrong moment.
     *
     * @param olderThan newer ones are left alone
     */
    static void clearUp(Path parent, Instant olderThan) {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                // To close a lock that is ours, too, would open it.
                if (!String.valueOf(folder.getFileName()).startsWith(own())) {
                    clearUpOne(folder, olderThan);
                }
            }
        } catch (IOException e) {
            LOGGER.atWarn()
                    .addKeyValue("folder", parent)
                    .addKeyValue("error", e.toString())
                    .log("it could not be looked for what sandboxes have left that were killed");
        }
    }

    private static void clearUpOne(Path folder, Instant olderThan) {
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                    || !isOurs(folder)
                    || Files.getLastModifiedTime(folder).toInstant().isAfter(olderThan)) {
                return;
            }
            Path lock = folder.resolve(LOCK);
            try (FileChannel channel = FileChannel.open(
                            lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                    FileLock held = channel.tryLock()) {
                if (held != null) {
                    end(folder.toRealPath());
                    delete(folder);
                }
            }
        } catch (IOException e) {
            LOGGER.atDebug()
                    .addKeyValue("folder", folder)
                    .addKeyValue("error", e.toString())
                    .log("what a sandbox has left could not be cleared up");
        }
    }

    private static boolean isOurs(Path folder) throws IOException {
        // What this process owns by itself, its entry says.
        return Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(Path.of("/proc/self")));
    }

    private static void end(Path folder) {
        ProcessHandle.allProcesses()
                .filter(process -> ProcessTree.output(process.pid()).startsWith(folder))
                .forEach(ProcessHandle::destroyForcibly);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            LOGGER.atWarn()
                    .addKeyValue("folder", folder)
                    .addKeyValue("error", e.toString())
                    .log("a folder for temporary files could not be deleted");
        }
    }

    /** Deletes it. */
    @Override
    public void close() {
        delete(path);
        try {
            lock.close();
        } catch (IOException e) {
            LOGGER.atDebug().addKeyValue("error", e.toString()).log("a lock could not be closed");
        }
    }
}
