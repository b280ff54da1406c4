package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.security.vault.VaultFiles.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What other processes leave, alive and dead. */
class FileVaultStoreKillSweepTest {

    /** The file of an empty vault, its first key, and two numbers come before. */
    private static final int THIRD_NUMBER = 5;

    @TempDir
    Path temporary;

    private Path folder() {
        return temporary.resolve("vault");
    }

    private ChildJvm start(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(folder().toString()));
        all.addAll(List.of(arguments));
        return ChildJvm.start(temporary.resolve("log"), FileVaultProgram.class, all.toArray(String[]::new));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverDiesInACommitLeavesTheGenerationBeforeOrTheNewOne(Step step) throws Exception {
        // The first commit of all has no generation before it.
        boolean hasOneLess = step == Step.PREVIOUS_LINKED || step == Step.PREVIOUS_REPLACED;
        try (ChildJvm child = start("dieAt", step + ":" + (hasOneLess ? THIRD_NUMBER - 1 : THIRD_NUMBER))) {
            assertThat(child.rest()).endsWith("COUNTED 2");
            assertThat(child.exitCode()).isEqualTo(137);
        }

        try (VaultStore store = FileVaultStore.open(folder())) {
            assertThat(FileVaultProgram.counted(store)).isEqualTo(step.compareTo(Step.VAULT_REPLACED) < 0 ? 2 : 3);
            assertThat(store.delete(FileVaultProgram.ROW)).isTrue();
            assertThat(store.read(FileVaultProgram.ROW)).isEmpty();
        }
        assertThat(names()).containsExactly("lock", "nodes", "vault", "vault.previous");
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"PREVIOUS_LINKED", "PREVIOUS_REPLACED"})
    void whoeverDiesInTheFirstCommitOfAllLeavesAnEmptyVault(Step step) throws Exception {
        try (ChildJvm child = start("dieAt", step + ":1")) {
            assertThat(child.exitCode()).isEqualTo(137);
        }

        try (VaultStore store = FileVaultStore.open(folder())) {
            assertThat(store.tenants()).isEmpty();
            FileVaultProgram.count(store, 1);
            assertThat(FileVaultProgram.counted(store)).isEqualTo(1);
        }
    }

    @Test
    void processesCountTogetherAndLoseNothing() throws Exception {
        try (ChildJvm one = start("count", "40");
                ChildJvm two = start("count", "40");
                VaultStore store = FileVaultStore.open(folder())) {
            FileVaultProgram.count(store, 40);

            assertThat(one.exitCode()).isZero();
            assertThat(two.exitCode()).isZero();
            assertThat(FileVaultProgram.counted(store)).isEqualTo(120);
        }
    }

    @Test
    void aDiskThatIsFullLosesNothing() throws Exception {
        // No file may have more than about 100 or 200 kB, depending on the shell's idea of a block.
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 200; exec \"$@\"", "sh"));
        command.addAll(ChildJvm.command(FileVaultProgram.class, folder().toString(), "fill"));
        try (ChildJvm child = ChildJvm.start(temporary.resolve("log"), command)) {
            assertThat(child.await("FAILED ")).contains(folder().toString(), "cannot be read or written");
            int written = Integer.parseInt(child.await("WRITTEN "));

            assertThat(child.await("LEFT ")).as("of what could not be written").isEqualTo("false");
            assertThat(child.await("DELETED ")).isEqualTo("true");
            try (VaultStore store = FileVaultStore.open(folder())) {
                assertThat(store.list("acme", Optional.empty(), 100)).hasSize(written - 1);
            }
            assertThat(names()).containsExactly("lock", "nodes", "vault", "vault.previous");
        }
    }
}
