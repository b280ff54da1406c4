package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.SandboxBenchmark.Way;
import java.util.EnumMap;
import java.util.EnumSet;
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

    /** How fast a JVM gets in a few seconds depends on who else compiles: that nothing is started anew is seen at once. */
    private static final double AT_MOST_IN_THE_JVM = FULL ? 1 : 10;

    @Test
    void shortCodeIsDoneInTheEmbeddedSandboxAndInThePoolBeforeAnInterpreterHasStarted() throws Exception {
        Map<Way, Double> micros = new EnumMap<>(Way.class);
        for (Way way : WAYS) {
            micros.put(way, medianMicros(way));
        }
        System.out.println("microseconds from code to its outcome: " + micros);

        assertThat(micros.get(Way.PYTHON_WASM) / micros.get(Way.PYTHON_PLAIN)).isLessThan(AT_MOST_IN_THE_JVM);
        assertThat(micros.get(Way.PYTHON_PROCESS) / micros.get(Way.PYTHON_PLAIN))
                .isLessThan(1);
        assertThat(micros.get(Way.JAVASCRIPT_WASM) / micros.get(Way.NODE_PLAIN)).isLessThan(AT_MOST_IN_THE_JVM);
    }

    private static double medianMicros(Way way) throws RunnerException {
        int warmUp = !IN_THE_JVM.contains(way) ? 0 : FULL ? 10 : 2;
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
