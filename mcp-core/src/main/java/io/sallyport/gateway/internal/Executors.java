package io.sallyport.gateway.internal;

import java.lang.reflect.InvocationTargetException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The threads of a gateway. */
public final class Executors {

    private static final int POOL_THREADS = 64;
    private static final int POOL_QUEUE = 1024;
    private static final long IDLE_SECONDS = 30;

    private Executors() {}

    /** An executor, and how to end it if it is ours. */
    public record Owned(Executor executor, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    /** Returns the host's executor, which stays the host's, or one of our own. */
    public static Owned orDefault(@Nullable Executor given) {
        if (given != null) {
            return new Owned(given, () -> {});
        }
        ExecutorService own = virtualThreads().orElseGet(Executors::pool);
        return new Owned(own, own::shutdownNow);
    }

    /** Returns the timer's one thread. */
    public static ScheduledExecutorService timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons("sallyport-timer"));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    /** Found at run time, because the bytecode is that of Java 17. */
    private static Optional<ExecutorService> virtualThreads() {
        try {
            return Optional.of((ExecutorService) java.util.concurrent.Executors.class
                    .getMethod("newVirtualThreadPerTaskExecutor")
                    .invoke(null));
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException notThere) {
            return Optional.empty();
        }
    }

    private static ExecutorService pool() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                POOL_THREADS,
                POOL_THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(POOL_QUEUE),
                daemons("sallyport-worker"));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static ThreadFactory daemons(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            // Not the loader of whoever happens to make the first request: threads outlive web applications.
            thread.setContextClassLoader(Executors.class.getClassLoader());
            return thread;
        };
    }
}
