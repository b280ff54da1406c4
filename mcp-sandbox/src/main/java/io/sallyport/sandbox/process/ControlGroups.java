package io.sallyport.sandbox.process;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control groups for workers, one each, if the kernel and whoever started the gateway let it make any: they count what each
 * look at the processes from without may miss. Thread-safe.
 */
final class ControlGroups implements Closeable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final Path SELF = Path.of("/proc/self");
    private static final long PROBED_BYTES = 64L * 1024 * 1024;
    private static final Duration REMOVED_WITHIN = Duration.ofSeconds(5);

    /** How long one waits for the kernel to notice that processes have ended: what is left then is removed later. */
    private static final Duration NOTICED_WITHIN = Duration.ofMillis(100);

    private static final long PAUSE_NANOS = 1_000_000;

    /** Where, after its name, the kernel says when a process was started. */
    private static final int STARTED = 19;

    /** The namespace in which a gateway has its number, the number, and when it was started. */
    private static final Pattern NAME = Pattern.compile("sallyport-sandbox-(\\d+)-(\\d{1,18})-(\\d+)-[0-9a-f]+-\\d+");

    private static final ControlGroup.Tree KERNEL = new ControlGroup.Tree() {
        @Override
        public void create(Path group) throws IOException {
            Files.createDirectory(group);
        }

        @Override
        public void remove(Path group) throws IOException {
            Files.delete(group);
        }

        @Override
        public boolean isDelegated(Path group) throws IOException {
            // So systemd marks it.
            UserDefinedFileAttributeView marks = Files.getFileAttributeView(group, UserDefinedFileAttributeView.class);
            return marks != null && marks.list().contains("delegate");
        }
    };

    private final ControlGroup.@Nullable Home home;
    private final String name;
    private final AtomicLong last = new AtomicLong();

    /** Those that are to be gone, and are not yet. */
    private final Set<ControlGroup> leaving = ConcurrentHashMap.newKeySet();

    private final Set<ControlGroup> made = ConcurrentHashMap.newKeySet();

    private ControlGroups(ControlGroup.@Nullable Home home, String name) {
        this.home = home;
        this.name = name;
    }

    /** Returns no groups at all. */
    static ControlGroups none() {
        return new ControlGroups(null, "");
    }

    /** Tries whether there may be groups, and removes those of gateways that are gone. */
    static ControlGroups find() {
        return find(SELF, KERNEL);
    }

    /** @param self a folder with what the kernel says of the groups that we are in, and of where those are */
    static ControlGroups find(Path self, ControlGroup.Tree tree) {
        try {
            ControlGroup.Home home = home(Files.readString(self.resolve("cgroup")), Mounts.read(self), tree);
            String namespace = namespace();
            long pid = ProcessHandle.current().pid();
            String name = "sallyport-sandbox-" + namespace + "-" + pid + "-" + started(pid) + "-"
                    + Long.toHexString(new SecureRandom().nextLong());
            if (!ControlGroup.make(home, name + "-0", PROBED_BYTES, 1).remove()) {
                throw new IOException("a control group that is empty cannot be removed");
            }
            for (Path folder : home.folders()) {
                removeLeftovers(folder, namespace, tree);
            }
            return new ControlGroups(home, name);
        } catch (IOException e) {
            LOGGER.atInfo()
                    .addKeyValue("reason", e.toString())
                    .log("the process sandbox does without control groups: memory is limited for each process");
            return none();
        }
    }

    private static ControlGroup.Home home(String groups, Mounts mounts, ControlGroup.Tree tree) throws IOException {
        Optional<String> memory = Mounts.group(groups, "memory");
        Optional<String> pids = Mounts.group(groups, "pids");
        if (memory.isPresent() && pids.isPresent()) {
            return new ControlGroup.Home(
                    mounts.folder("memory", memory.get()), mounts.folder("pids", pids.get()), false, tree);
        }
        String unified = Mounts.group(groups, "")
                .orElseThrow(() -> new IOException("no control groups for memory and processes"));
        Path own = mounts.folder("", unified);
        if (passesOn(own)) {
            return new ControlGroup.Home(own, own, true, tree);
        }
        // A group with processes in it passes nothing on, unless it is the topmost: ours would be next to it.
        Path parent = own.getParent();
        if (!unified.equals("/") && parent != null && passesOn(parent) && tree.isDelegated(parent)) {
            return new ControlGroup.Home(parent, parent, true, tree);
        }
        throw new IOException("control groups are not delegated to " + own);
    }

    private static boolean passesOn(Path group) throws IOException {
        Path controllers = group.resolve("cgroup.subtree_control");
        return Files.exists(controllers)
                && List.of(Files.readString(controllers).trim().split(" ")).containsAll(List.of("memory", "pids"));
    }

    private static String namespace() throws IOException {
        return Files.readSymbolicLink(SELF.resolve("ns/pid")).toString().replaceAll("\\D", "");
    }

    /** Returns when a process was started; empty if there is none. */
    private static String started(long pid) {
        String stat = ProcessTree.read(pid, "stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ");
        return fields.length > STARTED ? fields[STARTED] : "";
    }

    private static void removeLeftovers(Path folder, String namespace, ControlGroup.Tree tree) throws IOException {
        long end = System.nanoTime() + NOTICED_WITHIN.toNanos();
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(folder, "sallyport-sandbox-*")) {
            for (Path group : groups) {
                Matcher owner = NAME.matcher(String.valueOf(group.getFileName()));
                if (owner.matches()
                        && owner.group(1).equals(namespace)
                        && !owner.group(3).equals(started(Long.parseLong(owner.group(2))))) {
                    ControlGroup.isRemoved(tree, group, end);
                }
            }
        }
    }

    /** Returns whether there are any. */
    boolean areThere() {
        return home != null;
    }

    /** Puts processes into a group of their own; empty if there are no groups, or not for these. */
    Optional<ControlGroup> around(List<String> pids, long bytes, long processes) {
        if (home == null) {
            return Optional.empty();
        }
        leaving.removeIf(ControlGroup::remove);
        ControlGroup group = null;
        try {
            group = ControlGroup.make(home, name + "-" + last.incrementAndGet(), bytes, processes);
            made.add(group);
            for (String pid : pids) {
                group.add(pid);
            }
            return Optional.of(group);
        } catch (IOException e) {
            if (group != null) {
                remove(group);
            }
            // Everything else around them is as it is where there are no groups.
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("a worker has no control group");
            return Optional.empty();
        }
    }

    /** Removes a group whose processes have ended, now or when the kernel has noticed. */
    void remove(ControlGroup group) {
        // In one of the two at every moment: else whoever closes us meanwhile would leave it behind.
        leaving.add(group);
        made.remove(group);
        if (group.removeWithin(NOTICED_WITHIN)) {
            leaving.remove(group);
        }
    }

    /** Removes them all, when their processes have ended; waits a while for that. */
    @Override
    public void close() {
        long end = System.nanoTime() + REMOVED_WITHIN.toNanos();
        boolean isInterrupted = false;
        while (!isEmpty() && System.nanoTime() < end) {
            LockSupport.parkNanos(PAUSE_NANOS);
            isInterrupted |= Thread.interrupted();
        }
        if (!isEmpty()) {
            LOGGER.atWarn().addKeyValue("groups", made.size() + leaving.size()).log("control groups are left");
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isEmpty() {
        made.removeIf(ControlGroup::remove);
        leaving.removeIf(ControlGroup::remove);
        return made.isEmpty() && leaving.isEmpty();
    }

    /**
     * Where the kernel's trees of groups are.
     *
     * @param text what it says, a line each
     */
    private record Mounts(String text) {

        static Mounts read(Path self) throws IOException {
            return new Mounts(Files.readString(self.resolve("mountinfo"), StandardCharsets.UTF_8));
        }

        /** Returns which group we are in, by the name of a controller; that of version 2 has none. */
        static Optional<String> group(String groups, String controller) {
            return groups.lines()
                    .map(line -> line.split(":", 3))
                    .filter(parts ->
                            parts.length == 3 && List.of(parts[1].split(",")).contains(controller))
                    .map(parts -> parts[2])
                    .findFirst();
        }

        /** Returns the folder of a group. */
        Path folder(String controller, String group) throws IOException {
            for (String line : text.lines().toList()) {
                String[] mount = line.split(" ");
                int type = List.of(mount).indexOf("-") + 1;
                if (type < 6 || type + 2 >= mount.length) {
                    continue;
                }
                boolean isIt = controller.isEmpty()
                        ? mount[type].equals("cgroup2")
                        : mount[type].equals("cgroup")
                                && List.of(mount[type + 2].split(",")).contains(controller);
                // What is above the root of the mount is out of sight.
                Path root = Path.of(mount[3]);
                if (isIt && Path.of(group).startsWith(root)) {
                    return Path.of(mount[4])
                            .resolve(root.relativize(Path.of(group)).toString());
                }
            }
            throw new IOException("the control group " + group + " is not in sight");
        }
    }
}
