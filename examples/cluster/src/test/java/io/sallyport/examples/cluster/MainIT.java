package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainIT {

    @TempDir
    Path directory;

    @Test
    void losesNothingWhileNodesAreKilled() throws Exception {
        try (ClusterProcess cluster =
                new ClusterProcess(directory, "--chaos", "2", "--store", "redis", "--balancer", "java")) {
            // When
            assertThat(cluster.awaitEnd()).as(cluster.err()).isZero();

            assertThat(cluster.out()).hasSize(2);
            assertThat(cluster.out().get(0)).matches("READY http://127\\.0\\.0\\.1:[0-9]+/mcp");
            assertThat(cluster.out().get(1))
                    .matches("kills=2 calls=[1-9][0-9]* events=[1-9][0-9]* lost=0 duplicated=0 reordered=0");
            assertThat(cluster.folders()).isEmpty();
        }
    }

    @Test
    void leavesNoProcessWhenItIsKilledItself() throws Exception {
        try (ClusterProcess cluster = new ClusterProcess(directory, "--store", "postgres")) {
            cluster.awaitReady();
            List<ProcessHandle> family = cluster.family();
            assertThat(family).anyMatch(process -> is(process, "postgres -D"));
            assertThat(family)
                    .filteredOn(process -> is(process, Node.class.getName()))
                    .hasSize(3);

            // When
            cluster.kill();

            ClusterProcess.awaitEnd(family);
        }
    }

    private static boolean is(ProcessHandle process, String what) {
        return process.info().commandLine().orElse("").contains(what);
    }
}
