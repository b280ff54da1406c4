package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is around a worker: namespaces of its own of every kind, a root that is made of what it needs, read-only, no {@code
 * /proc}, one folder to write to, a filter for system calls, limits, and neither root nor any capability. Thread-safe.
 */
final class Bubblewrap implements Launcher.Enclosure {

    /** Nobody, within and, if we are root, without. The kernel does not keep root to the number of its processes. */
    private static final String NOBODY = "65534";

    /** Where nothing can be started but threads, which count as processes. */
    private static final int MOST_THREADS = 64;

    private static final int MOST_DESCRIPTORS = 256;

    /**
     * What an interpreter takes that runs nothing: what it may have comes on top of that.
     *
     * @param bytes of whatever its memory is limited by
     * @param threads its first one included
     */
    record Own(long bytes, int threads) {}

    /** Until it is known. */
    private static final Own ENOUGH = new Own(4L * 1024 * 1024 * 1024, MOST_THREADS);

    /** What each file costs the kernel beside what is in it, as far as it is counted here. */
    private static final long BYTES_PER_FILE = 1024;

    private static final int FEW_FILES = 16;

    private static final Path SHELL = Path.of("/bin/sh");

    private final Tools tools;
    private final Map<Path, Path> prlimitFiles;
    private final Map<Language, Guest> guests;
    private final Path filter;
    private final Path filterThatLetsFork;
    private final Map<Language, Own> owns = new ConcurrentHashMap<>();

    /**
     * The programs of this machine that it takes.
     *
     * @param setpriv makes us nobody; empty if we are not root
     * @param unshare lets us mount something that nobody else sees
     */
    private record Tools(Path bwrap, Path setsid, Path prlimit, Optional<Path> setpriv, Path unshare, Path mount) {}

    private Bubblewrap(Tools tools, Map<Path, Path> prlimitFiles, Map<Language, Guest> guests, Path folder)
            throws IOException {
        this.tools = tools;
        this.prlimitFiles = prlimitFiles;
        this.guests = Map.copyOf(guests);
        this.filter = Files.write(folder.resolve("filter"), SyscallFilter.program(false));
        this.filterThatLetsFork = Files.write(folder.resolve("filter-fork"), SyscallFilter.program(true));
    }

    /**
     * Finds what it takes.
     *
     * @param folder one of our own
     * @throws MissingException if there is not all of it
     */
    static Bubblewrap of(Programs programs, Path bwrap, Map<Language, Guest> guests, Path folder)
            throws MissingException, InterruptedException {
        try {
            Tools tools = new Tools(
                    bwrap,
                    programs.find("setsid"),
                    programs.find("prlimit"),
                    isRoot() ? Optional.of(programs.find("setpriv")) : Optional.empty(),
                    programs.find("unshare"),
                    programs.find("mount"));
            Map<Path, Path> files = new LinkedHashMap<>();
            files.put(tools.prlimit(), tools.prlimit());
            programs.libraries(List.of(tools.prlimit())).forEach(library -> files.put(library, library));
            return new Bubblewrap(tools, files, guests, folder);
        } catch (IOException e) {
            throw new MissingException("the filter for system calls cannot be written", e);
        }
    }

    static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }

    /** Says what an interpreter takes before it runs anything. */
    void takes(Language language, Own own) {
        owns.put(language, own);
    }

    @Override
    public Path filter(Shape shape) {
        return shape.processes() == 0 ? filter : filterThatLetsFork;
    }

    @Override
    public List<String> command(Shape shape) {
        Guest guest = guests.get(shape.language());
        if (guest == null) {
            throw new IllegalArgumentException("no worker for " + shape.language());
        }
        Line line = new Line();
        // Ctrl-C in the terminal of the gateway is for the gateway, which ends what runs, and says so.
        line.add(tools.setsid().toString());
        tools.setpriv()
                .ifPresent(program -> line.add(program.toString())
                        .add("--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--no-new-privs"));
        if (shape.fileBytes() > 0) {
            mountFolder(line, shape.fileBytes());
        }
        line.add(tools.bwrap().toString(), "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent");
        line.add("--new-session", "--clearenv", "--cap-drop", "ALL", "--uid", NOBODY, "--gid", NOBODY);
        line.add("--hostname", "sandbox", "--info-fd", "8", "--seccomp", "9");
        prlimitFiles.forEach((where, what) -> line.add("--ro-bind", what.toString(), where.toString()));
        guest.files().forEach((where, what) -> line.add("--ro-bind", what.toString(), where.toString()));
        for (String device : new String[] {"/dev/null", "/dev/zero", "/dev/urandom"}) {
            line.add("--dev-bind", device, device);
        }
        if (shape.fileBytes() > 0) {
            line.add("--bind", "/tmp", "/tmp");
        } else {
            line.add("--dir", "/tmp");
        }
        line.add("--chdir", "/tmp", "--remount-ro", "/");
        line.add("--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8");
        // Each further arena of the allocator would take address space for nothing.
        line.add("--setenv", "MALLOC_ARENA_MAX", "1", "--setenv", "UV_THREADPOOL_SIZE", "1");
        line.add("--", tools.prlimit().toString()).add(limits(shape, guest));
        guest.command().apply(shape.memoryBytes()).forEach(line::add);
        return line.words;
    }

    /** Bubblewrap could limit what is in the files, but not how many there are: those take memory of the kernel. */
    private void mountFolder(Line line, long bytes) {
        line.add(tools.unshare().toString(), "--user", "--map-root-user", "--mount", "--propagation", "private");
        line.add(
                SHELL.toString(),
                "-c",
                "mount=$1 options=$2; shift 2; \"$mount\" -t tmpfs -o \"$options\" tmpfs /tmp && exec \"$@\"");
        long files = FEW_FILES + bytes / BYTES_PER_FILE;
        line.add("sh", tools.mount().toString());
        line.add("mode=700,nosuid,nodev,size=" + bytes + ",nr_inodes=" + files);
    }

    private String[] limits(Shape shape, Guest guest) {
        Own own = owns.getOrDefault(shape.language(), ENOUGH);
        return new String[] {
            guest.memoryOption() + "=" + Math.addExact(own.bytes(), shape.memoryBytes()),
            "--core=0",
            "--cpu=" + shape.cpuSeconds(),
            "--fsize=" + shape.fileBytes(),
            "--nofile=" + MOST_DESCRIPTORS,
            "--nproc=" + mostProcesses(shape, own)
        };
    }

    private static int mostProcesses(Shape shape, Own own) {
        if (shape.processes() == 0) {
            // The filter lets there be none, whatever this says.
            return 1 + MOST_THREADS;
        }
        // The first of the enclosure, the worker, and the shell that it starts for each command.
        int ours = 1 + own.threads() + (shape.language() == Language.SHELL ? 1 : 0);
        return Math.addExact(ours, shape.processes());
    }

    private static final class Line {

        private final List<String> words = new ArrayList<>();

        Line add(String... more) {
            words.addAll(List.of(more));
            return this;
        }
    }
}
