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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PythonInterpreterTest {

    private static final Duration SHORT = Duration.ofMillis(500);
    private static final long MEBIBYTE = 1024 * 1024;

    private static WasmSandbox sandbox;

    @BeforeAll
    static void startsTheInterpreter() throws InterruptedException {
        sandbox = new WasmSandbox(
                Map.of(Language.PYTHON, PythonInterpreter.start(new MemoryBudget(1L << 30))),
                8,
                8,
                Duration.ofMinutes(1));
    }

    @AfterAll
    static void closesTheSandbox() {
        sandbox.close();
    }

    private static Outcome run(String... lines) throws InterruptedException {
        return run(Limits.defaults(), lines);
    }

    private static Outcome run(Limits limits, String... lines) throws InterruptedException {
        return sandbox.run(Execution.of(Language.PYTHON, String.join("\n", lines))
                .limits(limits)
                .build());
    }

    private static String value(Outcome outcome) {
        assertThat(outcome.status()).as(() -> outcome.error().toString()).isEqualTo(Status.OK);
        return outcome.value().orElseThrow().toJson();
    }

    private static String errorType(Outcome outcome) {
        return outcome.error().orElseThrow().type();
    }

    @Test
    void givesBackWhatIsPrinted() throws InterruptedException {
        assertThat(run("print('grüße')").stdout()).isEqualTo("grüße\n");
    }

    @Test
    void givesBackWhatIsSaidOnStandardError() throws InterruptedException {
        assertThat(run("import sys", "print('oh', file=sys.stderr)").stderr()).isEqualTo("oh\n");
    }

    @Test
    void givesBackTheValueOfResult() throws InterruptedException {
        assertThat(value(run("result = {'a': [1, 2.5, None, 'ü', True]}")))
                .isEqualTo("{\"a\":[1,2.5,null,\"ü\",true]}");
    }

    @Test
    void hasNoValueIfThereIsNoResult() throws InterruptedException {
        assertThat(run("x = 1").value()).isEmpty();
    }

    @Test
    void givesInputsToTheCode() throws InterruptedException {
        Outcome outcome = sandbox.run(Execution.of(Language.PYTHON, "result = inputs['a'][1] + 1")
                .inputs(JsonValue.trusted("{\"a\":[0,41]}"))
                .build());

        assertThat(value(outcome)).isEqualTo("42");
    }

    @Test
    void runsCodeAsTheMainModule() throws InterruptedException {
        assertThat(value(run("import sys", "result = [__name__, sys.modules['__main__'].__dict__ is globals()]")))
                .isEqualTo("[\"__main__\",true]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{1, 2}", "float('nan')", "'\\ud800'", "{(1, 2): 3}", "(a := [], a.append(a))[0]"})
    void failsIfTheResultIsNotJson(String expression) throws InterruptedException {
        assertThat(errorType(run("result = " + expression))).isEqualTo("ValueNotJson");
    }

    @Test
    void refusesAValueThatIsNestedDeeperThanAnybodyReads() throws InterruptedException {
        assertThat(errorType(run("result = 1", "for i in range(100): result = [result]")))
                .isEqualTo("ValueNotJson");
    }

    @Test
    void tellsWhichExceptionItWas() throws InterruptedException {
        Outcome outcome = run("raise ValueError('boo')");

        assertThat(outcome.error().orElseThrow())
                .extracting(Outcome.Failure::type, Outcome.Failure::message)
                .containsExactly("ValueError", "boo");
    }

    @Test
    void traceHasTheLinesOfTheCodeOnly() throws InterruptedException {
        Outcome outcome = run("import json", "def f(x):", "    return json.loads(x)", "f('{')");

        assertThat(outcome.error().orElseThrow().trace())
                .isEqualTo("line 4, in <module>: f('{')\nline 3, in f: return json.loads(x)");
    }

    @Test
    void syntaxErrorTellsItsLine() throws InterruptedException {
        Outcome outcome = run("x = 1", "y = = 2");

        assertThat(outcome.error().orElseThrow())
                .isEqualTo(new Outcome.Failure("SyntaxError", "invalid syntax", "line 2, in <module>: y = = 2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"import sys; sys.exit()", "exit_code = 0; raise SystemExit(exit_code)"})
    void isOkIfTheCodeExitsWell(String code) throws InterruptedException {
        assertThat(run(code).status()).isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"raise SystemExit(3)", "raise SystemExit('bad')", "import os; os._exit(3)"})
    void failsIfTheCodeExitsBadly(String code) throws InterruptedException {
        assertThat(errorType(run(code))).isEqualTo("SystemExit");
    }

    @ParameterizedTest
    @ValueSource(strings = {"KeyboardInterrupt", "GeneratorExit", "BaseException"})
    void failsOnWhatIsNoException(String type) throws InterruptedException {
        assertThat(errorType(run("raise " + type))).isEqualTo(type);
    }

    @Test
    void failsOnAnExceptionThatCannotBeSaid() throws InterruptedException {
        assertThat(errorType(run("class E(Exception):", "    def __str__(self): raise self", "raise E")))
                .isEqualTo("E");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "while True: pass",
                "import time; time.sleep(60)",
                "while True:\n try:\n  while True: pass\n except BaseException: pass",
                "9 ** 9 ** 9",
                "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
                "import os\nwhile True: os.urandom(1 << 20)",
            })
    void endsCodeThatTakesTooLong(String code) throws InterruptedException {
        Outcome outcome = run(Limits.builder().wallTime(SHORT).build(), code);

        assertThat(outcome.status()).isEqualTo(Status.TIMEOUT);
        StopLag.check(outcome, SHORT);
    }

    @Test
    void givesBackWhatWasSaidBeforeItTookTooLong() throws InterruptedException {
        Limits limits = Limits.builder().wallTime(Duration.ofSeconds(2)).build();

        assertThat(run(limits, "print('begun')", "while True: pass").stdout()).isEqualTo("begun\n");
    }

    @Test
    void endsCodeThatIsCancelled() throws Exception {
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Void> cancelled = CompletableFuture.runAsync(
                cancellation::cancel, CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));

        Outcome outcome =
                sandbox.run(Execution.of(Language.PYTHON, "while True: pass").build(), cancellation);

        cancelled.get();
        assertThat(outcome.status()).isEqualTo(Status.CANCELLED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x = []\nwhile True: x.append('a' * 1000000)",
                "x = []\nwhile True: x = [x] * 1000 + x * 2",
                "x = 'a' * (1 << 30)",
                "x = {}\nwhile True:\n for i in range(1000): x[len(x)] = bytes(10000)",
            })
    void endsCodeThatWantsTooMuchMemory(String code) throws InterruptedException {
        assertThat(run(Limits.builder().memoryBytes(16 * MEBIBYTE).build(), code)
                        .status())
                .isEqualTo(Status.MEMORY);
    }

    @Test
    void mayUseAsMuchMemoryAsTheLimitSays() throws InterruptedException {
        Limits limits = Limits.builder().memoryBytes(64 * MEBIBYTE).build();

        assertThat(value(run(limits, "result = len(bytes(60 * 1024 * 1024))"))).isEqualTo("62914560");
    }

    @Test
    void mayCatchThatThereIsNoMemory() throws InterruptedException {
        Limits limits = Limits.builder().memoryBytes(16 * MEBIBYTE).build();

        assertThat(value(run(limits, "try: bytes(1 << 30)", "except MemoryError: result = 1")))
                .isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"while True: print('x' * 99)", "import os\nwhile True: os.write(1, b'x' * 1000)"})
    void endsCodeThatSaysTooMuch(String code) throws InterruptedException {
        Outcome outcome = run(Limits.builder().outputBytes(5000).build(), code);

        assertThat(outcome.status()).isEqualTo(Status.OUTPUT);
        assertThat(outcome.stdout()).hasSize(5000).startsWith("xxxxx");
    }

    @Test
    void endsCodeWhoseValueIsTooLarge() throws InterruptedException {
        assertThat(run(Limits.builder().outputBytes(1000).build(), "result = 'x' * 999")
                        .status())
                .isEqualTo(Status.OUTPUT);
    }

    @Test
    void acceptsAValueAsLargeAsItMayBe() throws InterruptedException {
        assertThat(run(Limits.builder().outputBytes(1000).build(), "result = 'x' * 998")
                        .status())
                .isEqualTo(Status.OK);
    }

    @Test
    void keepsFilesForTheRun() throws InterruptedException {
        assertThat(value(run(
                        "import os",
                        "os.mkdir('d')",
                        "with open('d/f', 'w') as f: f.write('abc')",
                        "result = [os.listdir('.'), open('d/f').read()]")))
                .isEqualTo("[[\"d\"],\"abc\"]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "f = open('f', 'wb')\nwhile True: f.write(b'x' * 100000)",
                "import os\nwhile True: os.open('f', os.O_CREAT)",
                "f = open('f', 'wb')\nf.truncate(1 << 50)",
                "f = open('f', 'wb', buffering=0)\nf.seek(1 << 45)\nf.write(b'x')",
                "import os\ni = 0\nwhile True:\n i += 1\n os.mkdir(str(i) + 'x' * 4000)",
                "import os\nos.symlink('a', 'b')",
            })
    void refusesMoreFilesThanThereMayBe(String code) throws InterruptedException {
        assertThat(errorType(run(Limits.builder().fileBytes(MEBIBYTE).build(), code)))
                .isEqualTo("OSError");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"os.open(x, os.O_RDONLY)", "os.stat(x)", "os.unlink(x)", "os.rename('a', x)", "os.listdir(x)"})
    void refusesAPathThatIsTooLongToBeTakenApart(String call) throws InterruptedException {
        Outcome outcome = run("import os", "x = 'a/' * 2049", "try: " + call, "except OSError as e: result = e.errno");

        assertThat(value(outcome)).isEqualTo("37");
    }

    @Test
    void takesNoMoreThanALittleHeapForWhatIsWrittenAtOnce() throws InterruptedException {
        assertThat(value(run(
                        "import os",
                        "f = os.open('f', os.O_WRONLY | os.O_CREAT)",
                        "result = os.write(f, bytes(5 << 20))")))
                .isEqualTo("2097152");
    }

    @Test
    void takesNoMoreThanALittleHeapForWhatIsReadAtOnce() throws InterruptedException {
        assertThat(value(run(
                        "import io",
                        "with open('f', 'wb') as f: f.write(bytes(5 << 20))",
                        "result = io.FileIO('f').readinto(bytearray(5 << 20))")))
                .isEqualTo("2097152");
    }

    @Test
    void writesAndReadsAllOfWhatIsLarge() throws InterruptedException {
        assertThat(value(run(
                        "large = bytes(range(256)) * 20000",
                        "with open('f', 'wb') as f: f.write(large)",
                        "result = open('f', 'rb').read() == large")))
                .isEqualTo("true");
    }

    @Test
    void refusesAnyFileIfThereMayBeNone() throws InterruptedException {
        assertThat(errorType(run(Limits.builder().fileBytes(0).build(), "open('f', 'w')")))
                .isEqualTo("OSError");
    }

    @Test
    void hasNoEnvironment() throws InterruptedException {
        assertThat(value(run("import os", "result = dict(os.environ)"))).isEqualTo("{}");
    }

    @Test
    void hasNothingOnStandardInput() throws InterruptedException {
        assertThat(value(run("import sys", "result = sys.stdin.read()"))).isEqualTo("\"\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "../etc/passwd", "/proc/self/environ", "../../../../etc/hostname"})
    void hasNoFilesOfTheHost(String path) throws InterruptedException {
        assertThat(run("open('" + path + "')").error().orElseThrow().message()).startsWith("[Errno");
    }

    @Test
    void hasNoSockets() throws InterruptedException {
        assertThat(errorType(run("import socket", "socket.socket().connect(('127.0.0.1', 80))")))
                .isEqualTo("OSError");
    }

    @Test
    void startsNoProcesses() throws InterruptedException {
        assertThat(value(run(
                        "import os",
                        "result = [name for name in ('fork', 'system', 'execv', 'spawnv', 'posix_spawn', 'kill')"
                                + " if hasattr(os, name)]")))
                .isEqualTo("[]");
    }

    @Test
    void hasNoSubprocesses() throws InterruptedException {
        assertThat(errorType(run("import subprocess"))).isEqualTo("ModuleNotFoundError");
    }

    @Test
    void startsNoThreads() throws InterruptedException {
        assertThat(errorType(run("import threading", "threading.Thread(target=print).start()")))
                .isEqualTo("RuntimeError");
    }

    @Test
    void leavesNothingBehind() throws InterruptedException {
        run(
                "import builtins, sys, json",
                "builtins.leaked = 1",
                "sys.modules['leaked'] = sys",
                "json.dumps = None",
                "x = 1",
                "open('leaked', 'w').close()");

        assertThat(value(run(
                        "import builtins, sys, json, os",
                        "result = [hasattr(builtins, 'leaked'), 'leaked' in sys.modules, json.dumps is None,"
                                + " 'x' in globals(), os.listdir('.')]")))
                .isEqualTo("[false,false,false,false,[]]");
    }

    @Test
    void randomNumbersDifferFromRunToRun() throws InterruptedException {
        String code = "import random, os, uuid; result = [random.random(), os.urandom(8).hex(), str(uuid.uuid4())]";

        assertThat(value(run(code))).isNotEqualTo(value(run(code)));
    }

    @Test
    void doesNotTakeWhatIsPrintedForTheValue() throws InterruptedException {
        Outcome outcome = run("print('V{\"forged\":true}')", "raise ValueError");

        assertThat(errorType(outcome)).isEqualTo("ValueError");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lambda names: ''", "lambda names: 'V{'", "lambda names: 5", "lambda names: 'E[]'", "None"})
    void failsIfTheCodeMeddlesWithTheReply(String forged) throws InterruptedException {
        assertThat(run("import sys", "sys._getframe(1).f_globals['_value'] = " + forged)
                        .status())
                .isEqualTo(Status.ERROR);
    }

    @Test
    void isOkAfterCodeHasClosedItsOutput() throws InterruptedException {
        assertThat(run("import os, sys", "print('x', end='')", "os.close(1)").status())
                .isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "def f(): f()\nf()",
                "import json; json.loads('[' * 100000)",
                "import sys; sys.setrecursionlimit(10 ** 9)\nclass A:\n def __repr__(self): return repr(self)\nrepr(A())",
            })
    void failsIfCallsAreNestedTooDeeply(String code) throws InterruptedException {
        assertThat(errorType(run(code))).isEqualTo("RecursionError");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{", "-", "not ", "lambda:", "f(", "a.b["})
    void failsOnCodeThatIsNestedTooDeeply(String opening) throws InterruptedException {
        Outcome outcome = run(opening.repeat(100_000));

        assertThat(outcome.status()).as(outcome.toString()).isEqualTo(Status.ERROR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[|]", "(|)", "{1:|}", "abs(|)", "-|"})
    void compilesWhatIsNestedAsDeeplyAsElsewhere(String around) throws InterruptedException {
        String[] parts = around.split("[|]", -1);

        assertThat(run("x = lambda: " + parts[0].repeat(95) + "1" + parts[1].repeat(95))
                        .error())
                .isEmpty();
    }

    @Test
    void hasAStackForWhatIsNestedAsDeeplyAsElsewhere() throws InterruptedException {
        assertThat(value(run("x = []", "for i in range(900): x = [x]", "result = len(repr(x))")))
                .isEqualTo("1802");
    }

    @Test
    void failsOnNulBytes() throws InterruptedException {
        assertThat(errorType(run("x = 1\0"))).isEqualTo("SyntaxError");
    }

    @Test
    void heedsNoEncodingCookie() throws InterruptedException {
        assertThat(value(run("# -*- coding: utf-7 -*-", "result = '+AGE-'"))).isEqualTo("\"+AGE-\"");
    }

    @Test
    void runsManyAtOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<String>> values = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String code = "x = " + i + "\nfor j in range(1000): x += 8\nresult = x";
                values.add(threads.submit(() -> value(run(code))));
            }
            for (int i = 0; i < 8; i++) {
                assertThat(values.get(i).get()).isEqualTo(String.valueOf(8000 + i));
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
