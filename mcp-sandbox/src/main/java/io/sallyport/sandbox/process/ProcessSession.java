package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxSession;
import java.util.function.BooleanSupplier;

/** A worker that is used again. Thread-safe: one execution at a time. */
final class ProcessSession implements SandboxSession {

    private final ProcessSandbox sandbox;
    private final Worker worker;

    /** Held while code runs: who comes meanwhile waits, as the interface says. */
    private final Gate turn = new Gate(1);

    private volatile boolean isClosed;
    private volatile boolean isLost;

    ProcessSession(ProcessSandbox sandbox, Worker worker) {
        this.sandbox = sandbox;
        this.worker = worker;
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        if (execution.language() != worker.shape().language()) {
            throw new IllegalArgumentException("the session is in "
                    + worker.shape().language().word() + ", but the code is in "
                    + execution.language().word());
        }
        if (!turn.enter(sandbox.patience(), cancellation)) {
            return sandbox.notLetIn(cancellation);
        }
        try {
            return sandbox.runIn(this, execution, cancellation);
        } finally {
            turn.leave();
        }
    }

    /** Runs code now that there is room for it. */
    Outcome runNow(Execution execution, Cancellation cancellation, BooleanSupplier isSandboxClosed)
            throws InterruptedException {
        if (isClosed || isLost || !worker.isAlive()) {
            isLost = true;
            return gone();
        }
        if (cancellation.isCancelled()) {
            return ProcessSandbox.unrun(Outcome.Status.CANCELLED, "Cancelled", "the code was to end");
        }
        boolean isIntact = false;
        try {
            Exchange exchange =
                    new Exchange(worker, execution, cancellation, () -> isClosed || isSandboxClosed.getAsBoolean());
            Outcome outcome = exchange.run();
            isIntact = exchange.isIntact() && !isClosed;
            return isClosed && outcome.status() == Outcome.Status.UNAVAILABLE ? gone() : outcome;
        } finally {
            if (!isIntact) {
                isLost = true;
                worker.close();
                sandbox.forget(this);
            }
        }
    }

    private static Outcome gone() {
        return ProcessSandbox.unrun(
                Outcome.Status.UNAVAILABLE, "SessionLost", "the session is over, and what was in it is gone");
    }

    @Override
    public boolean isLost() {
        return isLost || isClosed || !worker.isAlive();
    }

    @Override
    public void close() {
        isClosed = true;
        worker.kill();
        // Whoever runs code in it sees that, and closes the worker.
        if (turn.tryEnter()) {
            try {
                worker.close();
            } finally {
                turn.leave();
            }
        }
        sandbox.forget(this);
    }
}
