package io.sallyport.security.vault;

import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One writer at a time, among all threads of all processes that have opened the same folder. The system takes the lock from a
 * process that dies. Thread-safe, not reentrant.
 *
 * <p>Such a lock belongs to a process, not to a thread or a channel: threads queue before they ask for it; and where a process has
 * opened the folder twice, the JDK tells the second that the first has it. But as soon as any channel to the lock file is closed,
 * the system takes the lock from the whole process. So a channel is closed only by who holds the lock, and one that nobody has
 * closed is kept from the garbage collector, which would close it at any time.
 */
final class FolderLock implements AutoCloseable {

    private static final Duration ASKS_AGAIN = Duration.ofMillis(1);

    /** The only static state: what happens to one channel happens to all of this process. */
    private static final Set<FileChannel> OPEN = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final Duration patience;
    private final FileChannel channel;
    private final @Nullable Object identity;
    private final ReentrantLock threads = new ReentrantLock(true);

    /** What is done alone. */
    interface Work<T> {
        T run() throws IOException;
    }

    /**
     * Opens the lock of a folder.
     *
     * @param patience how long to wait for others
     */
    FolderLock(PrivateFolder folder, String name, Duration patience) throws IOException {
        this.file = folder.file(name);
        this.patience = patience;
        try {
            folder.create(file);
        } catch (FileAlreadyExistsException e) {
            folder.checkIsPrivate(file);
        }
        this.channel = FileChannel.open(file, StandardOpenOption.WRITE);
        OPEN.add(channel);
        this.identity = identity();
    }

    private @Nullable Object identity() throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    /** Waits for the lock, and does something alone. Whoever is interrupted while it waits does nothing. */
    <T> T holding(Work<T> work) throws IOException {
        return holding(patience, () -> {
            checkIsStillThere();
            return work.run();
        });
    }

    private <T> T holding(Duration atMost, Work<T> work) throws IOException {
        long until = System.nanoTime() + atMost.toNanos();
        try {
            if (!threads.tryLock() && !threads.tryLock(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                throw tooLong();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
        try {
            FileLock held = await(until);
            try {
                return work.run();
            } finally {
                if (held.isValid()) {
                    held.release();
                }
            }
        } finally {
            threads.unlock();
        }
    }

    private FileLock await(long until) throws IOException {
        while (true) {
            FileLock lock = tryLock();
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() - until >= 0) {
                throw tooLong();
            }
            // Not the call that waits: an interrupt would close the channel, and so take the lock from everybody else
            // here.
            LockSupport.parkNanos(ASKS_AGAIN.toNanos());
            if (Thread.interrupted()) {
                throw interrupted();
            }
        }
    }

    private @Nullable FileLock tryLock() throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Another store of this process has it, perhaps one of another class loader.
            return null;
        }
    }

    /** Two that lock two files of the same name, one after the other, would both write. */
    private void checkIsStillThere() throws IOException {
        Object now;
        try {
            now = identity();
        } catch (NoSuchFileException e) {
            now = null;
        }
        if (!Objects.equals(identity, now)) {
            throw new StoreUnavailableException("the lock of the vault, " + file
                    + ", was taken away or replaced while it was in use; restart all programs that use this vault");
        }
    }

    private StoreUnavailableException tooLong() {
        return new StoreUnavailableException("the lock of the vault, " + file + ", was not to be had for "
                + patience.toSeconds() + " s; a program that uses the vault hangs or is stopped, lsof tells which");
    }

    private StoreUnavailableException interrupted() {
        Thread.currentThread().interrupt();
        return new StoreUnavailableException(
                "interrupted while waiting for the lock of the vault; nothing was changed");
    }

    /** Closes it if it is free. Else it stays open: rather a file too many than the lock of others given back. */
    void abandon() {
        try {
            close(Duration.ZERO);
        } catch (IOException | StoreUnavailableException e) {
            // Whoever calls this has a fault to tell already.
        }
    }

    @Override
    public void close() {
        try {
            close(patience);
        } catch (IOException e) {
            throw new StoreUnavailableException("the lock of the vault, " + file + ", cannot be closed", e);
        }
    }

    private void close(Duration atMost) throws IOException {
        if (channel.isOpen()) {
            holding(atMost, () -> {
                channel.close();
                return OPEN.remove(channel);
            });
        }
    }
}
