package io.sallyport.sandbox.validation;

import static java.util.Objects.requireNonNull;

import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.spi.AuditSink;
import java.util.Optional;
import java.util.stream.Collectors;

/** A sandbox that looks at code before it gives it to another. Thread-safe. */
final class GuardedSandbox implements Sandbox {

    private static final int MOST_MESSAGE_FINDINGS = 20;

    private final CodeValidator validator;
    private final Sandbox sandbox;
    private final ValidationMode mode;
    private final CodeAudit audit;

    GuardedSandbox(CodeValidator validator, Sandbox sandbox, ValidationMode mode, AuditSink audit) {
        this.validator = validator;
        this.sandbox = requireNonNull(sandbox, "sandbox");
        this.mode = requireNonNull(mode, "mode");
        this.audit = new CodeAudit(audit);
    }

    @Override
    public Capabilities capabilities() {
        return sandbox.capabilities();
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        Optional<Outcome> refused = refusal(execution, cancellation);
        return refused.isPresent() ? refused.get() : sandbox.run(execution, cancellation);
    }

    @Override
    public SandboxSession open(Language language, Limits limits, Cancellation cancellation)
            throws SandboxUnavailableException, InterruptedException {
        return new GuardedSession(sandbox.open(language, limits, cancellation));
    }

    @Override
    public void close() {
        sandbox.close();
    }

    /** Returns what comes of code that is not to be run; empty for all other. */
    private Optional<Outcome> refusal(Execution execution, Cancellation cancellation) throws InterruptedException {
        if (execution.isVouchedFor()) {
            return Optional.empty();
        }
        Verdict verdict = validator.check(execution.language(), execution.code(), cancellation);
        boolean isRefused = verdict.isRejection() && mode == ValidationMode.BLOCK;
        if (verdict.isRejection() || !verdict.findings().isEmpty()) {
            audit.record(execution, verdict, isRefused);
        }
        return isRefused ? Optional.of(refused(verdict)) : Optional.empty();
    }

    private Outcome refused(Verdict verdict) {
        String why = verdict.unchecked().orElse("");
        return switch (why) {
            case "" -> outcome(Outcome.Status.REJECTED, "UnsafeCode", message(verdict));
            case PythonChecker.CANCELLED -> outcome(Outcome.Status.CANCELLED, why, "the code was to end");
            case PythonChecker.UNAVAILABLE ->
                outcome(Outcome.Status.UNAVAILABLE, why, "nobody could look at the code; try again in a moment");
            default -> outcome(Outcome.Status.REJECTED, why, "to look at the code takes more than it may");
        };
    }

    private Outcome outcome(Outcome.Status status, String type, String message) {
        return Outcome.of(status, sandbox.capabilities().tier())
                .error(new Outcome.Failure(type, message, ""))
                .build();
    }

    private static String message(Verdict verdict) {
        int more = verdict.findings().size() - MOST_MESSAGE_FINDINGS;
        return "the code was not run:\n"
                + verdict.findings().stream()
                        .limit(MOST_MESSAGE_FINDINGS)
                        .map(finding -> "line " + finding.line() + ", column " + finding.column() + ": "
                                + finding.message() + " (" + finding.rule() + ")")
                        .collect(Collectors.joining("\n"))
                + (more > 0 ? "\nand " + more + " more" : "");
    }

    /** A session whose code is looked at. */
    private final class GuardedSession implements SandboxSession {

        private final SandboxSession session;

        GuardedSession(SandboxSession session) {
            this.session = session;
        }

        @Override
        public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
            Optional<Outcome> refused = refusal(execution, cancellation);
            return refused.isPresent() ? refused.get() : session.run(execution, cancellation);
        }

        @Override
        public boolean isLost() {
            return session.isLost();
        }

        @Override
        public void close() {
            session.close();
        }
    }
}
