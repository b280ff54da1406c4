package io.sallyport.sandbox;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Runs something after a while. */
interface Alarm {

    /** Returns what calls it off. */
    Runnable in(Duration delay, Runnable action);

    /** Ends it; whatever was to be run is not. */
    void close();

    /** Returns one with a thread of its own, which is there from the first time on. */
    static Alarm thread() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "sallyport-sandbox-sessions");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        return new Alarm() {
            @Override
            public Runnable in(Duration delay, Runnable action) {
                try {
                    Future<?> scheduled = timer.schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS);
                    return () -> scheduled.cancel(false);
                } catch (RejectedExecutionException closed) {
                    return () -> {};
                }
            }

            @Override
            public void close() {
                timer.shutdownNow();
            }
        };
    }
}
