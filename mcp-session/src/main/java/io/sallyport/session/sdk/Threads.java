package io.sallyport.session.sdk;

import java.lang.reflect.InvocationTargetException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of a provider.
 *
 * @param timer one thread, which never waits for anything
 * @param calls run what the server was written for; it may block as long as it likes
 * @param store wait for the store, and must not be used up by calls, which wait for them
 */
record Threads(ScheduledExecutorService timer, ExecutorService calls, ExecutorService store) {

    private static final int POOL_THREADS = 64;
    private static final int POOL_QUEUE = 1024;
    private static final long IDLE_SECONDS = 30;

    static Threads start() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, daemons("sallyport-sdk-timer"));
        timer.setRemoveOnCancelPolicy(true);
        return new Threads(timer, workers("sallyport-sdk-call"), workers("sallyport-sdk-store"));
    }

    private static ExecutorService workers(String name) {
        return virtualThreads().orElseGet(() -> pool(name));
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
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                POOL_THREADS,
                POOL_THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(POOL_QUEUE),
                daemons(name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static ThreadFactory daemons(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = daemon(task, name + "-" + count.incrementAndGet());
            return thread;
        };
    }

    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        // Not the loader of whoever happens to make the first request: threads outlive web applications.
        thread.setContextClassLoader(Threads.class.getClassLoader());
        return thread;
    }

    void end() {
        timer.shutdownNow();
        calls.shutdownNow();
        store.shutdown();
    }
}
