package io.sallyport.gateway.internal;

import io.sallyport.spi.RecoveryHook;
import io.sallyport.stream.SerialQueue;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a host's hooks what happens to upstreams: of each upstream in order, and none longer than it may take. Thread-safe. */
final class RecoveryHooks {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.upstream");

    /** How long a hook may take. */
    static final Duration AT_MOST = Duration.ofSeconds(30);

    private static final long WHEN_FULL_SECONDS = 1;

    private final List<RecoveryHook> hooks;
    private final Executor executor;
    private final ScheduledExecutorService timer;
    private final Duration atMost;

    /** By upstream; there are as many as upstreams. */
    private final Map<String, SerialQueue> queues = new ConcurrentHashMap<>();

    RecoveryHooks(List<RecoveryHook> hooks, Executor executor, ScheduledExecutorService timer, Duration atMost) {
        this.hooks = hooks;
        this.executor = executor;
        this.timer = timer;
        this.atMost = atMost;
    }

    void connected(String upstream, long epoch) {
        tell(upstream, hook -> hook.connected(upstream, epoch));
    }

    void lost(String upstream, String problem) {
        tell(upstream, hook -> hook.lost(upstream, problem));
    }

    void quarantined(String upstream, String reason) {
        tell(upstream, hook -> hook.quarantined(upstream, reason));
    }

    private void tell(String upstream, Consumer<RecoveryHook> what) {
        if (hooks.isEmpty()) {
            return;
        }
        boolean hasRoom = queues.computeIfAbsent(upstream, absent -> new SerialQueue(this::execute))
                .run(() -> hooks.forEach(hook -> tell(upstream, hook, what)));
        if (!hasRoom) {
            LOGGER.atWarn()
                    .addKeyValue("upstream", upstream)
                    .log("the recovery hooks do not keep up; they were not told");
        }
    }

    /** Hooks may block, so whoever tells of something must not run them. */
    private void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException full) {
            try {
                timer.schedule(() -> execute(task), WHEN_FULL_SECONDS, TimeUnit.SECONDS);
            } catch (RejectedExecutionException closing) {
                // The gateway ends; there is nothing to recover any more.
            }
        }
    }

    private void tell(String upstream, RecoveryHook hook, Consumer<RecoveryHook> what) {
        Limit limit = new Limit(upstream, hook);
        try {
            what.accept(hook);
        } catch (RuntimeException | Error e) {
            LOGGER.atError().addKeyValue("upstream", upstream).setCause(e).log("a recovery hook failed");
        } finally {
            limit.end();
        }
    }

    /** Interrupts this thread if what it does takes too long, and not later. */
    private final class Limit {

        private final ReentrantLock lock = new ReentrantLock();
        private final Thread thread = Thread.currentThread();
        private final ScheduledFuture<?> interrupting;
        private boolean isOver;

        Limit(String upstream, RecoveryHook hook) {
            interrupting = timer.schedule(() -> interrupt(upstream, hook), atMost.toMillis(), TimeUnit.MILLISECONDS);
        }

        private void interrupt(String upstream, RecoveryHook hook) {
            lock.lock();
            try {
                if (!isOver) {
                    LOGGER.atWarn()
                            .addKeyValue("upstream", upstream)
                            .addKeyValue("hook", hook.getClass().getName())
                            .log("a recovery hook takes longer than " + atMost.toMillis() + " ms; it is interrupted");
                    thread.interrupt();
                }
            } finally {
                lock.unlock();
            }
        }

        void end() {
            lock.lock();
            try {
                isOver = true;
            } finally {
                lock.unlock();
            }
            interrupting.cancel(false);
            // The thread is not ours.
            Thread.interrupted();
        }
    }
}
