package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.testing.Incident;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What must hold however often: nothing is left by code that is ended, nor by code for the code after it. */
class WasmSandboxSweepTest {

    private static final int CALLERS = 4;

    private static WasmSandbox sandbox;

    @BeforeAll
    static void startsTheInterpreters() throws InterruptedException {
        sandbox = WasmSandbox.builder().patience(Duration.ofMinutes(10)).build();
    }

    @AfterAll
    static void closesTheSandbox() {
        sandbox.close();
    }

    /** Does something again and again, some at once, and returns what came of it. */
    private static <T> List<T> times(int times, Callable<T> once) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try {
            List<Future<T>> running = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                running.add(callers.submit(once));
            }
            List<T> done = new ArrayList<>();
            for (Future<T> one : running) {
                done.add(one.get(10, TimeUnit.MINUTES));
            }
            return done;
        } finally {
            callers.shutdownNow();
            callers.awaitTermination(1, TimeUnit.MINUTES);
        }
    }

    @Incident("S93")
    @Incident("S173")
    @Test
    void codeThatIsEndedLeavesNothing(@TempDir Path temporaryFiles) throws Exception {
        inJvm("-Djava.io.tmpdir=" + temporaryFiles, TimeOuts.class, Proof.times(1000));
    }

    @Incident("S138")
    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void codeFindsNothingThatCodeBeforeHasLeft(Language language) throws Exception {
        int many = Proof.times(10_000) / 2;
        Execution execution = leaving(language);

        List<Outcome> outcomes = times(many, () -> sandbox.run(execution));

        Set<String> found = new TreeSet<>();
        Set<String> randoms = new TreeSet<>();
        int ways = 0;
        for (Outcome outcome : outcomes) {
            assertThat(outcome.error()).isEmpty();
            JsonValue value = outcome.value().orElseThrow();
            value.get("found").orElseThrow().elements().forEach(it -> found.add(it.toJson()));
            value.get("random").orElseThrow().elements().forEach(it -> randoms.add(it.toJson()));
            ways = (int) value.get("ways").orElseThrow().asLong().orElseThrow();
        }
        int randomsEach = language == Language.PYTHON ? 3 : 1;
        System.out.printf(
                "%d runs of %s, each of which looks for what others have left in %d ways, and leaves it: %d found; %d"
                        + " of %d random numbers differ%n",
                many, language.word(), ways, found.size(), randoms.size(), randomsEach * many);
        assertThat(found).isEmpty();
        assertThat(randoms).hasSize(randomsEach * many);
    }

    private static Execution leaving(Language language) throws IOException {
        String name = language == Language.PYTHON ? "leave.py" : "leave.js";
        try (InputStream code = WasmSandboxSweepTest.class.getResourceAsStream(name)) {
            return Execution.of(language, new String(code.readAllBytes(), StandardCharsets.UTF_8))
                    .inputs(JsonValue.trusted("{\"given\":[1]}"))
                    .build();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void inASessionTheSameCodeFindsWhatItHasLeft(Language language) throws Exception {
        try (SandboxSession session = sandbox.open(language, Limits.defaults(), new Cancellation())) {
            session.run(leaving(language), new Cancellation());
            Outcome second = session.run(leaving(language), new Cancellation());

            // All but what the code itself or its surroundings put back.
            assertThat(second.value().orElseThrow().get("found").orElseThrow().elements())
                    .hasSizeGreaterThanOrEqualTo(28);
        }
    }

    @Incident("S121")
    @Incident("S178")
    @Test
    void manyBombsAtOnceDoNotTouchTheHost() throws Exception {
        inJvm("-Xmx512m", Bombs.class, Math.max(20, Proof.times(100)));
    }

    /** Runs a main class in a JVM of its own; it prints what it has found, and fails if that is not good. */
    private static void inJvm(String option, Class<?> main, int many) throws Exception {
        Process host = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        option,
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        String.valueOf(many))
                .redirectErrorStream(true)
                .start();
        try {
            host.getOutputStream().close();
            String said = new String(host.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            System.out.print(said);

            assertThat(host.waitFor()).as(said).isZero();
        } finally {
            host.destroyForcibly();
        }
    }
}
