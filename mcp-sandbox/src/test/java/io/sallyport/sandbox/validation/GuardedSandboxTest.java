package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.Tier;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes of code in which something is found, whoever runs it. */
class GuardedSandboxTest {

    private static final String UNSAFE = "eval('1')";

    /** Runs nothing, and remembers what it was to run. */
    private static final class Recorder implements Sandbox {

        private final List<String> ran = new ArrayList<>();
        private Outcome outcome = Outcome.of(Outcome.Status.OK, Tier.PROCESS).build();

        @Override
        public Capabilities capabilities() {
            return Capabilities.of(Tier.PROCESS, EnumSet.allOf(Language.class), EnumSet.allOf(Limit.class));
        }

        @Override
        public Outcome run(Execution execution, Cancellation cancellation) {
            ran.add(execution.code());
            return outcome;
        }

        @Override
        public SandboxSession open(Language language, Limits limits, Cancellation cancellation) {
            return new SandboxSession() {
                @Override
                public Outcome run(Execution execution, Cancellation cancelled) {
                    return Recorder.this.run(execution, cancelled);
                }

                @Override
                public boolean isLost() {
                    return true;
                }

                @Override
                public void close() {
                    ran.add("closed the session");
                }
            };
        }

        @Override
        public void close() {
            ran.add("closed");
        }
    }

    private final Recorder parser = new Recorder();
    private final Recorder sandbox = new Recorder();
    private final List<AuditEvent> events = new ArrayList<>();
    private final CodeValidator validator = CodeValidator.builder(parser).build();

    private Sandbox guarded(ValidationMode mode) {
        return validator.guard(sandbox, mode, events::add);
    }

    private static Execution javaScript(String code) {
        return Execution.of(Language.JAVASCRIPT, code)
                .origin(new Execution.Origin(new Principal("issuer", "client", "ada", "tenant"), "s-1", "execute_code"))
                .build();
    }

    private static Execution python() {
        return Execution.of(Language.PYTHON, "x = 1").build();
    }

    private void parserEndsWith(Outcome.Status status) {
        parser.outcome = Outcome.of(status, Tier.WASM)
                .error(new Outcome.Failure("Because", "of the host db-7", ""))
                .build();
    }

    @Test
    void codeInWhichNothingIsFoundIsRun() throws Exception {
        assertThat(guarded(ValidationMode.BLOCK).run(javaScript("1 + 1")).status())
                .isEqualTo(Outcome.Status.OK);
        assertThat(sandbox.ran).containsExactly("1 + 1");
        assertThat(events).isEmpty();
    }

    @Test
    void whatTheHostVouchesForIsNotLookedAt() throws Exception {
        Execution vouchedFor =
                Execution.of(Language.JAVASCRIPT, UNSAFE).vouchedFor().build();

        assertThat(guarded(ValidationMode.BLOCK).run(vouchedFor).status()).isEqualTo(Outcome.Status.OK);
        assertThat(sandbox.ran).containsExactly(UNSAFE);
    }

    @Test
    void unsafeCodeIsNotRunAndItsAuthorIsToldWhy() throws Exception {
        Outcome outcome = guarded(ValidationMode.BLOCK).run(javaScript("let x\n  " + UNSAFE));

        assertThat(outcome.status()).isEqualTo(Outcome.Status.REJECTED);
        assertThat(outcome.tier()).isEqualTo(Tier.PROCESS);
        assertThat(outcome.error())
                .contains(new Outcome.Failure(
                        "UnsafeCode",
                        "the code was not run:\nline 2, column 3: text is not to be run: eval (js.evaluation)",
                        ""));
        assertThat(sandbox.ran).isEmpty();
    }

    @Test
    @Incident("X16")
    void aRejectionIsToldTheAuditWithTheHashOfTheCodeAndWithoutTheCode() throws Exception {
        guarded(ValidationMode.BLOCK).run(javaScript(UNSAFE));

        assertThat(events).hasSize(1);
        AuditEvent event = events.get(0);
        assertThat(event.principal().subject()).isEqualTo("ada");
        assertThat(event.action()).isEqualTo("sandbox/run");
        assertThat(event.outcome()).isEqualTo(AuditEvent.Outcome.REFUSED);
        assertThat(event.reason()).isEqualTo("unsafe_code");
        assertThat(event.target()).contains("execute_code");
        assertThat(event.details())
                .isEqualTo(Map.of(
                        "language", "javascript",
                        "rules", "js.evaluation",
                        "findings", "1",
                        "sandboxSession", "s-1",
                        "codeSha256", "68dac202a329400108b5128b599784bdb7e959af6b2f0f00d5cc66340681d7d3"));
    }

    @Test
    void inModeWarnUnsafeCodeIsRunAndRecorded() throws Exception {
        Outcome outcome = guarded(ValidationMode.WARN).run(javaScript(UNSAFE));

        assertThat(outcome.status()).isEqualTo(Outcome.Status.OK);
        assertThat(sandbox.ran).containsExactly(UNSAFE);
        assertThat(events).extracting(AuditEvent::outcome).containsExactly(AuditEvent.Outcome.ANSWERED);
    }

    @Test
    void inModeOffNobodyLooks() throws Exception {
        assertThat(guarded(ValidationMode.OFF).run(python()).status()).isEqualTo(Outcome.Status.OK);
        assertThat(parser.ran).isEmpty();
        assertThat(events).isEmpty();
    }

    @Test
    void codeInASessionIsLookedAtToo() throws Exception {
        SandboxSession session =
                guarded(ValidationMode.BLOCK).open(Language.JAVASCRIPT, Limits.defaults(), new Cancellation());

        Outcome outcome = session.run(javaScript(UNSAFE), new Cancellation());

        assertThat(outcome.status()).isEqualTo(Outcome.Status.REJECTED);
        assertThat(sandbox.ran).isEmpty();
        assertThat(session.run(javaScript("1"), new Cancellation()).status()).isEqualTo(Outcome.Status.OK);
        assertThat(session.isLost()).isTrue();
        session.close();
        assertThat(sandbox.ran).containsExactly("1", "closed the session");
    }

    @Test
    void withoutAParserPythonIsNotRun() throws Exception {
        parserEndsWith(Outcome.Status.UNAVAILABLE);

        Outcome outcome = guarded(ValidationMode.BLOCK).run(python());

        assertThat(outcome.status()).isEqualTo(Outcome.Status.UNAVAILABLE);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo("CheckUnavailable");
        assertThat(outcome.error().orElseThrow().message()).doesNotContain("db-7");
        assertThat(sandbox.ran).isEmpty();
        assertThat(events).extracting(AuditEvent::reason).containsExactly("unchecked_code");
    }

    @Test
    void whatTakesTooLongToLookAtIsNotRun() throws Exception {
        for (Outcome.Status status :
                List.of(Outcome.Status.TIMEOUT, Outcome.Status.MEMORY, Outcome.Status.ERROR, Outcome.Status.OUTPUT)) {
            parserEndsWith(status);

            Outcome outcome = guarded(ValidationMode.BLOCK).run(python());

            assertThat(outcome.status()).as(status.name()).isEqualTo(Outcome.Status.REJECTED);
            assertThat(outcome.error().orElseThrow().type()).isEqualTo("Uncheckable");
        }
        assertThat(sandbox.ran).isEmpty();
    }

    @Test
    void aParserThatSaysSomethingElseIsNotBelieved() throws Exception {
        for (String said : List.of("7", "[[1]]", "[[\"py.unknown\", 1, 1, \"\"]]", "{\"code\": []}")) {
            parser.outcome = Outcome.of(Outcome.Status.OK, Tier.WASM)
                    .value(JsonValue.trusted(said))
                    .build();

            assertThat(guarded(ValidationMode.BLOCK).run(python()).status())
                    .as(said)
                    .isEqualTo(Outcome.Status.REJECTED);
        }
        parser.outcome = Outcome.of(Outcome.Status.OK, Tier.WASM).build();
        assertThat(guarded(ValidationMode.BLOCK).run(python()).status()).isEqualTo(Outcome.Status.REJECTED);
        assertThat(sandbox.ran).isEmpty();
    }

    @Test
    void inModeWarnUncheckedCodeIsRunAndRecorded() throws Exception {
        parserEndsWith(Outcome.Status.UNAVAILABLE);

        assertThat(guarded(ValidationMode.WARN).run(python()).status()).isEqualTo(Outcome.Status.OK);
        assertThat(events).extracting(AuditEvent::reason).containsExactly("unchecked_code");
    }

    @Test
    void aCheckThatWasCancelledIsNoRejection() throws Exception {
        parserEndsWith(Outcome.Status.CANCELLED);

        assertThat(guarded(ValidationMode.BLOCK).run(python()).status()).isEqualTo(Outcome.Status.CANCELLED);
        assertThat(sandbox.ran).isEmpty();
    }

    @Test
    void commandsAreNotLookedAt() throws Exception {
        Execution command = Execution.of(Language.SHELL, "eval \"$(cat x)\"").build();

        assertThat(guarded(ValidationMode.BLOCK).run(command).status()).isEqualTo(Outcome.Status.OK);
        assertThat(events).isEmpty();
    }

    @Test
    void anAuditThatFailsLetsNothingThrough() throws Exception {
        Sandbox guarded = validator.guard(sandbox, ValidationMode.BLOCK, event -> {
            throw new IllegalStateException("the disk is full");
        });

        assertThat(guarded.run(javaScript(UNSAFE)).status()).isEqualTo(Outcome.Status.REJECTED);
    }

    @Test
    void closesWhatItGuardsAndNotTheParser() {
        guarded(ValidationMode.BLOCK).close();

        assertThat(sandbox.ran).containsExactly("closed");
        assertThat(parser.ran).isEmpty();
    }

    @Test
    void saysWhatTheGuardedOneCan() {
        assertThat(guarded(ValidationMode.BLOCK).capabilities()).isEqualTo(sandbox.capabilities());
    }

    @Test
    void whatIsOnlyAWarningIsRunAndRecorded() throws Exception {
        CodeValidator lenient = CodeValidator.builder(parser)
                .rule(Rule.of(
                        "acme.todo",
                        Finding.Severity.WARNING,
                        Language.JAVASCRIPT,
                        Rule.Where.NAME,
                        Set.of("todo"),
                        "it is not done"))
                .build();

        Outcome outcome =
                lenient.guard(sandbox, ValidationMode.BLOCK, events::add).run(javaScript("todo()"));

        assertThat(outcome.status()).isEqualTo(Outcome.Status.OK);
        assertThat(events)
                .extracting(it -> Optional.ofNullable(it.details().get("rules")))
                .containsExactly(Optional.of("acme.todo"));
    }
}
