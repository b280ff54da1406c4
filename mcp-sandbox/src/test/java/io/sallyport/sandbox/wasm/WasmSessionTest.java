package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.sandbox.SandboxUnavailableException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import run.endive.runtime.Memory;

class WasmSessionTest {

    private static final int MEBIBYTE = 1024 * 1024;
    private static final int MOST_SESSIONS = 3;
    private static final MemoryBudget BUDGET = new MemoryBudget(256 * MEBIBYTE);

    private static WasmSandbox sandbox;

    @BeforeAll
    static void startsTheInterpreters() throws InterruptedException {
        sandbox = new WasmSandbox(
                Map.of(
                        Language.PYTHON,
                        PythonInterpreter.start(BUDGET),
                        Language.JAVASCRIPT,
                        JavaScriptInterpreter.start(BUDGET)),
                2,
                MOST_SESSIONS,
                Duration.ofMinutes(1));
    }

    @AfterAll
    static void closesTheSandbox() {
        sandbox.close();
    }

    private static SandboxSession open(Language language) throws Exception {
        return sandbox.open(language, Limits.defaults(), new Cancellation());
    }

    private static Outcome run(SandboxSession session, Language language, String code) throws InterruptedException {
        return session.run(Execution.of(language, code).build(), new Cancellation());
    }

    /** Returns the value of the last code, after that before it has run in the same session. */
    private static String lastValue(Language language, String... codes) throws Exception {
        try (SandboxSession session = open(language)) {
            Outcome outcome = null;
            for (String code : codes) {
                outcome = run(session, language, code);
                assertThat(outcome.error()).as(code).isEmpty();
            }
            return outcome.value().map(JsonValue::toJson).orElse("none");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "var x = 42 | result = x",
                "function x() { return 42 } | result = x()",
                "globalThis.x = 42 | result = x",
                "x = 42 | result = x",
                "async function x() { return await 42 } | result = await x()",
                "globalThis.x = await 42 | result = x",
                "x = await (async () => 42)() | return x",
                "var x; Promise.resolve(42).then(it => { x = it }) | result = x",
                "const y = 42; var x = () => y | result = x()",
                "globalThis.x = { then(f) { f(42) } } | result = x",
            })
    void whatIsGlobalInJavaScriptSurvives(String first, String second) throws Exception {
        assertThat(lastValue(Language.JAVASCRIPT, first, second)).isEqualTo("42");
    }

    @ParameterizedTest
    @ValueSource(strings = {"const x = 1", "let x = 1", "class x {}", "{ let x = 1 }"})
    void whatIsNotGlobalInJavaScriptMayBeDeclaredAgain(String code) throws Exception {
        assertThat(lastValue(Language.JAVASCRIPT, code, code, "result = typeof x"))
                .isEqualTo("\"undefined\"");
    }

    @Test
    void codeThatIsRunAsAFunctionIsNotRunTwice() throws Exception {
        assertThat(lastValue(
                        Language.JAVASCRIPT,
                        "var n = 0",
                        "n++; await null; n += 10",
                        "n += 100; if (n) return",
                        "try { n += 1000; JSON.parse('{') } catch {}",
                        "result = n"))
                .isEqualTo("1111");
    }

    @Test
    void anErrorOfSyntaxThatCodeMakesItselfDoesNotRunItAgain() throws Exception {
        try (SandboxSession session = open(Language.JAVASCRIPT)) {
            run(session, Language.JAVASCRIPT, "globalThis.n = (globalThis.n ?? 0) + 1; JSON.parse('{')");

            assertThat(run(session, Language.JAVASCRIPT, "result = n").value().map(JsonValue::toJson))
                    .contains("1");
        }
    }

    @Test
    void codeCannotBeginItselfAgain() throws Exception {
        assertThat(lastValue(
                        Language.JAVASCRIPT,
                        "globalThis.n = 0",
                        "n++; $sandbox.start(); $sandbox.finish(); $sandbox.begin(() => 9)",
                        "result = n"))
                .isEqualTo("1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "x = 42 | result = x",
                "def x(): return 42 | result = x()",
                "import math as x | result = int(x.sqrt(1764))",
                "import builtins; builtins.x = 42 | result = x",
                "class X: y = 42 | import sys; result = sys.modules['__main__'].X.y",
                "f = open('x', 'w'); f.write('42'); f.close() | result = int(open('x').read())",
                "f = open('x', 'w+'); n = f.write('42') | n = f.seek(0); result = int(f.read())",
            })
    void whatTheMainModuleHoldsSurvives(String first, String second) throws Exception {
        assertThat(lastValue(Language.PYTHON, first, second)).isEqualTo("42");
    }

    @Test
    void aGoodExitOfPythonEndsTheRunOnly() throws Exception {
        assertThat(lastValue(Language.PYTHON, "x = 42; raise SystemExit", "result = x"))
                .isEqualTo("42");
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void memoryThatIsGivenBackIsThereForTheNextRun(Language language) throws Exception {
        String large = language == Language.PYTHON
                ? "x = bytearray(b'x') * (20 << 20); del x"
                : "{ const x = new Uint8Array(20 << 20).fill(1) }";
        Limits limits = Limits.builder().memoryBytes(32 * MEBIBYTE).build();
        try (SandboxSession session = sandbox.open(language, limits, new Cancellation())) {
            for (int i = 0; i < 5; i++) {
                assertThat(run(session, language, large).status()).isEqualTo(Status.OK);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void runsDoNotFillTheMemory(Language language) throws Exception {
        JsonValue inputs = JsonValue.trusted("{\"x\":\"" + "x".repeat(100_000) + "\"}");
        Execution execution =
                Execution.of(language, "result = inputs").inputs(inputs).build();
        try (SandboxSession session = open(language)) {
            long before = 0;
            for (int i = 0; i < 60; i++) {
                Outcome outcome = session.run(execution, new Cancellation());
                assertThat(outcome.status()).isEqualTo(Status.OK);
                if (i == 20) {
                    before = outcome.usage().memoryBytes().orElseThrow();
                }
            }
            long after = session.run(execution, new Cancellation())
                    .usage()
                    .memoryBytes()
                    .orElseThrow();

            assertThat(after - before).isLessThan(4 * MEBIBYTE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void aSessionIsBoundByTheMemoryItWasOpenedWith(Language language) throws Exception {
        String large = language == Language.PYTHON
                ? "x = bytearray(b'x') * (60 << 20)"
                : "var x = new Uint8Array(60 << 20).fill(1)";
        Limits limits = Limits.builder().memoryBytes(8 * MEBIBYTE).build();
        try (SandboxSession session = sandbox.open(language, limits, new Cancellation())) {
            assertThat(run(session, language, large).status()).isNotEqualTo(Status.OK);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"import os; os._exit(0)", "while True: print('x' * 9999)"})
    void aSessionIsLostWithItsInterpreter(String code) throws Exception {
        try (SandboxSession session = open(Language.PYTHON)) {
            run(session, Language.PYTHON, code);

            assertThat(session.isLost()).isTrue();
            assertThat(run(session, Language.PYTHON, "1").status()).isEqualTo(Status.UNAVAILABLE);
        }
    }

    @Test
    void aSessionThatIsLostGivesItsMemoryBack() throws Exception {
        long before = BUDGET.bytesLeft();
        try (SandboxSession session = open(Language.PYTHON)) {
            run(session, Language.PYTHON, "x = bytearray(b'x') * (20 << 20)");
            assertThat(BUDGET.bytesLeft()).isLessThan(before - 20 * MEBIBYTE);

            run(session, Language.PYTHON, "import os; os._exit(0)");

            assertThat(BUDGET.bytesLeft()).isEqualTo(before);
        }
    }

    @Test
    void aSessionThatIsClosedGivesItsMemoryBack() throws Exception {
        long before = BUDGET.bytesLeft();
        SandboxSession session = open(Language.JAVASCRIPT);
        run(session, Language.JAVASCRIPT, "var x = 1");
        assertThat(BUDGET.bytesLeft()).isLessThan(before);

        session.close();

        assertThat(BUDGET.bytesLeft()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void codeForWhichThereIsNoHeapAtAllHasNoMemory(Language language) throws Exception {
        int all = (int) (BUDGET.bytesLeft() / Memory.PAGE_SIZE);
        assertThat(BUDGET.take(all)).isTrue();
        try {
            assertThat(sandbox.run(Execution.of(language, "result = 1").build()).status())
                    .isEqualTo(Status.MEMORY);
        } finally {
            BUDGET.giveBack(all);
        }
    }

    @Test
    void moreSessionsThanThereMayBeAreRefused() throws Exception {
        SandboxSession[] open = new SandboxSession[MOST_SESSIONS];
        try {
            for (int i = 0; i < MOST_SESSIONS; i++) {
                open[i] = open(Language.PYTHON);
            }
            assertThatThrownBy(() -> open(Language.PYTHON))
                    .isInstanceOfSatisfying(
                            SandboxUnavailableException.class,
                            refused -> assertThat(refused.type()).isEqualTo("Busy"));
        } finally {
            for (SandboxSession session : open) {
                session.close();
            }
        }
        open(Language.PYTHON).close();
    }
}
