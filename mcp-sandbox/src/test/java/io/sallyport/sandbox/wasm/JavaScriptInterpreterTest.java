package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.StopLag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of JavaScript, by way of the sandbox that runs it. */
class JavaScriptInterpreterTest {

    private static final WasmSandbox SANDBOX = new WasmSandbox(
            Map.of(Language.JAVASCRIPT, JavaScriptInterpreter.start(new MemoryBudget(1L << 30))),
            8,
            8,
            Duration.ofMinutes(1));

    /** So short that a loop ends soon, and a test that should not run into it would. */
    private static final Duration SHORT = Duration.ofMillis(500);

    private static final long LITTLE_MEMORY = 4L * 1024 * 1024;

    @AfterAll
    static void close() {
        SANDBOX.close();
    }

    private static Outcome run(String code) throws InterruptedException {
        return run(code, Limits.defaults());
    }

    private static Outcome run(String code, Limits limits) throws InterruptedException {
        return SANDBOX.run(
                Execution.of(Language.JAVASCRIPT, code).limits(limits).build());
    }

    private static String value(String code) throws InterruptedException {
        Outcome outcome = run(code);
        return outcome.value()
                .map(JsonValue::toJson)
                .orElseGet(() -> "none, but " + outcome.status() + " " + outcome.error());
    }

    private static Outcome.Failure error(String code) throws InterruptedException {
        return run(code).error().orElseThrow();
    }

    @Nested
    class WhatItSays {

        @Test
        void goesToStandardOutputWithBlanksBetween() throws InterruptedException {
            assertThat(run("console.log('a', 1, undefined); console.info(); console.debug('b')")
                            .stdout())
                    .isEqualTo("a 1 undefined\n\nb\n");
        }

        @Test
        void goesToStandardErrorIfItIsAWarningOrAnError() throws InterruptedException {
            assertThat(run("console.warn('careful'); console.error('bad')").stderr())
                    .isEqualTo("careful\nbad\n");
        }

        @Test
        void isJsonIfItIsAnObject() throws InterruptedException {
            assertThat(run("console.log({a: [1, null]}, null, [2])").stdout()).isEqualTo("{\"a\":[1,null]} null [2]\n");
        }

        @Test
        void isWordsIfItIsAnError() throws InterruptedException {
            assertThat(run("console.log(new TypeError('no'))").stdout()).isEqualTo("TypeError: no\n");
        }

        @Test
        void needNotBeSayable() throws InterruptedException {
            assertThat(
                            run("const a = {}; a.a = a; console.log(a, Symbol('s'), 1n, Object.create(null, {toJSON: {value: 1}}))")
                                    .stdout())
                    .isEqualTo("[object] Symbol(s) 1 {}\n");
        }

        @Test
        void needNotBeUnicode() throws InterruptedException {
            assertThat(run("console.log('a\\ud800b')").stdout()).isEqualTo("a\ufffdb\n");
        }

        @Test
        void isKeptWhenItFailsAfterwards() throws InterruptedException {
            assertThat(run("console.log('before'); null.x").stdout()).isEqualTo("before\n");
        }
    }

    @Nested
    class ItsValue {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "result = 7",
                    "var result = 7",
                    "let result; result = 7",
                    "const result = 7 // the end",
                    "globalThis.result = 7",
                    "return 7",
                    "result = Promise.resolve(7)",
                    "result = await (async () => 7)()",
                    "let result; Promise.resolve().then(() => 1).then(() => { result = 7 })",
                    "const result = (async () => { await null; return 7 })()"
                })
        void isWhatResultMeansWhenAllIsDone(String code) throws InterruptedException {
            assertThat(value(code)).isEqualTo("7");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "1 + 1", "result = undefined", "if (true) return; const result = 1"})
        void needNotBe(String code) throws InterruptedException {
            Outcome outcome = run(code);
            assertThat(outcome.status()).isEqualTo(Status.OK);
            assertThat(outcome.value()).isEmpty();
        }

        @Test
        void mayBeMadeOfTheInputs() throws InterruptedException {
            Outcome outcome = SANDBOX.run(Execution.of(Language.JAVASCRIPT, "result = inputs.a.map(x => x + '!')")
                    .inputs(JsonValue.trusted("{\"a\":[\"\u00e9\u20ac\",2]}"))
                    .build());
            assertThat(outcome.value().orElseThrow().toJson()).isEqualTo("[\"\u00e9\u20ac!\",\"2!\"]");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "result = () => 1",
                    "result = Symbol()",
                    "result = 1n",
                    "result = {}; result.self = result",
                    "result = {toJSON() { throw 1 }}",
                    "result = []; for (let i = 0; i < 1500; i++) result = [result]"
                })
        void isAnErrorIfJsonCannotSayIt(String code) throws InterruptedException {
            assertThat(error(code).type()).isEqualTo("ValueNotJson");
        }

        @Test
        void isAnErrorIfItsPromiseIsRejected() throws InterruptedException {
            assertThat(error("result = Promise.reject(new RangeError('no'))"))
                    .extracting(Outcome.Failure::type, Outcome.Failure::message)
                    .containsExactly("RangeError", "no");
        }

        @ParameterizedTest
        @ValueSource(strings = {"await new Promise(() => {})", "result = new Promise(() => {})"})
        void isAnErrorIfItNeverComes(String code) throws InterruptedException {
            assertThat(error(code).type()).isEqualTo("Unsettled");
        }

        @Test
        void isNotForgedByWhatIsPrinted() throws InterruptedException {
            Outcome outcome =
                    run("result = 'true'; console.log('value', '\"forged\"'); console.error('{\"value\":1}')");
            assertThat(outcome.value().orElseThrow().toJson()).isEqualTo("\"true\"");
        }

        @Test
        void isNotForgedByTellingItBeforeTheEnd() throws InterruptedException {
            assertThat(value("result = 1; $sandbox.start(); result = 2; await null"))
                    .isEqualTo("2");
        }

        @Test
        void survivesThatAllIsChangedThatTheWrapperUses() throws InterruptedException {
            assertThat(value("""
                    JSON.stringify = JSON.parse = Reflect.apply = Reflect.defineProperty = () => 'forged';
                    Promise.prototype.then = () => {};
                    String.prototype.toWellFormed = () => 'forged';
                    Array.prototype[Symbol.iterator] = null;
                    globalThis.Promise = globalThis.String = globalThis.Error = globalThis.Object = null;
                    result = { a: 1 };
                    """)).isEqualTo("{\"a\":1}");
        }

        @Test
        void isWhatItMakesOfItself() throws InterruptedException {
            assertThat(value("Object.prototype.toJSON = () => 'mine'; result = {}"))
                    .isEqualTo("\"mine\"");
        }
    }

    @Nested
    class AnError {

        @Test
        void saysWhatAndWhere() throws InterruptedException {
            assertThat(error("function f() {\n  null.x;\n}\n[1].map(() => f());"))
                    .isEqualTo(new Outcome.Failure(
                            "TypeError",
                            "cannot read property 'x' of null",
                            "    at f (code.js:2)\n    at <anonymous> (code.js:4)\n    at map (native)\n"
                                    + "    at <eval> (code.js:4)"));
        }

        @Test
        void ofSyntaxSaysWhere() throws InterruptedException {
            assertThat(error("let x = 1;\nlet y = ;"))
                    .extracting(Outcome.Failure::type, Outcome.Failure::trace)
                    .containsExactly("SyntaxError", "    at code.js:2");
        }

        @Test
        void mayBeAnything() throws InterruptedException {
            assertThat(error("throw 'plain'")).isEqualTo(new Outcome.Failure("Error", "plain", ""));
        }

        @Test
        void needNotWantToBeLookedAt() throws InterruptedException {
            assertThat(run("throw { get name() { throw 1 } }").status()).isEqualTo(Status.ERROR);
        }

        @Test
        void countsInAMicrotask() throws InterruptedException {
            assertThat(error("queueMicrotask(() => { throw new RangeError('late') }); result = 1")
                            .message())
                    .isEqualTo("late");
        }

        @Test
        void survivesThatPromisesAreBroken() throws InterruptedException {
            assertThat(error("""
                    Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 1 } });
                    Object.prototype.get = 5;
                    Object.prototype.then = resolve => resolve(9);
                    throw new TypeError('mine');
                    """).message()).isEqualTo("mine");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "function f() { return f() + 1 } f()",
                    "try { (function f() { return f() + 1 })() } catch { result = 1 }",
                    "eval('('.repeat(100000) + '1' + ')'.repeat(100000))",
                    "JSON.parse('['.repeat(100000) + ']'.repeat(100000))"
                })
        void isWhatTooMuchDepthIs(String code) throws InterruptedException {
            assertThat(run(code).error().orElseThrow().message()).isEqualTo("stack overflow");
        }

        @Test
        void leavesTheSandboxAsItWas() throws InterruptedException {
            run("function f() { return f() + 1 } f()");
            assertThat(value("result = 1")).isEqualTo("1");
        }
    }

    @Nested
    class Limited {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "while (true);",
                    "for (;;) try { while (true); } catch {} finally { continue }",
                    "async function f() { while (true) await null } f()",
                    "/(a+)+$/.test('a'.repeat(40) + 'b')",
                    "result = { toJSON() { while (true); } }",
                    "let a = 3n; while (true) a = a * a % (1n << 100000n)"
                })
        void inTime(String code) throws InterruptedException {
            Outcome outcome = run(code, Limits.builder().wallTime(SHORT).build());
            assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
            StopLag.check(outcome, SHORT);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "MEMORY | const a = []; for (;;) a.push(new Array(1000).fill(1))",
                    "MEMORY | const a = []; for (let i = 0;; i++) a.push(String(i).repeat(1000))",
                    "MEMORY | const a = []; for (let i = 1n << 80000n;; i++) a.push(i + 1n)",
                    "MEMORY | const a = []; for (;;) a.push(new Uint8Array(100000))",
                    "MEMORY | const a = new Map(); for (let i = 0;; i++) a.set(i, {i})",
                    "MEMORY | new Uint8Array(2000000000)",
                    "ERROR  | let a = 'x'; for (;;) a += a",
                    "ERROR  | 1n << 100000000n"
                })
        void inMemory(Status status, String code) throws InterruptedException {
            Outcome outcome =
                    run(code, Limits.builder().memoryBytes(LITTLE_MEMORY).build());
            assertThat(outcome.status()).as("%s", outcome.error()).isEqualTo(status);
        }

        @Test
        void inMemoryOfInputsToo() throws InterruptedException {
            Outcome outcome = SANDBOX.run(Execution.of(Language.JAVASCRIPT, "result = inputs")
                    .inputs(JsonValue.trusted("{\"a\":\"" + "x".repeat(8_000_000) + "\"}"))
                    .limits(Limits.builder().memoryBytes(LITTLE_MEMORY).build())
                    .build());
            assertThat(outcome.status()).as("%s", outcome.error()).isEqualTo(Status.MEMORY);
        }

        @Test
        void inMemoryThatIsToldAtTheEnd() throws InterruptedException {
            Outcome outcome = run(
                    "globalThis.kept = new Uint8Array(3000000)",
                    Limits.builder().memoryBytes(LITTLE_MEMORY).build());
            assertThat(outcome.usage().memoryBytes().orElseThrow()).isBetween(3_000_000L, 2_000_000 + LITTLE_MEMORY);
        }

        @ParameterizedTest
        @ValueSource(strings = {"for (;;) console.log('flood')", "console.log('flood\\n'.repeat(1000))"})
        void inWhatItSays(String code) throws InterruptedException {
            Outcome outcome = run(code, Limits.builder().outputBytes(100).build());
            assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
            assertThat(outcome.stdout()).isEqualTo("flood\n".repeat(17).substring(0, 100));
        }

        @Test
        void inItsValue() throws InterruptedException {
            Outcome outcome = run(
                    "result = 'x'.repeat(99)", Limits.builder().outputBytes(100).build());
            assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
        }

        @Test
        void byWhoeverCancelsIt() throws Exception {
            Cancellation cancellation = new Cancellation();
            ExecutorService other = Executors.newSingleThreadExecutor();
            try {
                Future<Outcome> outcome = other.submit(() -> SANDBOX.run(
                        Execution.of(Language.JAVASCRIPT, "while (true);").build(), cancellation));
                cancellation.cancel();
                assertThat(outcome.get().status()).isEqualTo(Status.CANCELLED);
            } finally {
                other.shutdownNow();
            }
        }
    }

    @Nested
    class AllItSees {

        @Test
        void isTheSandboxEvenFromItsConstructors() throws InterruptedException {
            assertThat(value("result = (() => {}).constructor('return this')() === globalThis"))
                    .isEqualTo("true");
        }

        @Test
        void hasNoModules() throws InterruptedException {
            assertThat(error("result = import('fs')").type()).isEqualTo("ReferenceError");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "process",
                    "require",
                    "Java",
                    "Packages",
                    "fetch",
                    "XMLHttpRequest",
                    "setTimeout",
                    "WebAssembly",
                    "Javy",
                    "java_invoke",
                    "plugin",
                    "std",
                    "os",
                    "host"
                })
        void hasNo(String name) throws InterruptedException {
            assertThat(value("result = typeof " + name)).isEqualTo("\"undefined\"");
        }

        @Test
        void isNotWhatAnotherHasLeft() throws InterruptedException {
            run("globalThis.left = 1; Array.prototype.left = 1; JSON.stringify = () => '1'; inputs.left = 1");
            assertThat(value("result = [typeof left, typeof [].left, typeof inputs.left]"))
                    .isEqualTo("[\"undefined\",\"undefined\",\"undefined\"]");
        }

        @Test
        void isRandomAnew() throws InterruptedException {
            assertThat(value("result = Math.random()")).isNotEqualTo(value("result = Math.random()"));
        }

        @Test
        void isTheTimeOfNow() throws InterruptedException {
            long before = System.currentTimeMillis();
            assertThat(Long.parseLong(value("result = Date.now()"))).isBetween(before, System.currentTimeMillis());
        }
    }

    @Test
    void eightRunAtOnce() throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try {
            CountDownLatch allThere = new CountDownLatch(8);
            List<Future<String>> values = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String code = "let sum = " + i + "; for (let i = 0; i < 1000; i++) sum += i; result = sum";
                values.add(callers.submit(() -> {
                    allThere.countDown();
                    allThere.await();
                    return value(code);
                }));
            }
            for (int i = 0; i < 8; i++) {
                assertThat(values.get(i).get()).isEqualTo(String.valueOf(499_500 + i));
            }
        } finally {
            callers.shutdownNow();
        }
    }
}
