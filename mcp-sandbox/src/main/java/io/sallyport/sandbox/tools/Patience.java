package io.sallyport.sandbox.tools;

import io.sallyport.protocol.MetaKeys;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.SandboxRefusedException;
import io.sallyport.upstream.local.LocalCall;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits for what may take long, and tells a caller who wants to know that it has not been forgotten. A call that is cancelled
 * interrupts its handler, and the handler what it waits for.
 */
final class Patience {

    /** What is waited for. Heeds interruption. */
    interface Work<T> {
        T run(Cancellation cancellation) throws SandboxRefusedException, InterruptedException;
    }

    /** Code ends within milliseconds when it has to; more is for what has to be torn down elsewhere. */
    private static final Duration ENDS_WITHIN = Duration.ofSeconds(10);

    private final Duration tellsEvery;

    Patience(Duration tellsEvery) {
        this.tellsEvery = tellsEvery;
    }

    /** Waits for work; within the handler's thread unless the caller wants to hear of it. */
    <T> T await(LocalCall call, Work<T> work) throws SandboxRefusedException, InterruptedException {
        Cancellation cancellation = new Cancellation();
        if (!call.meta().containsKey(MetaKeys.PROGRESS_TOKEN)) {
            return work.run(cancellation);
        }
        FutureTask<T> task = new FutureTask<>(() -> work.run(cancellation));
        // Only the handler's own thread may report, so that another one has to work.
        Thread worker = new Thread(task, "sallyport-sandbox-call");
        worker.setDaemon(true);
        worker.start();
        try {
            return told(call, task);
        } finally {
            if (!task.isDone()) {
                cancellation.cancel();
                worker.interrupt();
                joinUninterruptibly(worker);
            }
        }
    }

    private <T> T told(LocalCall call, FutureTask<T> task) throws SandboxRefusedException, InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            try {
                return task.get(tellsEvery.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException notYet) {
                double seconds = (System.nanoTime() - begun) / 1e9;
                call.progress(seconds, "running for " + Math.round(seconds) + " s");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof SandboxRefusedException refused) {
                    throw refused;
                }
                if (e.getCause() instanceof InterruptedException) {
                    throw new InterruptedException("the work was interrupted");
                }
                throw new IllegalStateException("the work has failed", e.getCause());
            }
        }
    }

    private static void joinUninterruptibly(Thread worker) {
        boolean wasInterrupted = Thread.interrupted();
        try {
            worker.join(ENDS_WITHIN.toMillis());
        } catch (InterruptedException again) {
            wasInterrupted = true;
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
