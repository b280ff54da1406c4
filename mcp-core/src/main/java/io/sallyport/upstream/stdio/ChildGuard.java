package io.sallyport.upstream.stdio;

import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the child processes of one gateway and sees to it that they, and whatever they start, end with it: with {@link
 * #close} in the normal case, and with a SIGKILL of the gateway too (Linux).
 *
 * <p>How: each child gets a mark in its environment, {@value #MARK_NAME}{@code =<owner>.<child>}, where the owner is 128
 * random bits of this guard, and a session of its own. All descendants inherit both, so {@link MarkedTree} finds them
 * whoever their parent is by then, and never takes those of another gateway. For the death of the gateway itself there
 * is the {@link Watchdog}, which follows the same rules. Why this and neither process namespaces nor a parent-death
 * signal: {@code docs/adr}, "Child processes".
 *
 * <p>Where there is no {@code /proc} a child's descendants are followed by parent only, and nothing ends them if the
 * gateway is killed; a warning says so once.
 *
 * <p>Safe for use by several threads. One guard per gateway, and one thread, from the first child to {@link #close}.
 */
final class ChildGuard implements AutoCloseable {

    /** The environment variable that every child has, beside those that were listed for it. */
    static final String MARK_NAME = "SALLYPORT_OWNER";

    private static final Logger LOGGER = LoggerFactory.getLogger(ChildGuard.class);
    private static final Duration LATECOMER = Duration.ofSeconds(2);
    private static final Duration KILL_WITHIN = Duration.ofSeconds(5);

    /** A child that was started: the process, whatever it started, and how it is told to the watchdog. */
    record Ward(Process process, ProcessTree tree, String pidAndStart) {}

    /** What the system offers; tests take something away. */
    record Means(Optional<ProcessTable> table, Optional<Path> shell, Optional<Path> setsid, String outerMark) {
        static Means ofThisSystem() {
            return new Means(
                    ProcessTable.ofThisSystem(),
                    ProgramLookup.find("sh", "/bin" + File.pathSeparator + searchPath(), null)
                            .program(),
                    ProgramLookup.find("setsid", searchPath(), null).program(),
                    Optional.ofNullable(System.getenv(MARK_NAME)).orElse(""));
        }
    }

    private final Means means;
    private final String owner;
    private final String outerMarks;
    private final Optional<WatchdogKeeper> keeper;
    private final AtomicLong lastId = new AtomicLong();
    private final CountDownLatch ended = new CountDownLatch(1);

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by lock.
    private final Set<Ward> wards = new HashSet<>();
    private boolean closing;
    private boolean told;

    private volatile boolean allGone;

    ChildGuard() {
        this(Means.ofThisSystem());
    }

    ChildGuard(Means means) {
        this.means = means;
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        this.owner = HexFormat.of().formatHex(random);
        // A gateway that is itself the child of another: what we start carries both marks, else it would be lost to the
        // outer one, which kills us together with our watchdog.
        this.outerMarks = means.outerMark().matches("[0-9a-f.,]{1,1000}") ? "," + means.outerMark() : "";
        this.keeper = means.table().flatMap(table -> means.shell().map(shell -> keeper(table, shell)));
    }

    private WatchdogKeeper keeper(ProcessTable table, Path shell) {
        long session = table.find(ProcessHandle.current().pid(), ownerMark())
                .map(ProcessTable.Entry::session)
                .orElse(0L);
        return new WatchdogKeeper(() -> Watchdog.start(shell, means.setsid(), ownerMark(), session));
    }

    /** The gateway's own path and the usual places, for the two or three programs that the guard itself needs. */
    static String searchPath() {
        String usual = "/usr/bin:/bin:/usr/sbin:/sbin";
        String own = System.getenv("PATH");
        return own == null ? usual : own + File.pathSeparator + usual;
    }

    /** Returns what every process of this guard has in its environment. */
    String ownerMark() {
        return owner + ".";
    }

    /** Returns the process that kills what the gateway leaves behind, if there is one. */
    Optional<Long> watchdogPid() {
        return keeper.flatMap(WatchdogKeeper::pid);
    }

    /**
     * Starts a child, and the watchdog before the first.
     *
     * @param environment the whole environment of the child but for the mark
     * @throws IOException if it cannot be started, or the guard is closed
     */
    Ward start(List<String> command, Map<String, String> environment, Optional<Path> directory) throws IOException {
        tellOfLimits();
        beginToWatch();
        long id = lastId.incrementAndGet();
        // The width is fixed, so that no mark is the beginning of another.
        String mark = ownerMark() + HexFormat.of().toHexDigits(id);
        List<String> line = new ArrayList<>();
        // Executed in place: the pid of the child is that of the command.
        means.setsid().ifPresent(program -> line.add(program.toString()));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put(MARK_NAME, mark + outerMarks);
        directory.ifPresent(path -> builder.directory(path.toFile()));
        Ward ward = ward(start(builder), mark);
        if (!accept(ward)) {
            endLatecomer(ward);
            throw new IOException("the gateway is closing; no child is started any more");
        }
        return ward;
    }

    /**
     * Starts a process. The thread by which the JDK waits for it inherits the context class loader, and waits for other
     * processes afterwards: it must not be the one that keeps the host's loader from being collected.
     */
    static Process start(ProcessBuilder builder) throws IOException {
        Thread current = Thread.currentThread();
        ClassLoader before = current.getContextClassLoader();
        current.setContextClassLoader(ClassLoader.getSystemClassLoader());
        try {
            return builder.start();
        } finally {
            current.setContextClassLoader(before);
        }
    }

    private void beginToWatch() throws IOException {
        try {
            if (keeper.isPresent() && !isClosing()) {
                keeper.get().begin();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted before the child was started");
        }
    }

    private Ward ward(Process process, String mark) {
        if (means.table().isEmpty()) {
            return new Ward(process, new HandleTree(process.toHandle()), "");
        }
        ProcessTable table = means.table().get();
        // One that has ended already has no start time any more, and what it left behind has its mark or its session.
        long start =
                table.find(process.pid(), mark).map(ProcessTable.Entry::start).orElse(-1L);
        boolean leader = means.setsid().isPresent();
        return new Ward(process, MarkedTree.of(table, mark, process.pid(), start, leader), process.pid() + " " + start);
    }

    private boolean accept(Ward ward) {
        lock.lock();
        try {
            if (closing) {
                return false;
            }
            wards.add(ward);
        } finally {
            lock.unlock();
        }
        keeper.ifPresent(it -> it.add(ward.pidAndStart()));
        return true;
    }

    private static void endLatecomer(Ward ward) {
        try {
            ward.tree().killAll(System.nanoTime() + LATECOMER.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Forgets a child of which nothing is left. */
    void release(Ward ward) {
        lock.lock();
        try {
            wards.remove(ward);
        } finally {
            lock.unlock();
        }
        keeper.ifPresent(it -> it.remove(ward.pidAndStart()));
    }

    private boolean isClosing() {
        lock.lock();
        try {
            return closing;
        } finally {
            lock.unlock();
        }
    }

    private void tellOfLimits() {
        lock.lock();
        try {
            if (told) {
                return;
            }
            told = true;
        } finally {
            lock.unlock();
        }
        if (means.table().isEmpty()) {
            LOGGER.warn("this system has no /proc: child processes are followed by their parents only,"
                    + " and nothing ends them if this gateway is killed");
        } else if (keeper.isEmpty()) {
            LOGGER.warn("no shell was found: nothing ends the child processes if this gateway is killed");
        }
        if (means.table().isPresent() && ProcessHandle.current().pid() == 1) {
            LOGGER.warn(
                    "this gateway is process 1 of its container, and Java does not reap the orphans that fall to it;"
                            + " run the container with an init (docker run --init)");
        }
    }

    /** As {@link #close(Duration)}, within five seconds. */
    @Override
    public void close() {
        if (!close(KILL_WITHIN)) {
            LOGGER.warn("some of the processes that children started could not be ended");
        }
    }

    /**
     * Ends whatever is left of all children, and the watchdog. The children are better closed before, each in its own
     * time: this kills. Further calls wait for the first.
     *
     * @return whether nothing is left
     */
    boolean close(Duration bound) {
        long deadline = System.nanoTime() + bound.toNanos();
        boolean first;
        lock.lock();
        try {
            first = !closing;
            closing = true;
        } finally {
            lock.unlock();
        }
        try {
            if (first) {
                end(deadline);
            }
            return ended.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS) && allGone;
        } catch (InterruptedException e) {
            if (first) {
                keeper.ifPresent(WatchdogKeeper::abandon);
            }
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void end(long deadline) throws InterruptedException {
        try {
            boolean gone = killEverything(deadline);
            if (keeper.isPresent()) {
                // A bound that is used up still leaves the watchdog the moment that it needs to end in good order.
                long left = Math.max(deadline - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(200));
                keeper.get().end(gone, Duration.ofNanos(left));
            }
            allGone = gone;
        } finally {
            ended.countDown();
        }
    }

    private boolean killEverything(long deadline) throws InterruptedException {
        boolean gone = true;
        for (Ward ward : wards()) {
            gone &= ward.tree().killAll(deadline);
        }
        // Once more by the mark of all: whatever a child's own tree did not show.
        return means.table().isEmpty()
                ? gone
                : MarkedTree.of(means.table().get(), ownerMark()).killAll(deadline) && gone;
    }

    private List<Ward> wards() {
        lock.lock();
        try {
            return List.copyOf(wards);
        } finally {
            lock.unlock();
        }
    }
}
