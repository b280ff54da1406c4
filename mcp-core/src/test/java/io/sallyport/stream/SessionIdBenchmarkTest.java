package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

class SessionIdBenchmarkTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    @Test
    void anIdOpensAThousandTimesFasterThanOneWhoseKeyIsDerivedForEachRequest() throws Exception {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include(SessionIdBenchmark.class.getName())
                        // A process of its own: nothing that other tests did to theirs, such as weaving its classes,
                        // counts.
                        .forks(1)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(FULL ? 10 : 3)
                        .measurementTime(TimeValue.seconds(1))
                        .build())
                .run();

        Map<String, Double> micros = results.stream()
                .collect(Collectors.toMap(
                        result -> result.getPrimaryResult().getLabel(),
                        // Whoever else has work for the processor makes a few calls long, not the one in the middle.
                        result -> result.getPrimaryResult().getStatistics().getPercentile(50)));
        System.out.println("microseconds to open an id: " + micros);
        assertThat(micros.get("derived") / micros.get("sealed")).isGreaterThan(1000);
    }
}
