package io.sallyport.sandbox.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One group of processes that the kernel keeps to limits as a whole. Thread-safe. */
final class ControlGroup {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final long PAUSE_NANOS = 1_000_000;

    private final Home home;
    private final Path memory;
    private final Path pids;

    /**
     * Where groups are made.
     *
     * @param memory for the limit of memory
     * @param pids for that of processes; of version 2 of cgroups it is the same
     * @param isUnified whether it is version 2
     */
    record Home(Path memory, Path pids, boolean isUnified, Tree tree) {

        Set<Path> folders() {
            Set<Path> folders = new LinkedHashSet<>();
            folders.add(memory);
            folders.add(pids);
            return folders;
        }
    }

    /** What the kernel's tree of folders does, and others do not. */
    interface Tree {

        /** Makes a group, with the files that belong to it. */
        void create(Path group) throws IOException;

        /** Removes a group; its files are no obstacle, but its processes are. */
        void remove(Path group) throws IOException;

        /** Returns whether whoever manages a group leaves it to those in it to make more. */
        boolean isDelegated(Path group) throws IOException;
    }

    private ControlGroup(Home home, String name) {
        this.home = home;
        this.memory = home.memory().resolve(name);
        this.pids = home.pids().resolve(name);
    }

    /**
     * Makes one.
     *
     * @throws IOException if that cannot be; nothing is left then
     */
    static ControlGroup make(Home home, String name, long bytes, long processes) throws IOException {
        ControlGroup group = new ControlGroup(home, name);
        boolean isMade = false;
        try {
            for (Path folder : home.folders()) {
                home.tree().create(folder.resolve(name));
            }
            group.limit(bytes, processes);
            isMade = true;
            return group;
        } finally {
            if (!isMade) {
                group.remove();
            }
        }
    }

    private void limit(long bytes, long processes) throws IOException {
        Files.writeString(memory.resolve(home.isUnified() ? "memory.max" : "memory.limit_in_bytes"), "" + bytes);
        // What is swapped out is not memory to the kernel, but to us it is. Not every kernel counts it.
        Path swap = memory.resolve(home.isUnified() ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
        if (Files.exists(swap)) {
            Files.writeString(swap, home.isUnified() ? "0" : "" + bytes);
        }
        Files.writeString(pids.resolve("pids.max"), "" + processes);
    }

    /** Takes in a process, and all that it starts from now on. What it has taken already counts for where it was. */
    void add(String pid) throws IOException {
        for (Path folder : home.folders()) {
            Files.writeString(folder.resolve(memory.getFileName()).resolve("cgroup.procs"), pid);
        }
    }

    /** Returns whether the kernel has killed any of its processes for want of memory. */
    boolean hasKilled() {
        Path events = memory.resolve(home.isUnified() ? "memory.events" : "memory.oom_control");
        try {
            return Files.readString(events, StandardCharsets.US_ASCII)
                    .lines()
                    .anyMatch(line -> line.startsWith("oom_kill ") && !line.equals("oom_kill 0"));
        } catch (IOException e) {
            LOGGER.atDebug().addKeyValue("error", e.toString()).log("a control group cannot be read");
            return false;
        }
    }

    /** Tries it once, and returns whether it is gone: not while one of its processes still counts. */
    boolean remove() {
        return removeWithin(Duration.ZERO);
    }

    boolean removeWithin(Duration most) {
        long end = System.nanoTime() + most.toNanos();
        boolean isGone = true;
        for (Path folder : home.folders()) {
            isGone &= isRemoved(home.tree(), folder.resolve(memory.getFileName()), end);
        }
        return isGone;
    }

    /** Tries it until then: the kernel lets others know that a process has ended before it is out of its group. */
    static boolean isRemoved(Tree tree, Path group, long end) {
        while (true) {
            try {
                tree.remove(group);
                return true;
            } catch (NoSuchFileException e) {
                return true;
            } catch (IOException e) {
                if (System.nanoTime() - end >= 0 || Thread.currentThread().isInterrupted()) {
                    LOGGER.atDebug().addKeyValue("error", e.toString()).log("a control group cannot be removed yet");
                    return false;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
