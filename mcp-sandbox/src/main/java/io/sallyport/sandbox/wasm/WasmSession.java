package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import java.util.Optional;
import java.util.function.Supplier;

/** A copy of an interpreter that is kept between executions. It is made by the first of them. Thread-safe. */
final class WasmSession implements SandboxSession {

    private final WasmSandbox sandbox;
    private final Language language;
    private final Supplier<Guest> copies;

    /** Whoever is inside may look at the guest, and at nothing else of this for longer than a moment. */
    private final Gate turn = new Gate(1);

    private Optional<Guest> guest = Optional.empty();
    private volatile Optional<Run> running = Optional.empty();
    private volatile boolean isLost;
    private volatile boolean isClosed;

    WasmSession(WasmSandbox sandbox, Language language, Supplier<Guest> copies) {
        this.sandbox = sandbox;
        this.language = language;
        this.copies = copies;
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        if (execution.language() != language) {
            throw new IllegalArgumentException("the session is in " + language.word() + ", but the execution in "
                    + execution.language().word());
        }
        if (!turn.enter(sandbox.patience(), cancellation)) {
            return sandbox.notLetIn(cancellation);
        }
        try {
            return isClosed || isLost ? gone() : runInTurn(execution, cancellation);
        } finally {
            turn.leave();
            discardIfOver();
        }
    }

    private static Outcome gone() {
        return WasmSandbox.unrun(Status.UNAVAILABLE, "SessionLost", "the session is over, and what was in it is gone");
    }

    private Outcome runInTurn(Execution execution, Cancellation cancellation) throws InterruptedException {
        Run run = new Run(execution, (it, stdout, stderr) -> guest().run(it, stdout, stderr));
        running = Optional.of(run);
        try {
            if (isClosed) {
                run.close();
            }
            Outcome outcome = sandbox.run(execution, run, cancellation);
            return isClosed && outcome.status() == Status.UNAVAILABLE ? gone() : outcome;
        } finally {
            isLost = !run.isGuestIntact();
            running = Optional.empty();
        }
    }

    /** On the thread of a run. */
    private Guest guest() {
        Guest it = guest.orElseGet(copies);
        guest = Optional.of(it);
        return it;
    }

    @Override
    public boolean isLost() {
        return isLost;
    }

    @Override
    public void close() {
        isClosed = true;
        running.ifPresent(Run::close);
        discardIfOver();
        sandbox.forget(this);
    }

    /** Gives back what the guest has, if nothing will run there any more; whoever has the turn calls this after it. */
    private void discardIfOver() {
        if ((isClosed || isLost) && turn.tryEnter()) {
            try {
                guest.ifPresent(Guest::close);
                guest = Optional.empty();
            } finally {
                turn.leave();
            }
        }
    }
}
