package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Workers that wait for code, so that code need not wait for them. Each is used once; another of the same shape takes its
 * place, which the oldest of another shape has to leave, if there are enough. Thread-safe.
 */
final class WorkerPool implements Closeable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final long ENDS_WITHIN_SECONDS = 5;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Launcher launcher;
    private final int mostPerLanguage;
    private final ThreadPoolExecutor thread = Daemons.thread("sallyport-sandbox-pool");

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by lock. The oldest are first.
    private final Map<Language, Deque<Worker>> waiting = new EnumMap<>(Language.class);
    private final Map<Language, Integer> coming = new EnumMap<>(Language.class);
    private boolean isClosed;

    WorkerPool(Launcher launcher, int mostPerLanguage) {
        this.launcher = launcher;
        this.mostPerLanguage = mostPerLanguage;
        for (Language language : Language.values()) {
            waiting.put(language, new ArrayDeque<>());
            coming.put(language, 0);
        }
    }

    /** Starts workers of a shape, as many as may wait, one after the other. Does not wait for them. */
    void prepare(Shape shape) {
        startMore(shape, mostPerLanguage);
    }

    /**
     * Returns a worker that has run nothing, which is the caller's from now on.
     *
     * @throws IOException if there is none and none can be started
     */
    Worker take(Shape shape) throws IOException, InterruptedException {
        Worker worker = waiting(shape);
        startMore(shape, 1);
        return worker == null ? launcher.start(shape) : worker;
    }

    /** Returns how many wait that are of a shape. */
    int count(Shape shape) {
        lock.lock();
        try {
            return (int) of(shape.language()).stream()
                    .filter(it -> it.shape().equals(shape))
                    .count();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many of a language are being started. */
    int starting(Language language) {
        lock.lock();
        try {
            return coming.getOrDefault(language, 0);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Worker waiting(Shape shape) {
        List<Worker> dead = new ArrayList<>();
        Worker found = null;
        lock.lock();
        try {
            Iterator<Worker> all = of(shape.language()).iterator();
            while (all.hasNext() && found == null) {
                Worker next = all.next();
                if (!next.isAlive()) {
                    all.remove();
                    dead.add(next);
                } else if (next.shape().equals(shape)) {
                    all.remove();
                    found = next;
                }
            }
        } finally {
            lock.unlock();
        }
        dead.forEach(Worker::close);
        return found;
    }

    private Deque<Worker> of(Language language) {
        return waiting.computeIfAbsent(language, it -> new ArrayDeque<>());
    }

    /** Starts some, and those too that could not be started before. */
    private void startMore(Shape shape, int atLeast) {
        int more;
        lock.lock();
        try {
            int underWay = coming.getOrDefault(shape.language(), 0);
            int missing = mostPerLanguage - underWay - of(shape.language()).size();
            more = isClosed ? 0 : Math.min(mostPerLanguage - underWay, Math.max(atLeast, missing));
            coming.merge(shape.language(), more, Integer::sum);
        } finally {
            lock.unlock();
        }
        try {
            for (int i = 0; i < more; i++) {
                thread.execute(() -> add(shape));
            }
        } catch (RejectedExecutionException e) {
            // It has been closed meanwhile.
        }
    }

    private void add(Shape shape) {
        try {
            // Starting one takes a processor for a while, which whoever has just taken one needs first.
            LockSupport.parkNanos(PAUSE_NANOS);
            if (makeRoom(shape)) {
                keep(launcher.start(shape));
            }
        } catch (IOException e) {
            LOGGER.atWarn()
                    .addKeyValue("language", shape.language().word())
                    .addKeyValue("error", e.toString())
                    .log("a worker could not be started");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.lock();
            try {
                coming.merge(shape.language(), -1, Integer::sum);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Returns whether there is a place for one more of a shape. */
    private boolean makeRoom(Shape shape) {
        Optional<Worker> leaves;
        lock.lock();
        try {
            Deque<Worker> all = of(shape.language());
            if (isClosed) {
                return false;
            }
            if (all.size() < mostPerLanguage) {
                return true;
            }
            leaves = all.stream().filter(it -> !it.shape().equals(shape)).findFirst();
            leaves.ifPresent(all::remove);
        } finally {
            lock.unlock();
        }
        leaves.ifPresent(Worker::close);
        return leaves.isPresent();
    }

    private void keep(Worker worker) {
        boolean isKept;
        lock.lock();
        try {
            isKept = !isClosed;
            if (isKept) {
                of(worker.shape().language()).add(worker);
            }
        } finally {
            lock.unlock();
        }
        if (!isKept) {
            worker.close();
        }
    }

    /** Ends all that wait. */
    @Override
    public void close() {
        List<Worker> all = new ArrayList<>();
        lock.lock();
        try {
            isClosed = true;
            waiting.values().forEach(all::addAll);
            waiting.values().forEach(Deque::clear);
        } finally {
            lock.unlock();
        }
        thread.shutdownNow();
        all.forEach(Worker::kill);
        all.forEach(Worker::close);
        try {
            // What it was starting when it was interrupted, it ends.
            thread.awaitTermination(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
