package io.sallyport.examples.benchmark;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.process.ProcessSandbox;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * Measures how long it takes from code to its outcome, {@code print(1)} in a state that no other code has touched: in the
 * embedded sandbox, in a process that waits for code, in one that is started for it, and in the interpreter started plainly.
 * All take turns in one run, so that a busy machine slows all of them.
 *
 * <p>Usage: {@code SandboxLatency [runs of each] [runs before anything is counted]}.
 */
public final class SandboxLatency {

    private static final String PYTHON = "print(1)";
    private static final String JAVASCRIPT = "console.log(1)";
    private static final String SHELL = "echo 1";

    /** How many of the runs follow each other before it is another's turn. */
    private static final int IN_A_ROW = 10;

    /** In which a process has ended and another waits for code: nothing that is measured pays for that. */
    private static final Duration REFILL = Duration.ofMillis(300);

    private SandboxLatency() {}

    /** A way to run code; gives what the code has said. */
    private record Way(String name, String floor, Callable<String> run, List<Long> nanos) {

        static Way of(String name, String floor, Callable<String> run) {
            return new Way(name, floor, run, new ArrayList<>());
        }

        boolean getsFaster() {
            return name.endsWith(" wasm");
        }

        boolean leavesWork() {
            return name.endsWith(" process") || name.endsWith(" started");
        }

        void measure(boolean isCounted) throws Exception {
            long before = System.nanoTime();
            String said = run.call();
            long took = System.nanoTime() - before;
            if (!said.equals("1\n")) {
                throw new IllegalStateException(name + " has said: " + said);
            }
            if (isCounted) {
                nanos.add(took);
            }
        }

        double millis(double quantile) {
            long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
            return sorted[(int) (quantile * (sorted.length - 1))] / 1e6;
        }
    }

    /** Measures, and prints medians. */
    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 100;
        int warmUp = args.length > 1 ? Integer.parseInt(args[1]) : 300;
        for (Language language : List.of(Language.PYTHON, Language.JAVASCRIPT)) {
            coldStart(language);
        }
        try (Sandbox wasm = WasmSandbox.builder().build();
                Sandbox process = ProcessSandbox.builder().build();
                Sandbox cold = ProcessSandbox.builder().warmWorkers(0).build()) {
            process.capabilities().unavailable().ifPresent(why -> {
                throw new IllegalStateException("no process sandbox: " + why);
            });
            List<Way> ways = List.of(
                    Way.of("python plain", "python plain", plain(program("python3"), "-c", PYTHON)),
                    Way.of("python wasm", "python plain", () -> run(wasm, Language.PYTHON, PYTHON)),
                    Way.of("python started", "python plain", () -> run(cold, Language.PYTHON, PYTHON)),
                    Way.of("python process", "python plain", () -> run(process, Language.PYTHON, PYTHON)),
                    Way.of("node plain", "node plain", plain(program("node"), "-e", JAVASCRIPT)),
                    Way.of("javascript wasm", "node plain", () -> run(wasm, Language.JAVASCRIPT, JAVASCRIPT)),
                    Way.of("javascript started", "node plain", () -> run(cold, Language.JAVASCRIPT, JAVASCRIPT)),
                    Way.of("javascript process", "node plain", () -> run(process, Language.JAVASCRIPT, JAVASCRIPT)),
                    Way.of("sh plain", "sh plain", plain("/bin/sh", "-c", SHELL)),
                    Way.of("shell started", "sh plain", () -> run(cold, Language.SHELL, SHELL)),
                    Way.of("shell process", "sh plain", () -> run(process, Language.SHELL, SHELL)));
            for (Way way : ways) {
                for (int i = 0; i < warmUp && way.getsFaster(); i++) {
                    way.measure(false);
                }
            }
            for (int turn = 0; turn < rounds / IN_A_ROW; turn++) {
                for (Way way : ways) {
                    takeTurn(way);
                }
            }
            print(ways);
        }
    }

    private static void takeTurn(Way way) throws Exception {
        // What the one before has pushed out of the caches comes back with a run that is not counted.
        for (int i = 0; i <= IN_A_ROW; i++) {
            way.measure(i > 0);
            if (way.leavesWork()) {
                Thread.sleep(REFILL.toMillis());
            }
        }
    }

    private static void print(List<Way> ways) {
        System.out.printf(
                "%d runs of each, %d in a row, in turns, on %d processors, JDK %s%n",
                ways.get(0).nanos().size(),
                IN_A_ROW,
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"));
        System.out.printf("%-20s %9s %9s %9s%n", "way", "p50 ms", "p95 ms", "x plain");
        for (Way way : ways) {
            double floor = ways.stream()
                    .filter(it -> it.name().equals(way.floor()))
                    .findFirst()
                    .orElseThrow()
                    .millis(0.5);
            System.out.printf(
                    Locale.ROOT,
                    "%-20s %9.2f %9.2f %9.2f%n",
                    way.name(),
                    way.millis(0.5),
                    way.millis(0.95),
                    way.millis(0.5) / floor);
        }
    }

    private static void coldStart(Language language) throws Exception {
        String code = language == Language.PYTHON ? PYTHON : JAVASCRIPT;
        long before = System.nanoTime();
        try (Sandbox wasm = WasmSandbox.builder().languages(Set.of(language)).build()) {
            Duration built = Duration.ofNanos(System.nanoTime() - before);
            List<String> first = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                long begun = System.nanoTime();
                run(wasm, language, code);
                first.add(String.format(Locale.ROOT, "%.1f", (System.nanoTime() - begun) / 1e6));
            }
            System.out.printf(
                    "%s wasm, cold: %d ms until it is built, the first runs %s ms%n",
                    language.word(), built.toMillis(), String.join(", ", first));
        }
    }

    private static String run(Sandbox sandbox, Language language, String code) throws InterruptedException {
        Outcome outcome = sandbox.run(Execution.of(language, code).build());
        return outcome.error()
                .map(error -> outcome.status() + ": " + error.message())
                .orElse(outcome.stdout());
    }

    /** Returns the program itself where it usually is: what is first in the path may be a script that looks for it. */
    private static String program(String name) {
        Path usual = Path.of("/usr/bin", name);
        return Files.isExecutable(usual) ? usual.toString() : name;
    }

    private static Callable<String> plain(String... command) {
        return () -> {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(Arrays.toString(command) + " has failed");
            }
            return said;
        };
    }
}
