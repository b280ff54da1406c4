package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Sandbox} must do that keeps state between executions. Extend it, and say which sandbox. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
public abstract class SandboxSessionContract {

    private Sandbox sandbox;

    /** Returns a new sandbox, in which at least four sessions may be open at once. */
    protected abstract Sandbox create() throws Exception;

    /** Returns the languages in which there are to be sessions; at least one. */
    protected abstract Set<Language> stateful();

    /** Returns a time that is short, but enough to begin with code. Half a second unless overridden. */
    protected Duration brief() {
        return Duration.ofMillis(500);
    }

    @BeforeAll
    void createsTheSandbox() throws Exception {
        sandbox = create();
    }

    @AfterAll
    void closesTheSandbox() {
        sandbox.close();
    }

    Stream<Language> languages() {
        return stateful().stream().sorted();
    }

    private SandboxSession open(Language language) throws Exception {
        return sandbox.open(language, limits().build(), new Cancellation());
    }

    private static Limits.Builder limits() {
        return Limits.builder().processes(16);
    }

    private Execution.Builder code(Language language, String code) {
        return Execution.of(language, code)
                .limits(limits().build())
                .weakestTier(sandbox.capabilities().tier());
    }

    private Outcome run(SandboxSession session, Language language, String code) throws InterruptedException {
        return session.run(code(language, code).build(), new Cancellation());
    }

    private Outcome run(SandboxSession session, Language language, Snippet snippet) throws InterruptedException {
        return run(session, language, snippet.in(language).orElseThrow());
    }

    private Outcome runFor(Duration wallTime, SandboxSession session, Language language, Snippet snippet)
            throws InterruptedException {
        return session.run(
                code(language, snippet.in(language).orElseThrow())
                        .limits(limits().wallTime(wallTime).build())
                        .build(),
                new Cancellation());
    }

    private static String value(Outcome outcome) {
        assertThat(outcome.status())
                .as(() -> outcome.error() + ", stderr: " + outcome.stderr())
                .isEqualTo(Status.OK);
        return outcome.value().map(JsonValue::toJson).orElse("none");
    }

    private static String unavailable(Outcome outcome) {
        assertThat(outcome.status()).as(outcome::toString).isEqualTo(Status.UNAVAILABLE);
        return outcome.error().orElseThrow().type();
    }

    @Test
    void opensNoSessionThatNobodyWantsAnyMore() {
        Cancellation cancelled = new Cancellation();
        cancelled.cancel();
        Language language = stateful().iterator().next();

        assertThatThrownBy(() -> sandbox.open(language, limits().build(), cancelled))
                .isInstanceOfSatisfying(
                        SandboxUnavailableException.class,
                        refusal -> assertThat(refusal.type()).isEqualTo("Cancelled"));
    }

    @Test
    void saysInWhichLanguagesThereAreSessions() {
        assertThat(sandbox.capabilities().stateful()).isEqualTo(stateful()).isNotEmpty();
    }

    @Test
    void opensNoneInOtherLanguages() {
        for (Language language : Language.values()) {
            if (!stateful().contains(language)) {
                assertThatThrownBy(() -> open(language)).isInstanceOf(SandboxUnavailableException.class);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void codeFindsWhatCodeBeforeHasLeft(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            run(session, language, Snippet.REMEMBER);

            assertThat(value(run(session, language, Snippet.RECALL))).isEqualTo("42");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void whatIsLeftSurvivesAnError(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            run(session, language, Snippet.REMEMBER);
            run(session, language, Snippet.FAIL.in(language).orElse("exit 7"));

            assertThat(value(run(session, language, Snippet.RECALL))).isEqualTo("42");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void eachRunHasItsOwnOutput(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            run(session, language, Snippet.PRINT);
            Outcome second = run(session, language, Snippet.COMPLAIN);

            assertThat(second.stdout()).isEmpty();
            assertThat(second.stderr()).isEqualTo("oh\n");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void aValueIsOfItsRunOnly(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            run(session, language, Snippet.VALUE);

            String second =
                    value(run(session, language, Snippet.NO_VALUE.in(language).orElse("x=1")));

            assertThat(second).isEqualTo(language == Language.SHELL ? "0" : "none");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void givesInputsToEachRun(Language language) throws Exception {
        if (language == Language.SHELL) {
            return; // There are no inputs for it.
        }
        try (SandboxSession session = open(language)) {
            for (String inputs : new String[] {"{\"i\":1}", "{\"j\":2}"}) {
                Outcome outcome = session.run(
                        code(language, Snippet.ECHO_INPUTS.in(language).orElseThrow())
                                .inputs(JsonValue.trusted(inputs))
                                .build(),
                        new Cancellation());

                assertThat(value(outcome)).isEqualTo(inputs);
            }
        }
    }

    @Incident("X11")
    @ParameterizedTest
    @MethodSource("languages")
    void nobodyElseSeesWhatIsLeft(Language language) throws Exception {
        try (SandboxSession session = open(language);
                SandboxSession other = open(language)) {
            run(session, language, Snippet.REMEMBER);

            assertThat(value(run(other, language, Snippet.FORGOTTEN))).isEqualTo("0");
            assertThat(value(sandbox.run(
                            code(language, Snippet.FORGOTTEN.in(language).orElseThrow())
                                    .build())))
                    .isEqualTo("0");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void randomNumbersDifferFromSessionToSession(Language language) throws Exception {
        if (Snippet.RANDOM.in(language).isEmpty()) {
            return;
        }
        try (SandboxSession session = open(language);
                SandboxSession other = open(language)) {
            assertThat(value(run(session, language, Snippet.RANDOM)))
                    .isNotEqualTo(value(run(other, language, Snippet.RANDOM)));
        }
    }

    @Incident("S173")
    @Incident("S166")
    @ParameterizedTest
    @MethodSource("languages")
    void codeThatTakesTooLongIsEndedAndSoIsASessionThatSaysItIsLost(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            run(session, language, Snippet.REMEMBER);

            Outcome outcome = runFor(brief(), session, language, Snippet.STUBBORN_LOOP);

            assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
            StopLag.check(outcome, brief());
            Outcome after = run(session, language, Snippet.RECALL);
            assertThat(session.isLost() ? unavailable(after) : value(after))
                    .isEqualTo(session.isLost() ? "SessionLost" : "42");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void endsCodeThatIsCancelled(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            Cancellation cancellation = new Cancellation();
            CompletableFuture<Void> cancelled = CompletableFuture.runAsync(
                    cancellation::cancel, CompletableFuture.delayedExecutor(brief().toMillis(), TimeUnit.MILLISECONDS));

            Outcome outcome = session.run(
                    code(language, Snippet.LOOP.in(language).orElseThrow()).build(), cancellation);

            cancelled.get();
            assertThat(outcome.status()).isEqualTo(Status.CANCELLED);
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void codeThatIsCancelledWhileOthersRunWaitsNoLonger(Language language) throws Exception {
        try (SandboxSession session = open(language)) {
            Cancellation ends = new Cancellation();
            CompletableFuture<Outcome> running = looping(session, language, ends);
            Cancellation cancellation = new Cancellation();
            CompletableFuture<Outcome> waiting = looping(session, language, cancellation);

            // Whichever of them has come second.
            cancellation.cancel();

            assertThat(waiting.get(5, TimeUnit.SECONDS).status()).isEqualTo(Status.CANCELLED);
            ends.cancel();
            running.get(20, TimeUnit.SECONDS);
        }
    }

    private CompletableFuture<Outcome> looping(SandboxSession session, Language language, Cancellation cancellation) {
        Execution loop = code(language, Snippet.LOOP.in(language).orElseThrow()).build();
        return CompletableFuture.supplyAsync(() -> {
            try {
                return session.run(loop, cancellation);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("languages")
    void aLostSessionLosesNoOther(Language language) throws Exception {
        try (SandboxSession session = open(language);
                SandboxSession other = open(language)) {
            run(other, language, Snippet.REMEMBER);
            runFor(brief(), session, language, Snippet.LOOP);

            assertThat(value(run(other, language, Snippet.RECALL))).isEqualTo("42");
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void aClosedSessionRunsNothing(Language language) throws Exception {
        SandboxSession session = open(language);
        session.close();
        session.close();

        assertThat(unavailable(run(session, language, Snippet.VALUE))).isEqualTo("SessionLost");
    }

    @ParameterizedTest
    @MethodSource("languages")
    void closingASessionEndsWhatRunsInIt(Language language) throws Exception {
        SandboxSession session = open(language);
        CompletableFuture<Void> closed = CompletableFuture.runAsync(
                session::close, CompletableFuture.delayedExecutor(brief().toMillis(), TimeUnit.MILLISECONDS));

        Outcome outcome = run(session, language, Snippet.LOOP);

        closed.get();
        assertThat(unavailable(outcome)).isEqualTo("SessionLost");
    }

    @ParameterizedTest
    @MethodSource("languages")
    void closingTheSandboxClosesItsSessions(Language language) throws Exception {
        Sandbox closing = create();
        SandboxSession session = closing.open(language, limits().build(), new Cancellation());
        closing.close();

        assertThat(run(session, language, Snippet.VALUE).status()).isEqualTo(Status.UNAVAILABLE);
        assertThatThrownBy(() -> closing.open(language, limits().build(), new Cancellation()))
                .isInstanceOf(SandboxUnavailableException.class);
    }

    @Incident("S168")
    @ParameterizedTest
    @MethodSource("languages")
    void refusesCodeInAnotherLanguage(Language language) throws Exception {
        Language other = language == Language.PYTHON ? Language.JAVASCRIPT : Language.PYTHON;
        try (SandboxSession session = open(language)) {
            assertThatThrownBy(() -> run(session, other, Snippet.VALUE)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void rejectsWhatIsToRunInAStrongerTier(Language language) throws Exception {
        Tier own = sandbox.capabilities().tier();
        try (SandboxSession session = open(language)) {
            for (Tier tier : Tier.values()) {
                Outcome outcome = session.run(
                        code(language, Snippet.VALUE.in(language).orElseThrow())
                                .weakestTier(tier)
                                .build(),
                        new Cancellation());

                assertThat(outcome.status())
                        .as(tier.word())
                        .isEqualTo(own.isAtLeast(tier) ? Status.OK : Status.REJECTED);
            }
        }
    }
}
