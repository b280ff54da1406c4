package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What takes longer: as many kills as the page on the example says, on either store, behind nginx where there is one. */
class MainSweepTest {

    private static final String KILLS = "full".equals(System.getProperty("sallyport.proof")) ? "20" : "1";

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"postgres", "redis"})
    void losesNothingWhileNodesAreKilled(String store) throws Exception {
        try (ClusterProcess cluster = new ClusterProcess(directory, "--chaos", KILLS, "--store", store)) {
            // When
            int exitCode = cluster.awaitEnd();

            System.out.println(store + " " + cluster.out());
            assertThat(exitCode).as(cluster.err()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"postgres, postgres -D", "redis, redis-server"})
    void leavesNothingWhenItIsTold(String store, String server) throws Exception {
        try (ClusterProcess cluster = new ClusterProcess(directory, "--store", store)) {
            cluster.awaitReady();
            List<ProcessHandle> family = cluster.family();
            assertThat(family)
                    .anyMatch(process -> process.info().commandLine().orElse("").contains(server));

            // When
            cluster.terminate();

            cluster.awaitEnd();
            assertThat(family).noneMatch(ProcessHandle::isAlive);
            assertThat(cluster.folders()).isEmpty();
        }
    }
}
