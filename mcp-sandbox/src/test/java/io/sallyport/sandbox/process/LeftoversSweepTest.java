package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.testing.Incident;
import io.sallyport.testing.LiveObjects;
import io.sallyport.testing.Waiting;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is left of many runs: nothing. Needs bubblewrap, Python and Node. */
class LeftoversSweepTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    private static final List<String> LOOPS = List.of("while True: pass", "while (true);", "while :; do :; done");
    private static final List<Language> LANGUAGES = List.of(Language.PYTHON, Language.JAVASCRIPT, Language.SHELL);

    private static ProcessSandbox sandbox() throws InterruptedException {
        return ProcessSandbox.builder().patience(Duration.ofMinutes(5)).build();
    }

    private static void awaitNoProcesses(long gateway) {
        Waiting.until(
                "all processes are gone", () -> Enclosed.processes(gateway).isEmpty() ? true : null);
    }

    /** Returns whether as many wait as may, of whatever shape. */
    private static boolean isFull(ProcessSandbox sandbox, Limits... ofPython) {
        int python = 0;
        for (Limits limits : ofPython) {
            python += sandbox.waiting(Language.PYTHON, limits);
        }
        return python == 2
                && sandbox.waiting(Language.JAVASCRIPT, Limits.defaults()) == 2
                && sandbox.waiting(Language.SHELL, Limits.defaults()) == 2;
    }

    private static long temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName()
                            .toString()
                            .startsWith("sallyport-sandbox-"
                                    + ProcessHandle.current().pid()))
                    .count();
        }
    }

    private static <T> List<T> all(int many, int atOnce, Callable<T> task) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(atOnce);
        try {
            List<T> results = new ArrayList<>();
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                futures.add(threads.submit(task));
            }
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
            threads.awaitTermination(1, TimeUnit.MINUTES);
        }
    }

    @Incident("S176")
    @Incident("S177")
    @Test
    void nothingIsLeftOfAThousandRunsThatTookTooLong() throws Exception {
        int many = FULL ? 1000 : 20;
        try (ProcessSandbox sandbox = sandbox()) {
            timeOuts(sandbox, 12);
            LiveObjects before = LiveObjects.settled(() -> isFull(sandbox, Limits.defaults()));
            timeOuts(sandbox, many);
            before.awaitReturn(() -> isFull(sandbox, Limits.defaults()));
        }
        awaitNoProcesses(ProcessHandle.current().pid());
        assertThat(temporaryFiles()).isZero();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith(
                        "sallyport-sandbox-" + ProcessHandle.current().pid()));
        System.out.println(many + " runs that took too long have left nothing");
    }

    @Test
    void nothingIsLeftOfSandboxesThatAreClosedWhileTheyStartWorkers() throws Exception {
        for (int i = 0; i < (FULL ? 200 : 8); i++) {
            ProcessSandbox sandbox = ProcessSandbox.builder()
                    .languages(Set.of(Language.SHELL))
                    .warmWorkers(10)
                    .build();
            int some = i % 4;
            Waiting.until("some wait", () -> sandbox.waiting(Language.SHELL, Limits.defaults()) >= some ? true : null);

            sandbox.close();
        }

        awaitNoProcesses(ProcessHandle.current().pid());
    }

    private static void timeOuts(ProcessSandbox sandbox, int many) throws Exception {
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < LANGUAGES.size(); i++) {
            Execution loop = Execution.of(LANGUAGES.get(i), LOOPS.get(i))
                    .limits(Limits.builder().wallTime(Duration.ofMillis(20)).build())
                    .build();
            outcomes.addAll(all(many / LANGUAGES.size() + 1, 4, () -> sandbox.run(loop)));
        }
        assertThat(outcomes).extracting(Outcome::status).containsOnly(Status.TIMEOUT);
    }

    @Incident("S121")
    @Test
    void nobodyFindsWhatOthersHaveTriedToLeave() throws Exception {
        int many = FULL ? 10_000 : 150;
        String code = """
                import builtins, os, sys, tempfile
                result = hasattr(builtins, 'left') + ('left' in sys.modules) + len(os.listdir('/tmp')) + ('x' in globals())
                builtins.left = 1
                sys.modules['left'] = sys
                x = 1
                open('/tmp/left', 'w').close()
                """;
        try (ProcessSandbox sandbox = sandbox()) {
            Execution execution = Execution.of(Language.PYTHON, code).build();

            List<String> found = all(
                    many,
                    4,
                    () -> sandbox.run(execution).value().map(JsonValue::toJson).orElse("none"));

            assertThat(found).hasSize(many).containsOnly("0");
            System.out.println(many + " runs have found nothing of each other");
        }
    }

    @Incident("S178")
    @Test
    void aHundredBombsAtOnceDoNothingToTheHostsHeap() throws Exception {
        String bomb = "import sys\nx = []\nwhile True:\n  x.append('a' * 1000000)\n  print('b' * 1000)";
        Limits limits = Limits.builder().memoryBytes(64L * 1024 * 1024).build();
        Execution execution = Execution.of(Language.PYTHON, bomb).limits(limits).build();
        try (ProcessSandbox sandbox = sandbox()) {
            sandbox.run(execution);
            LiveObjects before = LiveObjects.settled(() -> isFull(sandbox, limits, Limits.defaults()));

            List<Outcome> outcomes = all(100, 100, () -> sandbox.run(execution));

            assertThat(outcomes).extracting(Outcome::status).containsOnly(Status.MEMORY);
            outcomes.clear();
            before.awaitReturn(() -> isFull(sandbox, limits, Limits.defaults()));
        }
    }

    @Incident("S166")
    @Test
    void whatRunsEndsWithAGatewayThatIsKilled() throws Exception {
        Process gateway = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                        Gateway.class.getName())
                .redirectError(new File("/dev/null"))
                .start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(gateway.getInputStream(), StandardCharsets.UTF_8))) {
            String line = said.readLine();
            while (line != null && !line.equals("RUNS")) {
                line = said.readLine();
            }
            assertThat(line).isEqualTo("RUNS");
            Waiting.until(
                    "something runs", () -> Enclosed.processes(gateway.pid()).isEmpty() ? null : true);

            gateway.destroyForcibly().waitFor();

            Waiting.until(
                    "all that had begun is gone",
                    () -> Enclosed.processes(gateway.pid()).stream().allMatch(Enclosed::hasNotBegun) ? true : null);
        } finally {
            gateway.destroyForcibly();
            Enclosed.processes(gateway.pid())
                    .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            deleteFolders(gateway.pid());
            // Removes what it had of control groups.
            ControlGroups.find().close();
        }
    }

    /** The next gateway would do that, but not within a minute. */
    private static void deleteFolders(long pid) throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            for (Path folder : files.filter(
                            it -> it.getFileName().toString().startsWith("sallyport-sandbox-" + pid + "-"))
                    .toList()) {
                try (Stream<Path> inside = Files.list(folder)) {
                    for (Path file : inside.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        }
    }

    /** A gateway to be killed. */
    static final class Gateway {

        private Gateway() {}

        public static void main(String[] arguments) throws Exception {
            ProcessSandbox sandbox = sandbox();
            Thread runs = new Thread(() -> {
                try {
                    sandbox.run(
                            Execution.of(Language.PYTHON, "while True: pass").build());
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            runs.start();
            System.out.println("RUNS");
            runs.join();
        }
    }
}
