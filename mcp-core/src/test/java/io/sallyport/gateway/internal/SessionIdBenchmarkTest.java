package io.sallyport.gateway.internal;

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
                        .forks(0)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(FULL ? 10 : 3)
                        .measurementTime(TimeValue.seconds(1))
                        .build())
                .run();

        Map<String, Double> micros = results.stream()
                .collect(Collectors.toMap(
                        result -> result.getPrimaryResult().getLabel(),
                        result -> result.getPrimaryResult().getScore()));
        System.out.println("microseconds to open an id: " + micros);
        assertThat(micros.get("derived") / micros.get("sealed")).isGreaterThan(1000);
    }
}
