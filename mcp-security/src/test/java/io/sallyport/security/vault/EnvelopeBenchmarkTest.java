package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.EnvelopeBenchmark.Who;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

class EnvelopeBenchmarkTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    @Test
    void sealingIsAsFastAsTinkWithTheSameProtectionOfEachMessage() throws Exception {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(EnvelopeBenchmark.class.getName())
                .forks(1)
                // Beside other work, it takes a while until all of it is compiled.
                .warmupIterations(6)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(FULL ? 10 : 3)
                .measurementTime(TimeValue.seconds(1));
        if (!FULL) {
            options.param("who", Who.VAULT.name(), Who.TINK_COMMITTED.name());
        }
        Collection<RunResult> results = new Runner(options.build()).run();

        Map<String, Double> nanos = results.stream()
                .collect(Collectors.toMap(
                        result -> result.getParams().getParam("who"),
                        // Whoever else has work for the processor makes many calls long, not the fast ones.
                        result -> result.getPrimaryResult().getStatistics().getPercentile(FULL ? 50 : 10)));
        System.out.println("nanoseconds to seal and open 1 KiB: " + new TreeMap<>(nanos));
        assertThat(nanos.get(Who.VAULT.name())).isLessThanOrEqualTo(nanos.get(Who.TINK_COMMITTED.name()));
    }
}
