package io.sallyport.sandbox.remote;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.Tier;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A machine that is kept. Its interpreter cannot be interrupted, and what it says late would be taken for what the next code
 * says: so the machine goes when code has to be ended.
 */
final class MicrosandboxSession implements SandboxSession {

    private final MicrosandboxSettings settings;
    private final Machines machines;
    private final MicrosandboxRun runs;
    private final Language language;
    private final String machine;
    private final Gate turn = new Gate(1);
    private final Cancellation closing = new Cancellation();
    private final AtomicBoolean gone = new AtomicBoolean();

    MicrosandboxSession(
            MicrosandboxSettings settings, Machines machines, MicrosandboxRun runs, Language language, String machine) {
        this.settings = settings;
        this.machines = machines;
        this.runs = runs;
        this.language = language;
        this.machine = machine;
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        if (execution.language() != language) {
            throw new IllegalArgumentException("the session is in " + language.word() + ", but the code in "
                    + execution.language().word());
        }
        Optional<Outcome> refused = MicrosandboxSandbox.refusal(execution, cancellation);
        if (refused.isPresent()) {
            return refused.get();
        }
        if (!turn.enter(settings.patience(), cancellation)) {
            return cancellation.isCancelled()
                    ? MicrosandboxSandbox.unrun(Status.CANCELLED, "Cancelled", "it was to end before it began")
                    : isOver()
                            ? over()
                            : MicrosandboxSandbox.unrun(
                                    Status.UNAVAILABLE, "Busy", "other code runs in the session; try again");
        }
        try {
            return isOver() ? over() : inTurn(execution, cancellation);
        } finally {
            turn.leave();
        }
    }

    private Outcome inTurn(Execution execution, Cancellation cancellation) throws InterruptedException {
        Cancellation either = new Cancellation();
        Runnable forgetCaller = cancellation.onCancel(either::cancel);
        Runnable forgetClosing = closing.onCancel(either::cancel);
        boolean isKept = false;
        try {
            Outcome outcome = language == Language.SHELL
                    ? runs.fresh(machine, execution, either)
                    : runs.kept(machine, execution, either);
            isKept = outcome.status() == Status.OK || outcome.status() == Status.ERROR;
            return outcome.status() == Status.CANCELLED && !cancellation.isCancelled() ? over() : outcome;
        } finally {
            forgetCaller.run();
            forgetClosing.run();
            if (!isKept) {
                leave();
            }
        }
    }

    private boolean isOver() {
        return gone.get() || machines.isClosed();
    }

    private static Outcome over() {
        return MicrosandboxSandbox.unrun(
                Status.UNAVAILABLE, "SessionLost", "the session is over, and what was in it is gone");
    }

    private void leave() {
        if (gone.compareAndSet(false, true)) {
            machines.discard(machine);
        }
    }

    @Override
    public boolean isLost() {
        return isOver();
    }

    @Override
    public void close() {
        closing.cancel();
        turn.close();
        leave();
    }

    @Override
    public String toString() {
        return "MicrosandboxSession[" + language.word() + ", " + Tier.VM.word() + ", " + machine + "]";
    }
}
