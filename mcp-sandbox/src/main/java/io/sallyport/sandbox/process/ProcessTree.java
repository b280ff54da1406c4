package io.sallyport.sandbox.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The processes of an enclosure as the machine sees them: the first one, and all that come from it, since what loses its
 * parent falls to the first. Thread-safe.
 */
final class ProcessTree {

    /**
     * What they use.
     *
     * @param cpu of those that run, and of those that they have waited for
     * @param bytes of memory that is not a file's; what two share after a fork counts for both
     */
    record Usage(Duration cpu, long bytes) {}

    private static final Path PROC = Path.of("/proc");

    /** What user space is told in, whatever the kernel counts in. */
    private static final Duration TICK = Duration.ofMillis(10);

    /** Where a process's own time stands after its name, and then that of those that it has waited for. */
    private static final int FIRST_TIME = 11;

    private static final int LAST_TIME = 14;

    /** More than any enclosure may have. */
    private static final int MOST = 10_000;

    private final String first;

    ProcessTree(long first) {
        this.first = Long.toString(first);
    }

    /** Looks at all of them. Those that end meanwhile count for nothing. */
    Usage usage() {
        long ticks = 0;
        long bytes = 0;
        for (String pid : pids()) {
            String stat = read(pid, "stat");
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ");
            for (int i = FIRST_TIME; i <= LAST_TIME && fields.length > LAST_TIME; i++) {
                ticks += Long.parseLong(fields[i]);
            }
            String status = read(pid, "status");
            bytes += kibibytes(status, "RssAnon:") + kibibytes(status, "RssShmem:");
        }
        return new Usage(TICK.multipliedBy(ticks), 1024 * bytes);
    }

    /** Returns the most memory that the largest of them has had; 0 if it cannot be told. */
    long peakBytes() {
        long peak = 0;
        for (String pid : pids()) {
            peak = Math.max(peak, 1024 * kibibytes(read(pid, "status"), "VmHWM:"));
        }
        return peak;
    }

    /** Returns the interpreter: the child of the first, or the first, if it has none. */
    long interpreter() {
        List<String> pids = pids();
        return Long.parseLong(pids.get(Math.min(1, pids.size() - 1)));
    }

    /** Returns all of them, the first one first. */
    List<String> pids() {
        List<String> pids = new ArrayList<>();
        Deque<String> left = new ArrayDeque<>();
        left.add(first);
        while (!left.isEmpty() && pids.size() < MOST) {
            String pid = left.remove();
            pids.add(pid);
            // Each thread has children of its own.
            for (String thread : threads(pid)) {
                for (String child : read(pid, "task/" + thread + "/children").split(" ")) {
                    if (!child.isBlank()) {
                        left.add(child.trim());
                    }
                }
            }
        }
        return pids;
    }

    private static List<String> threads(String pid) {
        String[] threads = PROC.resolve(pid).resolve("task").toFile().list();
        return threads == null ? List.of() : List.of(threads);
    }

    /** Returns a number in what the kernel says of a process; 0 if there is none. */
    static long kibibytes(String status, String name) {
        int at = status.indexOf(name);
        if (at < 0) {
            return 0;
        }
        int end = status.indexOf('\n', at);
        String value =
                status.substring(at + name.length(), end).replace("kB", "").trim();
        return Long.parseLong(value);
    }

    /** Returns where a process writes what it says, by the name that had once; the root if that cannot be told. */
    static Path output(long pid) {
        try {
            String name = Files.readSymbolicLink(
                            PROC.resolve(Long.toString(pid)).resolve("fd/1"))
                    .toString();
            return Path.of(name.replaceFirst(" \\(deleted\\)$", ""));
        } catch (IOException e) {
            return Path.of("/");
        }
    }

    /** Returns a file that the kernel keeps of a process; empty if there is no such process any more. */
    static String read(long pid, String file) {
        return read(Long.toString(pid), file);
    }

    private static String read(String pid, String file) {
        try {
            return new String(Files.readAllBytes(PROC.resolve(pid).resolve(file)), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
