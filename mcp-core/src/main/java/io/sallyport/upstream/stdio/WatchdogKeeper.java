package io.sallyport.upstream.stdio;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a {@link Watchdog} running and told of the children that there are. Safe for use by several threads; one thread
 * of its own, since a watchdog that somebody stopped (SIGSTOP) does not read, and nobody who starts or ends a child may
 * wait for that.
 */
final class WatchdogKeeper {

    /** Starts a watchdog. */
    @FunctionalInterface
    interface Launcher {
        Watchdog launch() throws IOException;
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(WatchdogKeeper.class);
    private static final long CHECK_MILLIS = 1_000;
    private static final Duration YOUNG = Duration.ofSeconds(5);
    private static final int MAX_FAILURES = 3;

    private final Launcher launcher;
    private final CountDownLatch attempted = new CountDownLatch(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock. No queue: what is to be told is the difference between two sets, which cannot overflow.
    private final Set<String> children = new HashSet<>();
    private boolean dirty;
    private boolean ended;
    private @Nullable Thread thread;

    private volatile @Nullable Watchdog watchdog;
    private volatile @Nullable Watchdog informed;
    private volatile boolean abandoned;

    // Confined to the thread.
    private final Set<String> told = new HashSet<>();
    private long launchedAt;
    private int failures;

    WatchdogKeeper(Launcher launcher) {
        this.launcher = launcher;
    }

    /** Returns once a watchdog runs, or once it is clear that none does. */
    void begin() throws InterruptedException {
        lock.lock();
        try {
            if (thread == null) {
                thread = new Thread(this::keep, "sallyport-child-guard");
                thread.setDaemon(true);
                thread.start();
            }
        } finally {
            lock.unlock();
        }
        attempted.await();
    }

    /** Returns the pid of the watchdog if it runs and was told of the children that there were when it was started. */
    Optional<Long> pid() {
        return Optional.ofNullable(informed).filter(Watchdog::isAlive).map(Watchdog::pid);
    }

    /** Notes a child, as {@code pid start}. */
    void add(String child) {
        change(() -> children.add(child));
    }

    /** Strikes out a child of which nothing is left. */
    void remove(String child) {
        change(() -> children.remove(child));
    }

    private void change(Runnable edit) {
        lock.lock();
        try {
            edit.run();
            dirty = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the thread and the watchdog.
     *
     * @param nothingLeft whether all children are gone; if not, the watchdog kills them first
     */
    void end(boolean nothingLeft, Duration bound) throws InterruptedException {
        Thread running = stop();
        if (running == null) {
            return;
        }
        running.join(Math.max(1, bound.toMillis() / 2));
        Watchdog last = watchdog;
        if (last == null) {
            return;
        }
        if (running.isAlive()) {
            // It hangs in a write to a watchdog that does not read; such a one would not kill anything either.
            last.kill();
        } else if (nothingLeft) {
            last.dismiss(Duration.ofMillis(Math.max(1, bound.toMillis() / 2)));
        } else {
            last.unleash();
        }
    }

    /** Has the watchdog kill what is left, without waiting for anything. */
    void abandon() {
        abandoned = true;
        stop();
    }

    private @Nullable Thread stop() {
        lock.lock();
        try {
            ended = true;
            changed.signal();
            return thread;
        } finally {
            lock.unlock();
        }
    }

    private void keep() {
        try {
            do {
                ensureRunning();
                tellWhatChanged();
                attempted.countDown();
            } while (awaitChange());
        } catch (InterruptedException e) {
            // Nobody interrupts this thread; if somebody does, the children end rather than stay unwatched.
            abandoned = true;
        } finally {
            attempted.countDown();
        }
        Watchdog last = watchdog;
        if (abandoned && last != null) {
            last.unleash();
        }
    }

    private void ensureRunning() {
        Watchdog current = watchdog;
        if (failures >= MAX_FAILURES || current != null && current.isAlive()) {
            return;
        }
        if (current != null) {
            LOGGER.atWarn()
                    .addKeyValue("pid", current.pid())
                    .log("the watchdog of the child processes has ended, a new one is started");
            // One that was killed after long is no sign that the next will not live.
            failures = System.nanoTime() - launchedAt < YOUNG.toNanos() ? failures + 1 : 0;
        }
        told.clear();
        launchedAt = System.nanoTime();
        try {
            watchdog = failures < MAX_FAILURES ? launcher.launch() : null;
        } catch (IOException e) {
            failures = MAX_FAILURES;
            watchdog = null;
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("the watchdog of the child processes cannot start");
        }
        if (watchdog == null) {
            LOGGER.warn("no watchdog runs: if this gateway is killed, child processes may outlive it");
        }
    }

    private void tellWhatChanged() {
        Watchdog current = watchdog;
        if (current == null) {
            return;
        }
        Set<String> now;
        lock.lock();
        try {
            now = Set.copyOf(children);
            dirty = false;
        } finally {
            lock.unlock();
        }
        try {
            for (String gone : Set.copyOf(told)) {
                if (!now.contains(gone)) {
                    current.remove(gone);
                    told.remove(gone);
                }
            }
            for (String child : now) {
                if (told.add(child)) {
                    current.add(child);
                }
            }
            informed = current;
        } catch (IOException e) {
            // It does not read any more: make sure that it is dead, so that the next look starts another.
            current.kill();
        }
    }

    /** Returns false at the end. Wakes up now and then to look whether the watchdog lives. */
    private boolean awaitChange() throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(CHECK_MILLIS);
            while (!dirty && !ended && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !ended;
        } finally {
            lock.unlock();
        }
    }
}
