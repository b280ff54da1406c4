package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What code finds in an enclosure of the kernel's, beyond what every sandbox has. Needs bubblewrap, Python and Node. */
class EnclosureSweepTest {

    private static final long MEBIBYTE = 1024 * 1024;
    private static final Duration BRIEF = Duration.ofMillis(500);

    private static ProcessSandbox sandbox;

    @BeforeAll
    static void start() throws InterruptedException {
        sandbox = ProcessSandbox.builder().patience(Duration.ofMinutes(1)).build();
        assertThat(sandbox.capabilities().unavailable()).isEmpty();
    }

    @AfterAll
    static void close() {
        sandbox.close();
    }

    private static Outcome run(Language language, Limits.Builder limits, String... lines) throws InterruptedException {
        return sandbox.run(Execution.of(language, String.join("\n", lines))
                .limits(limits.build())
                .build());
    }

    private static Outcome python(String... lines) throws InterruptedException {
        return run(Language.PYTHON, Limits.builder(), lines);
    }

    private static Outcome javaScript(String... lines) throws InterruptedException {
        return run(Language.JAVASCRIPT, Limits.builder(), lines);
    }

    private static Outcome shell(String... lines) throws InterruptedException {
        return run(Language.SHELL, Limits.builder().processes(16), lines);
    }

    private static String value(Outcome outcome) {
        assertThat(outcome.status())
                .as(() -> outcome.error() + " " + outcome.stdout() + outcome.stderr())
                .isEqualTo(Status.OK);
        return outcome.value().map(JsonValue::toJson).orElse("none");
    }

    private static String type(Outcome outcome) {
        return outcome.error().map(Outcome.Failure::type).orElse("none");
    }

    @Incident("S121")
    @Test
    void codeIsNobodyWhoeverTheGatewayIs() throws Exception {
        assertThat(value(python("import os; result = [os.getuid(), os.geteuid(), os.getgid(), os.getgroups()]")))
                .isEqualTo("[65534,65534,65534,[]]");
    }

    @Test
    void theRootHasNothingInItButWhatRuns() throws Exception {
        assertThat(value(python("import os; result = sorted(os.listdir('/'))")))
                .isEqualTo("[\"dev\",\"lib\",\"lib64\",\"tmp\",\"usr\"]");
        assertThat(value(python("import os; result = sorted(os.listdir('/dev'))")))
                .isEqualTo("[\"null\",\"urandom\",\"zero\"]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/x", "/usr/x", "/dev/x", "/lib/x", "/usr/lib/x", "../x"})
    void nothingIsWrittenOutsideItsFolder(String path) throws Exception {
        assertThat(type(python("open('" + path + "', 'w')"))).isIn("OSError", "PermissionError");
    }

    @Test
    void signalsReachNobodyElse() throws Exception {
        assertThat(value(python(
                        "import os, signal",
                        "result = []",
                        "for pid in (1, os.getppid(), "
                                + ProcessHandle.current().pid() + "):",
                        "    try: os.kill(pid, signal.SIGKILL)",
                        "    except OSError as e: result.append(e.errno)",
                        "result = len(result) <= 3")))
                .isEqualTo("true");
        assertThat(value(python("result = 1"))).isEqualTo("1");
    }

    @Incident("S121")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "import os\nwhile True: os.fork()",
                "import os\nfor i in range(1000):\n  if os.fork() == 0: break\nwhile True: pass",
                "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,)).start()"
            })
    void bombsOfProcessesGoOffWithin(String code) throws Exception {
        Outcome outcome = run(Language.PYTHON, Limits.builder().processes(20).wallTime(BRIEF), code);

        assertThat(outcome.status()).isIn(Status.ERROR, Status.TIMEOUT);
        assertThat(value(python("result = 1"))).isEqualTo("1");
    }

    @Test
    void asManyProcessesAreStartedAsMayBeAndNoMore() throws Exception {
        String code = """
                import os, time
                result = 0
                try:
                    while result < 50:
                        if os.fork() == 0:
                            time.sleep(60)
                        result += 1
                except BlockingIOError:
                    pass
                """;
        assertThat(value(run(Language.PYTHON, Limits.builder().processes(5), code)))
                .isEqualTo("5");
        assertThat(value(run(Language.PYTHON, Limits.builder().processes(17), code)))
                .isEqualTo("17");
    }

    @Incident("S121")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "import os\nfor i in range(8):\n  if os.fork() == 0: break\nx = bytearray(b'x') * (30 << 20)\nwhile True: pass",
                "import mmap\nx = [mmap.mmap(-1, 8 << 20) for i in range(8)]\nfor m in x: m.write(b'x' * (8 << 20))",
                "import ctypes\nx = ctypes.CDLL(None)\nx.malloc.restype = ctypes.c_void_p\n"
                        + "for i in range(100): ctypes.memset(x.malloc(1 << 20) or exit(9), 1, 1 << 20)"
            })
    void memoryEndsForAllProcessesTogetherHoweverItIsTaken(String code) throws Exception {
        Outcome outcome = run(Language.PYTHON, Limits.builder().processes(8).memoryBytes(32 * MEBIBYTE), code);

        assertThat(outcome.status()).as(outcome.error().toString()).isIn(Status.MEMORY, Status.ERROR);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "const a = []; for (;;) a.push(new Uint8Array(1000000).fill(1))",
                "const a = []; for (;;) a.push(Buffer.alloc(100000, 1))",
                "const a = []; for (let i = 0;; i++) a.push(String(i).repeat(1000))",
                "const m = new WebAssembly.Memory({ initial: 1 }); for (;;) { m.grow(100); new Uint8Array(m.buffer).fill(1) }",
                "new Uint8Array(4000000000)",
                "const a = new SharedArrayBuffer(1000000000); new Uint8Array(a).fill(1)"
            })
    void memoryEndsForJavaScriptHoweverItIsTaken(String code) throws Exception {
        Outcome outcome = run(Language.JAVASCRIPT, Limits.builder().memoryBytes(32 * MEBIBYTE), code);

        assertThat(outcome.status()).as(outcome.error().toString()).isIn(Status.MEMORY, Status.ERROR);
        assertThat(outcome.usage().memoryBytes().orElse(0)).isLessThan(200 * MEBIBYTE);
        assertThat(outcome.stderr()).doesNotContain("FATAL", "node::", "0x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "f = open('f', 'wb')\nwhile True: f.write(b'x' * 100000)",
                "f = open('f', 'wb')\nf.truncate(1 << 50)",
                "import os\nfor i in range(100000): open(str(i), 'w').close()",
                "import os\nfor i in range(100000): os.mkdir(str(i))",
                "import os\nopen('f', 'w').close()\nfor i in range(100000): os.link('f', str(i))",
                "import os\nfor i in range(100000): os.symlink('x', str(i))"
            })
    void filesEndWhereTheyMayHoweverSmallTheyAre(String code) throws Exception {
        assertThat(type(run(Language.PYTHON, Limits.builder().fileBytes(MEBIBYTE), code)))
                .isEqualTo("OSError");
    }

    @Test
    void thereIsNoFileIfThereMayBeNone() throws Exception {
        assertThat(type(run(Language.PYTHON, Limits.builder().fileBytes(0), "open('f', 'w')")))
                .isEqualTo("OSError");
    }

    @Test
    void asMuchIsWrittenAsMayBe() throws Exception {
        assertThat(value(run(
                        Language.PYTHON,
                        Limits.builder().fileBytes(MEBIBYTE),
                        "result = open('f', 'wb').write(b'x' * 1000000)")))
                .isEqualTo("1000000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PYTHON | import os; os._exit(3) | SystemExit",
                "PYTHON | raise SystemExit('bad') | SystemExit",
                "PYTHON | import os; os.abort() | InterpreterCrashed",
                "PYTHON | import ctypes; ctypes.string_at(0) | InterpreterCrashed",
                "PYTHON | import sys; sys._getframe(1).f_globals['_value'] = None | NoReply",
                "PYTHON | import os; os.write(3, b'V1') | NoReply",
                "JAVASCRIPT | process.exit(3) | SystemExit",
                "JAVASCRIPT | require('fs').writeSync(3, 'V1') | NoReply",
                "JAVASCRIPT | await new Promise(() => {}) | Unsettled",
                "JAVASCRIPT | import('fs').then(() => {}, e => { throw 0 }); await 0; (function f() { f() })() | RangeError"
            })
    void codeThatBreaksWhatRunsItIsAnErrorOfItsOwn(Language language, String code, String type) throws Exception {
        Outcome outcome = run(language, Limits.builder(), code);

        assertThat(outcome.status()).isEqualTo(Status.ERROR);
        assertThat(type(outcome)).isEqualTo(type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"import os; os._exit(0)", "raise SystemExit", "import sys; sys.exit(0)"})
    void codeThatExitsWellIsWell(String code) throws Exception {
        assertThat(value(python("print('said')", "import sys; sys.stdout.flush()", code)))
                .isEqualTo("none");
    }

    @Test
    void aTraceHasTheLinesOfTheCodeOnly() throws Exception {
        assertThat(python("import json", "def f(x):", "    return json.loads(x)", "f('{')")
                        .error()
                        .orElseThrow()
                        .trace())
                .isEqualTo("line 4, in <module>: f('{')\nline 3, in f: return json.loads(x)");
        assertThat(javaScript("function f() {", "  null.x;", "}", "[1].map(() => f());")
                        .error()
                        .orElseThrow()
                        .trace())
                .isEqualTo("    at f (code.js:2)\n    at code.js:4\n    at code.js:4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{", "-", "not ", "lambda:", "f(", "a.b["})
    void bombsForTheParserOfPythonAreErrors(String opening) throws Exception {
        assertThat(python(opening.repeat(100_000)).status()).isEqualTo(Status.ERROR);
    }

    @Test
    void bombsForParsersEndInTime() throws Exception {
        assertThat(type(python("x = 1\0"))).isIn("SyntaxError", "ValueError");
        assertThat(value(python("# -*- coding: utf-7 -*-", "result = '+AGE-'"))).isEqualTo("\"+AGE-\"");
        assertThat(python("x = '" + "y".repeat(1_000_000) + "'").status()).isEqualTo(Status.OK);
        Limits.Builder limits = Limits.builder().wallTime(Duration.ofSeconds(5));
        assertThat(run(Language.JAVASCRIPT, limits, "(a=".repeat(400)).status()).isIn(Status.ERROR, Status.TIMEOUT);
        assertThat(javaScript("(".repeat(100_000)).status()).isEqualTo(Status.ERROR);
        assertThat(javaScript("x = '" + "y".repeat(1_000_000) + "'").status()).isEqualTo(Status.OK);
        assertThat(python("import json; json.loads('[' * 100000)")
                        .error()
                        .orElseThrow()
                        .type())
                .isEqualTo("RecursionError");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "JSON.stringify = JSON.parse = Reflect.apply = () => 'forged'; Promise.prototype.then = () => {}; result = 1",
                "Array.prototype[Symbol.iterator] = null; globalThis.Promise = globalThis.String = null; result = 1",
                "Buffer.from = () => 'forged'; require('fs').writeSync = () => 1; result = 1",
                "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 1 } }); result = 1",
                "console.log('V2'); process.stdout.write('V3'); let result; setTimeout(() => { result = 1 }, 20)"
            })
    void javaScriptTellsItsValueWhateverCodeChanges(String code) throws Exception {
        assertThat(value(javaScript(code))).isEqualTo("1");
    }

    @Test
    void aCommandHasToolsAndFiles() throws Exception {
        Outcome outcome = shell("printf 'b\\na\\n' > f", "sort f | sed s/a/c/", "ls", "exit 7");

        assertThat(value(outcome)).isEqualTo("7");
        assertThat(outcome.stdout()).isEqualTo("c\nb\nf\n");
    }

    @Test
    void aCommandMayRunTheOtherLanguages() throws Exception {
        Outcome outcome = shell("python3 -c 'print(6 * 7)'", "node -e 'console.log(6 * 7)'");

        assertThat(outcome.stdout()).as(outcome.stderr()).isEqualTo("42\n42\n");
    }

    @Test
    void aCommandWithoutProcessesIsWhatTheShellCanItself() throws Exception {
        assertThat(run(Language.SHELL, Limits.builder(), "echo $((6 * 7))").stdout())
                .isEqualTo("42\n");
        assertThat(value(run(Language.SHELL, Limits.builder(), "ls; exit 0"))).isNotEqualTo("0");
    }

    @Test
    void aCommandThatIsKilledHasTheStatusOfThat() throws Exception {
        assertThat(value(shell("kill -9 $$"))).isEqualTo("137");
    }

    @Test
    void whatACommandLeavesRunningDoesNotOutliveIt() throws Exception {
        assertThat(value(shell("for i in 1 2 3 4; do sleep 60 & done"))).isEqualTo("0");

        Waiting.until(
                "they have ended",
                () -> Enclosed.processes(ProcessHandle.current().pid()).stream()
                                .noneMatch(pid -> ProcessTree.read(pid, "stat").contains("(sleep)"))
                        ? true
                        : null);
    }

    @Test
    void aCommandThatIsTooLongForTheKernelIsRefused() throws Exception {
        assertThat(type(shell("#" + "x".repeat(100_000)))).isEqualTo("CommandTooLong");
        assertThat(type(shell("echo \0"))).isEqualTo("SyntaxError");
    }

    @Test
    void codeOfASessionMayAwaitAtItsTop() throws Exception {
        try (SandboxSession session = sandbox.open(Language.JAVASCRIPT, Limits.defaults(), new Cancellation())) {
            session.run(
                    Execution.of(Language.JAVASCRIPT, "var x = 1; function f() { return x + 1 } let y = 5")
                            .build(),
                    new Cancellation());

            assertThat(value(session.run(
                            Execution.of(Language.JAVASCRIPT, "let y = await f(); result = y")
                                    .build(),
                            new Cancellation())))
                    .isEqualTo("2");
        }
    }

    @Test
    void threadsOfCodeThatHasEndedSayNothingInTheNextRunsName() throws Exception {
        try (SandboxSession session = sandbox.open(Language.PYTHON, Limits.defaults(), new Cancellation())) {
            session.run(
                    Execution.of(
                                    Language.PYTHON,
                                    "import os, threading\nn = os.write\n"
                                            + "threading.Timer(0.2, lambda: n(3, b'0' * 32 + b' 2\\nV9')).start()")
                            .build(),
                    new Cancellation());

            Outcome next = session.run(
                    Execution.of(Language.PYTHON, "import time; time.sleep(1); result = 1")
                            .build(),
                    new Cancellation());

            assertThat(type(next)).isEqualTo("NoReply");
            assertThat(session.isLost()).isTrue();
        }
    }

    @Test
    void theTimeOfProcessesThatOtherThreadsStartCountsAsWell() throws Exception {
        String code = """
                import os, threading
                def burn():
                    if os.fork() == 0:
                        while True: pass
                    os.wait()
                thread = threading.Thread(target=burn)
                thread.start()
                thread.join()
                """;
        Limits limits = Limits.builder()
                .processes(4)
                .cpuTime(Duration.ofMillis(500))
                .wallTime(Duration.ofMinutes(2))
                .build();

        Outcome outcome =
                sandbox.run(Execution.of(Language.PYTHON, code).limits(limits).build());

        assertThat(outcome.status()).isEqualTo(Outcome.Status.TIMEOUT);
        assertThat(outcome.usage().wallTime()).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void codeThatFindsOtherCodeInItsSessionIsTurnedAwayAfterAWhile() throws Exception {
        Cancellation end = new Cancellation();
        try (ProcessSandbox impatient =
                        ProcessSandbox.builder().patience(Duration.ZERO).build();
                SandboxSession session = impatient.open(Language.PYTHON, Limits.defaults(), new Cancellation())) {
            Execution endless =
                    Execution.of(Language.PYTHON, "while True: pass").build();
            BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
            // Which of them comes first is nobody's business.
            List<Thread> both = List.of(runs(session, endless, end, outcomes), runs(session, endless, end, outcomes));

            Outcome first = outcomes.poll(1, TimeUnit.MINUTES);

            assertThat(first).isNotNull();
            assertThat(first.error()).map(Outcome.Failure::type).contains("Busy");
            end.cancel();
            for (Thread thread : both) {
                thread.join();
            }
        }
    }

    private static Thread runs(
            SandboxSession session, Execution execution, Cancellation end, BlockingQueue<Outcome> outcomes) {
        Thread thread = new Thread(() -> {
            try {
                outcomes.add(session.run(execution, end));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.start();
        return thread;
    }
}
