package io.sallyport.sandbox.process;

import java.io.IOException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads and processes that keep nothing of the host. */
final class Daemons {

    private Daemons() {}

    /** Returns one thread that lasts until it is shut down: no idle time ends it. */
    static ThreadPoolExecutor thread(String name) {
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    thread.setContextClassLoader(Daemons.class.getClassLoader());
                    return thread;
                });
        executor.prestartAllCoreThreads();
        return executor;
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
}
