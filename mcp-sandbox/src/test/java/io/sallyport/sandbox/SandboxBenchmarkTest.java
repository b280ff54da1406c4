package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.SandboxBenchmark.Way;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Needs bubblewrap, Python and Node. */
class SandboxBenchmarkTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    private static final Set<Way> SHORT =
            EnumSet.of(Way.PYTHON_PLAIN, Way.PYTHON_WASM, Way.PYTHON_PROCESS, Way.NODE_PLAIN, Way.JAVASCRIPT_WASM);

    private static final Set<Way> IN_THE_JVM =
            EnumSet.of(Way.PYTHON_WASM, Way.PYTHON_VALIDATED, Way.JAVASCRIPT_WASM, Way.JAVASCRIPT_VALIDATED);

    private static final Set<Way> WAYS = FULL ? EnumSet.allOf(Way.class) : SHORT;

    /** After how many seconds of calls a JVM has compiled what it runs depends on who else compiles; within these it has. */
    private static final List<Integer> WARM_UPS = FULL ? List.of(10) : List.of(2, 10, 40);

    @Test
    void shortCodeIsDoneInTheEmbeddedSandboxAndInThePoolBeforeAnInterpreterHasStarted() throws Exception {
        Map<Way, Double> micros = new EnumMap<>(Way.class);
        for (Way way : WAYS) {
            if (!IN_THE_JVM.contains(way)) {
                micros.put(way, medianMicros(way, 0));
            }
        }
        for (Way way : WAYS) {
            if (IN_THE_JVM.contains(way)) {
                micros.put(way, medianMicrosWarm(way, micros.get(plain(way))));
            }
        }
        System.out.println("microseconds from code to its outcome: " + micros);

        assertThat(micros.get(Way.PYTHON_WASM) / micros.get(Way.PYTHON_PLAIN)).isLessThan(1);
        assertThat(micros.get(Way.PYTHON_PROCESS) / micros.get(Way.PYTHON_PLAIN))
                .isLessThan(1);
        assertThat(micros.get(Way.JAVASCRIPT_WASM) / micros.get(Way.NODE_PLAIN)).isLessThan(1);
    }

    /** Returns the interpreter that a way does without. */
    private static Way plain(Way way) {
        return way == Way.PYTHON_WASM || way == Way.PYTHON_VALIDATED ? Way.PYTHON_PLAIN : Way.NODE_PLAIN;
    }

    /** Warms it up until it is below a bound, and no longer than there is warming up. */
    private static double medianMicrosWarm(Way way, double bound) throws RunnerException {
        double median = Double.MAX_VALUE;
        for (int i = 0; i < WARM_UPS.size() && median >= bound; i++) {
            median = medianMicros(way, WARM_UPS.get(i));
        }
        return median;
    }

    private static double medianMicros(Way way, int warmUp) throws RunnerException {
        RunResult result = new Runner(new OptionsBuilder()
                        .include(SandboxBenchmark.class.getName())
                        .param("way", way.name())
                        // A process of its own: what other tests have compiled does not count.
                        .forks(1)
                        // The JVM compiles what it runs; processes do not get any faster.
                        .warmupIterations(warmUp)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(FULL ? 5 : 1)
                        .measurementTime(TimeValue.seconds(2))
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .runSingle();
        // Whoever else has work for the processor makes a few runs long, not the one in the middle.
        return result.getPrimaryResult().getStatistics().getPercentile(50);
    }
}
