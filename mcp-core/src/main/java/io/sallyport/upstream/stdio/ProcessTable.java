package io.sallyport.upstream.stdio;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The live processes of a Linux system, as {@code /proc} shows them. Immutable; each call looks anew. */
final class ProcessTable {

    /**
     * What is known of one process at one moment. A pid together with a start time names one process for ever.
     *
     * @param parent the pid of its parent, 1 or that of a subreaper if the parent is dead
     * @param session the pid of the process that opened its session
     * @param start when it began, in ticks since the system started
     * @param marked whether the mark that was asked for is in its environment
     */
    record Entry(long pid, long parent, long session, long start, boolean marked) {}

    private final Path proc;

    private ProcessTable(Path proc) {
        this.proc = proc;
    }

    /** Returns the table, or empty where there is none: on another system, or without {@code /proc}. */
    static Optional<ProcessTable> ofThisSystem() {
        ProcessTable table = new ProcessTable(Path.of("/proc"));
        return Files.isReadable(Path.of("/proc/self/environ"))
                        && table.find(ProcessHandle.current().pid(), "=").isPresent()
                ? Optional.of(table)
                : Optional.empty();
    }

    /**
     * Returns every process that runs; those that have ended and wait for their parent (zombies) are left out.
     *
     * @throws UncheckedIOException if {@code /proc} cannot be read, for instance for lack of descriptors
     */
    List<Entry> all(String mark) {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path folder : folders) {
                find(Long.parseLong(folder.getFileName().toString()), mark).ifPresent(entries::add);
            }
        } catch (DirectoryIteratorException e) {
            throw new UncheckedIOException(e.getCause());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return entries;
    }

    /** Returns the process with this pid if it runs. */
    Optional<Entry> find(long pid, String mark) {
        Path folder = proc.resolve(Long.toString(pid));
        try {
            Optional<String> stat = read(folder, "stat");
            if (stat.isEmpty()) {
                return Optional.empty();
            }
            // The name stands in parentheses and may itself hold some, and spaces: the fields begin after the last.
            int nameEnd = stat.get().lastIndexOf(')');
            String[] fields = stat.get().substring(nameEnd + 1).strip().split(" ");
            if (fields.length < 20 || "ZXx".contains(fields[0])) {
                return Optional.empty();
            }
            long parent = Long.parseLong(fields[1]);
            long session = Long.parseLong(fields[3]);
            long start = Long.parseLong(fields[19]);
            return Optional.of(new Entry(pid, parent, session, start, isMarked(folder, mark)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isMarked(Path folder, String mark) throws IOException {
        try {
            return read(folder, "environ")
                    .filter(environment -> environment.contains(mark))
                    .isPresent();
        } catch (IOException e) {
            // It runs as another user, whom we could not signal anyway, or is about to end. Or we have no descriptor
            // free, and must not take that for an answer: then this fails as well.
            read(folder, "stat");
            return false;
        }
    }

    /** Returns empty if the process has ended. */
    private static Optional<String> read(Path folder, String file) throws IOException {
        // Not through a channel: those close, and fail, when their thread is interrupted.
        try (InputStream in = new FileInputStream(folder.resolve(file).toFile())) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            if (Files.exists(folder)) {
                throw e;
            }
            return Optional.empty();
        }
    }
}
