package io.sallyport.stream;

import java.lang.reflect.InvocationTargetException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads that we start ourselves: daemons, whose class loader is ours and not that of whoever happens to make the
 * first request, because threads outlive web applications.
 *
 * @since 0.1
 */
public final class Workers {

    private static final int POOL_THREADS = 64;
    private static final int POOL_QUEUE = 1024;
    private static final long IDLE_SECONDS = 30;

    private Workers() {}

    /**
     * An executor, and how to end it if it is ours.
     *
     * @param executor runs tasks
     * @param end ends it
     */
    public record Owned(Executor executor, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    /**
     * Returns the host's executor, which stays the host's, or one of our own.
     *
     * @param given the host's; null for one of our own
     */
    public static Owned orDefault(@Nullable Executor given) {
        if (given != null) {
            return new Owned(given, () -> {});
        }
        ExecutorService own = start("sallyport-worker");
        return new Owned(own, own::shutdownNow);
    }

    /**
     * Returns virtual threads where the JDK has them, else a pool of 64 threads before which 1024 tasks may wait; what is
     * more is rejected.
     *
     * @param name the threads' names begin with it
     */
    public static ExecutorService start(String name) {
        return virtualThreads().orElseGet(() -> pool(name));
    }

    /** Returns a timer of one thread, which has this name and must not wait for anything. */
    public static ScheduledExecutorService timer(String name) {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> daemon(task, name));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    /** Returns a thread, not started. */
    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(Workers.class.getClassLoader());
        return thread;
    }

    /** Found at run time, because the bytecode is that of Java 17. */
    private static Optional<ExecutorService> virtualThreads() {
        try {
            return Optional.of((ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null));
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException notThere) {
            return Optional.empty();
        }
    }

    private static ExecutorService pool(String name) {
        AtomicInteger count = new AtomicInteger();
        ThreadFactory threads = task -> daemon(task, name + "-" + count.incrementAndGet());
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                POOL_THREADS,
                POOL_THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(POOL_QUEUE),
                threads);
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
