package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.testing.Incident;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every {@link Sandbox} must do, in all languages that it runs. Extend it, and say which sandbox. {@link
 * SandboxSessionContract} has the rest, for sessions.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
public abstract class SandboxContract {

    private static final int MEBIBYTE = 1024 * 1024;

    /** Variables that are the same on many machines, and tell nothing. */
    private static final Set<String> HARMLESS = Set.of("PATH", "HOME", "LANG", "TERM", "PWD", "SHELL", "SHLVL", "_");

    private Sandbox sandbox;

    /** Returns a new sandbox, which runs at least four executions at once, and whoever comes then waits a minute. */
    protected abstract Sandbox create() throws Exception;

    /** Returns the limits that this sandbox does not promise to keep. None unless overridden. */
    protected Set<Limit> advisory() {
        return Set.of();
    }

    /** Returns a time that is short, but enough to begin with code. Half a second unless overridden. */
    protected Duration brief() {
        return Duration.ofMillis(500);
    }

    /** Returns whether it sees promises of JavaScript that are rejected and that nobody awaits. It does unless overridden. */
    protected boolean seesRejections() {
        return true;
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
        return sandbox.capabilities().languages().stream().sorted();
    }

    Stream<Arguments> endlessCode() {
        return languages()
                .flatMap(language -> Stream.of(Snippet.LOOP, Snippet.STUBBORN_LOOP, Snippet.ONE_LONG_STEP, Snippet.WAIT)
                        .filter(snippet -> snippet.in(language).isPresent())
                        .map(snippet -> Arguments.of(language, snippet)));
    }

    /** Languages that can do more than start programs. */
    Stream<Language> interpreters() {
        return languages().filter(language -> language != Language.SHELL);
    }

    private Execution.Builder code(Language language, String code) {
        return Execution.of(language, code)
                .limits(limits(language).build())
                .weakestTier(sandbox.capabilities().tier());
    }

    private static Limits.Builder limits(Language language) {
        // A shell does little without starting anything.
        return Limits.builder().processes(language == Language.SHELL ? 16 : 0);
    }

    private Outcome run(Language language, String code) throws InterruptedException {
        return sandbox.run(code(language, code).build());
    }

    private Outcome run(Language language, Snippet snippet) throws InterruptedException {
        return run(language, snippet.in(language).orElseThrow());
    }

    private Outcome run(Language language, Snippet snippet, Limits limits) throws InterruptedException {
        return sandbox.run(code(language, snippet.in(language).orElseThrow())
                .limits(limits)
                .build());
    }

    private static String value(Outcome outcome) {
        assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.OK);
        return outcome.value().map(JsonValue::toJson).orElse("none");
    }

    private static int number(Outcome outcome) {
        return Integer.parseInt(value(outcome));
    }

    private static String described(Outcome outcome) {
        return outcome.error() + ", stdout: " + outcome.stdout() + ", stderr: " + outcome.stderr();
    }

    // What it says of itself.

    @Test
    void isAvailable() {
        assertThat(sandbox.capabilities().unavailable()).isEmpty();
        assertThat(sandbox.capabilities().languages()).isNotEmpty();
    }

    @Test
    void saysWhichLimitsHold() {
        assertThat(sandbox.capabilities().enforced())
                .containsExactlyInAnyOrderElementsOf(EnumSet.allOf(Limit.class).stream()
                        .filter(limit -> !advisory().contains(limit))
                        .toList());
    }

    // What comes of code.

    @ParameterizedTest
    @MethodSource("languages")
    void givesBackWhatIsPrinted(Language language) throws InterruptedException {
        assertThat(run(language, Snippet.PRINT).stdout()).isEqualTo("grüße €\n");
    }

    @ParameterizedTest
    @MethodSource("languages")
    void givesBackWhatIsSaidOnStandardError(Language language) throws InterruptedException {
        Outcome outcome = run(language, Snippet.COMPLAIN);

        assertThat(outcome.stderr()).isEqualTo("oh\n");
        assertThat(outcome.stdout()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("languages")
    void givesBackTheValue(Language language) throws InterruptedException {
        assertThat(value(run(language, Snippet.VALUE))).isEqualTo("42");
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void thereNeedNotBeAValue(Language language) throws InterruptedException {
        assertThat(value(run(language, Snippet.NO_VALUE))).isEqualTo("none");
    }

    @Incident("S167")
    @ParameterizedTest
    @MethodSource("languages")
    void codeIsRunAsItIsWritten(Language language) throws InterruptedException {
        assertThat(value(run(language, Snippet.BLANK_LINE_IN_BLOCK))).isEqualTo("42");
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void givesInputsToTheCodeAsTheyAre(Language language) throws InterruptedException {
        String inputs = "{\"a\":[1,2.5,null,true],\"b\":\"'\\\"\\\\\\n${x}`ü😀\\u2028'''\",\"c\":{\"__proto__\":1}}";

        Outcome outcome =
                sandbox.run(code(language, Snippet.ECHO_INPUTS.in(language).orElseThrow())
                        .inputs(JsonValue.trusted(inputs))
                        .build());

        // What is a line's end to some may be written either way.
        assertThat(value(outcome).replace("\u2028", "\\u2028")).isEqualTo(inputs);
    }

    @Incident("S167")
    @ParameterizedTest
    @MethodSource("interpreters")
    void tellsWhatWentWrong(Language language) throws InterruptedException {
        Outcome outcome = run(language, Snippet.FAIL);

        assertThat(outcome.status()).isEqualTo(Status.ERROR);
        Outcome.Failure failure = outcome.error().orElseThrow();
        assertThat(failure.type()).isEqualTo(language == Language.PYTHON ? "ValueError" : "RangeError");
        assertThat(failure.message()).isEqualTo("boo");
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void tellsWhereItWentWrongIfItTellsThatAtAll(Language language) throws InterruptedException {
        String trace = run(language, Snippet.FAIL).error().orElseThrow().trace();

        assertThat(trace.isEmpty() || trace.contains("culprit")).as(trace).isTrue();
        assertThat(trace).doesNotContainIgnoringCase("sallyport", "exec(", "eval(");
    }

    @Test
    void aRejectedPromiseThatNobodyAwaitsIsAnErrorWhereItIsSeen() throws InterruptedException {
        if (!sandbox.capabilities().languages().contains(Language.JAVASCRIPT)) {
            return;
        }

        Outcome outcome = run(
                Language.JAVASCRIPT,
                "async function fetched() { throw new RangeError('boo') } fetched(); await null; result = 1");

        assertThat(outcome.error().map(Outcome.Failure::type).orElse("none"))
                .isEqualTo(seesRejections() ? "RangeError" : "none");
    }

    @Test
    void aRejectedPromiseThatIsCaughtIsNone() throws InterruptedException {
        if (!sandbox.capabilities().languages().contains(Language.JAVASCRIPT)) {
            return;
        }

        assertThat(value(run(
                        Language.JAVASCRIPT,
                        "const late = Promise.reject(new RangeError('boo')); late.catch(() => {}); result = 1")))
                .isEqualTo("1");
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void whatIsNoCodeIsAnError(Language language) throws InterruptedException {
        Outcome outcome = run(language, Snippet.NO_CODE);

        assertThat(outcome.status()).isEqualTo(Status.ERROR);
        assertThat(outcome.error().orElseThrow().type()).isEqualTo("SyntaxError");
    }

    @Incident("S167")
    @ParameterizedTest
    @MethodSource("languages")
    void isNotDeceivedByWhatIsPrinted(Language language) throws InterruptedException {
        Outcome outcome = run(language, Snippet.FORGE);

        assertThat(value(outcome)).isEqualTo("42");
        assertThat(outcome.stdout().lines()).hasSize(4).allMatch(line -> line.contains("forged"));
    }

    @ParameterizedTest
    @MethodSource("languages")
    void saysInWhichTierItRan(Language language) throws InterruptedException {
        assertThat(run(language, Snippet.PRINT).tier())
                .isEqualTo(sandbox.capabilities().tier());
    }

    // Limits.

    /** Returns whether a limit is to be enforced; if not, that must be said. */
    private boolean mustHold(Limit limit) {
        assertThat(sandbox.capabilities().enforces(limit)).isEqualTo(!advisory().contains(limit));
        return !advisory().contains(limit);
    }

    @Incident("S173")
    @ParameterizedTest
    @MethodSource("endlessCode")
    void endsCodeThatTakesTooLong(Language language, Snippet endless) throws InterruptedException {
        if (mustHold(Limit.WALL_TIME)) {
            Outcome outcome =
                    run(language, endless, limits(language).wallTime(brief()).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.TIMEOUT);
            StopLag.check(outcome, brief());
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void endsCodeThatKeepsAProcessorBusy(Language language) throws InterruptedException {
        if (mustHold(Limit.CPU_TIME)) {
            // Whole seconds are what kernels count.
            Limits limits = limits(language).cpuTime(Duration.ofSeconds(1)).build();

            Outcome outcome = run(language, Snippet.LOOP, limits);

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.TIMEOUT);
            assertThat(outcome.usage().wallTime()).isLessThan(limits.wallTime());
        }
    }

    @Incident("S121")
    @ParameterizedTest
    @MethodSource("interpreters")
    void endsCodeThatWantsTooMuchMemory(Language language) throws InterruptedException {
        if (mustHold(Limit.MEMORY)) {
            Outcome outcome = run(
                    language,
                    Snippet.EAT_MEMORY,
                    limits(language).memoryBytes(32 * MEBIBYTE).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.MEMORY);
        }
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void letsCodeHaveTheMemoryThatItMayHave(Language language) throws InterruptedException {
        Limits limits = limits(language).memoryBytes(64 * MEBIBYTE).build();

        assertThat(value(run(language, Snippet.USE_MEMORY, limits))).isEqualTo(String.valueOf(24 * MEBIBYTE));
    }

    @Incident("S178")
    @ParameterizedTest
    @MethodSource("languages")
    void endsCodeThatPrintsTooMuch(Language language) throws InterruptedException {
        if (mustHold(Limit.OUTPUT)) {
            Outcome outcome = run(
                    language, Snippet.FLOOD, limits(language).outputBytes(5000).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.OUTPUT);
            assertThat(outcome.stdout().getBytes(StandardCharsets.UTF_8)).hasSizeBetween(1, 5000);
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void endsCodeThatComplainsTooMuch(Language language) throws InterruptedException {
        if (mustHold(Limit.OUTPUT)) {
            Outcome outcome = run(
                    language,
                    Snippet.FLOOD_ERRORS,
                    limits(language).outputBytes(5000).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.OUTPUT);
            assertThat(outcome.stderr().getBytes(StandardCharsets.UTF_8)).hasSizeBetween(1, 5000);
        }
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void takesNoValueThatIsTooLarge(Language language) throws InterruptedException {
        if (mustHold(Limit.OUTPUT)) {
            Outcome outcome = run(
                    language,
                    Snippet.LARGE_VALUE,
                    limits(language).outputBytes(5000).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.OUTPUT);
        }
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void writesNoMoreIntoFilesThanItMay(Language language) throws InterruptedException {
        if (mustHold(Limit.FILES)) {
            Outcome outcome = run(
                    language,
                    Snippet.FILL_FILES,
                    limits(language).fileBytes(MEBIBYTE).build());

            assertThat(outcome.status()).as(() -> described(outcome)).isIn(Status.OK, Status.ERROR, Status.OUTPUT);
            assertThat(outcome.value().map(it -> Integer.parseInt(it.toJson())).orElse(0))
                    .isLessThanOrEqualTo(MEBIBYTE);
        }
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void startsNoProcessesIfItMayNot(Language language) throws InterruptedException {
        if (mustHold(Limit.PROCESSES)) {
            assertThat(number(run(language, Snippet.START_PROCESSES))).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void startsNoMoreProcessesThanItMay(Language language) throws InterruptedException {
        if (mustHold(Limit.PROCESSES)) {
            Limits limits = limits(language).processes(8).build();

            assertThat(number(run(language, Snippet.START_PROCESSES, limits))).isLessThanOrEqualTo(8);
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void runsWellAfterCodeThatHadToBeEnded(Language language) throws InterruptedException {
        run(language, Snippet.LOOP, limits(language).wallTime(brief()).build());
        run(language, Snippet.FLOOD, limits(language).outputBytes(100).build());

        assertThat(value(run(language, Snippet.VALUE))).isEqualTo("42");
    }

    // Who wants it to end, and where it must not run.

    @ParameterizedTest
    @MethodSource("languages")
    void endsCodeThatIsCancelled(Language language) throws Exception {
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Void> cancelled = CompletableFuture.runAsync(
                cancellation::cancel, CompletableFuture.delayedExecutor(brief().toMillis(), TimeUnit.MILLISECONDS));

        Outcome outcome = sandbox.run(
                code(language, Snippet.LOOP.in(language).orElseThrow()).build(), cancellation);

        cancelled.get();
        assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.CANCELLED);
    }

    @ParameterizedTest
    @MethodSource("languages")
    void doesNotRunWhatIsCancelledAlready(Language language) throws Exception {
        Cancellation cancellation = new Cancellation();
        cancellation.cancel();

        Outcome outcome = sandbox.run(
                code(language, Snippet.LOOP.in(language).orElseThrow()).build(), cancellation);

        assertThat(outcome.status()).isEqualTo(Status.CANCELLED);
    }

    @ParameterizedTest
    @MethodSource("languages")
    void anInterruptedCallerHasEndedTheCode(Language language) throws Exception {
        ExecutorService caller = Executors.newSingleThreadExecutor();
        try {
            CountDownLatch calling = new CountDownLatch(1);
            Future<Throwable> thrown = caller.submit(() -> {
                try {
                    calling.countDown();
                    return new AssertionError(described(run(language, Snippet.LOOP)));
                } catch (InterruptedException e) {
                    return e;
                }
            });
            calling.await();

            caller.shutdownNow();

            assertThat(thrown.get(20, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
        } finally {
            caller.shutdownNow();
        }
    }

    @Test
    void closingEndsWhatRunsAndRunsNothingAnyMore() throws Exception {
        Language language = languages().findFirst().orElseThrow();
        Sandbox closing = create();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(
                closing::close, CompletableFuture.delayedExecutor(brief().toMillis(), TimeUnit.MILLISECONDS));

        Outcome ended = closing.run(
                code(language, Snippet.LOOP.in(language).orElseThrow()).build());
        closed.get();
        Outcome after = closing.run(
                code(language, Snippet.VALUE.in(language).orElseThrow()).build());

        assertThat(List.of(ended.status(), after.status())).containsOnly(Status.UNAVAILABLE);
    }

    @Incident("S138")
    @ParameterizedTest
    @MethodSource("languages")
    void rejectsWhatIsToRunInAStrongerTier(Language language) throws InterruptedException {
        Tier own = sandbox.capabilities().tier();
        for (Tier tier : Tier.values()) {
            Outcome outcome =
                    sandbox.run(code(language, Snippet.VALUE.in(language).orElseThrow())
                            .weakestTier(tier)
                            .build());

            assertThat(outcome.status()).as(tier.word()).isEqualTo(own.isAtLeast(tier) ? Status.OK : Status.REJECTED);
        }
    }

    @Incident("S168")
    @Test
    void doesNotRunWhatItDoesNotKnow() throws InterruptedException {
        for (Language language : Language.values()) {
            boolean isKnown = sandbox.capabilities().languages().contains(language);

            assertThat(run(language, Snippet.VALUE).status()).isEqualTo(isKnown ? Status.OK : Status.UNAVAILABLE);
        }
    }

    // What code has, and has not.

    @Incident("S138")
    @ParameterizedTest
    @MethodSource("languages")
    void reachesNoPortOfThisMachine(Language language) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            listener.configureBlocking(false);
            int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();

            run(language, Snippet.connect(language, port));

            assertThat(listener.accept()).isNull();
        }
    }

    @Incident("S138")
    @ParameterizedTest
    @MethodSource("languages")
    void readsNoFileOfThisMachine(Language language, @TempDir Path directory) throws Exception {
        Path canary = Files.writeString(directory.resolve("canary"), "a-canary-in-a-file\n");
        for (String path : List.of(canary.toString(), "../../../../../../../.." + canary)) {
            Outcome outcome = run(language, Snippet.read(language, path));

            assertThat(outcome.value() + outcome.stdout() + outcome.stderr()).doesNotContain("a-canary-in-a-file");
        }
    }

    @Incident("S138")
    @ParameterizedTest
    @MethodSource("languages")
    void seesNothingOfTheEnvironment(Language language) throws InterruptedException {
        List<String> secrets = System.getenv().entrySet().stream()
                .filter(variable -> !HARMLESS.contains(variable.getKey()))
                .map(Map.Entry::getValue)
                .filter(value -> value.length() >= 8)
                .toList();

        Outcome outcome = run(language, Snippet.environment(language));

        assertThat(outcome.status()).as(() -> described(outcome)).isEqualTo(Status.OK);
        assertThat(secrets).isNotEmpty().noneMatch(outcome.stdout()::contains);
    }

    @ParameterizedTest
    @MethodSource("languages")
    void findsNothingThatCodeBeforeHasLeft(Language language) throws InterruptedException {
        run(language, Snippet.LEAVE);

        assertThat(value(run(language, Snippet.LOOK))).isEqualTo("0");
    }

    @ParameterizedTest
    @MethodSource("interpreters")
    void randomNumbersDifferFromRunToRun(Language language) throws InterruptedException {
        assertThat(value(run(language, Snippet.RANDOM))).isNotEqualTo(value(run(language, Snippet.RANDOM)));
    }

    @Incident("S174")
    @ParameterizedTest
    @MethodSource("interpreters")
    void givesEachOfManyAtOnceItsOwn(Language language) throws Exception {
        int many = 8;
        ExecutorService callers = Executors.newFixedThreadPool(many);
        try {
            CountDownLatch allThere = new CountDownLatch(many);
            List<Future<String>> values = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                Execution execution = code(language, "result = inputs")
                        .inputs(JsonValue.trusted("{\"i\":" + i + "}"))
                        .build();
                values.add(callers.submit(() -> {
                    allThere.countDown();
                    allThere.await();
                    return value(sandbox.run(execution));
                }));
            }
            for (int i = 0; i < many; i++) {
                assertThat(values.get(i).get(1, TimeUnit.MINUTES)).isEqualTo("{\"i\":" + i + "}");
            }
        } finally {
            callers.shutdownNow();
        }
    }
}
