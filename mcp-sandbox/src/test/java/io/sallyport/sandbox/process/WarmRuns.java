package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.testing.Waiting;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Measures, in one run and in turn, short code from the pool, the same without the pool, and an interpreter that is started
 * plainly. Prints medians and ratios. The argument is how many times.
 */
final class WarmRuns {

    private WarmRuns() {}

    public static void main(String[] arguments) throws Exception {
        int times = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 100;
        long begun = System.nanoTime();
        try (ProcessSandbox warm = ProcessSandbox.builder().build();
                ProcessSandbox cold = ProcessSandbox.builder().warmWorkers(0).build()) {
            System.out.printf(
                    "two sandboxes built in %d ms: %s%n", (System.nanoTime() - begun) / 1_000_000, warm.capabilities());
            compare(warm, cold, Language.PYTHON, "print(1)", List.of("/usr/bin/python3", "-c", "print(1)"), times);
            compare(warm, cold, Language.JAVASCRIPT, "console.log(1)", List.of("node", "-e", "console.log(1)"), times);
            compare(warm, cold, Language.SHELL, "echo 1", List.of("sh", "-c", "echo 1"), times);
        }
    }

    private static void compare(
            ProcessSandbox warm, ProcessSandbox cold, Language language, String code, List<String> plain, int times)
            throws Exception {
        Limits limits = Limits.defaults();
        Execution execution = Execution.of(language, code).limits(limits).build();
        List<Long> fromPool = new ArrayList<>();
        List<Long> started = new ArrayList<>();
        List<Long> plainly = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            // The pool is asked for one when it has one: what it costs to start it is measured beside.
            Waiting.until("the pool is full", () -> warm.waiting(language, limits) == 2 ? true : null);
            fromPool.add(micros(() -> checked(warm.run(execution))));
            started.add(micros(() -> checked(cold.run(execution))));
            plainly.add(micros(() -> new ProcessBuilder(plain)
                    .redirectOutput(new File("/dev/null"))
                    .start()
                    .waitFor()));
        }
        System.out.printf(
                "%s: from the pool %.1f ms, started for it %.1f ms, plain %.1f ms (medians of %d); pool/plain %.2f%n",
                language.word(),
                median(fromPool),
                median(started),
                median(plainly),
                times,
                median(fromPool) / median(plainly));
    }

    private static Outcome checked(Outcome outcome) {
        if (outcome.status() != Outcome.Status.OK || !outcome.stdout().equals("1\n")) {
            throw new AssertionError(outcome + " " + outcome.error());
        }
        return outcome;
    }

    private static long micros(Callable<?> task) throws Exception {
        long begun = System.nanoTime();
        task.call();
        return Duration.ofNanos(System.nanoTime() - begun).toNanos() / 1000;
    }

    private static double median(List<Long> micros) {
        Collections.sort(micros);
        return micros.get(micros.size() / 2) / 1000.0;
    }
}
