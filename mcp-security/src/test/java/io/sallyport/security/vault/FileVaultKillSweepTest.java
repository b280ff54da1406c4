package io.sallyport.security.vault;

import io.sallyport.security.vault.VaultFiles.Step;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** With the vault in a folder. */
class FileVaultKillSweepTest extends VaultKillSweep {

    /** More than a rotation has. */
    private static final int COMMITS = 6;

    @TempDir
    Path folder;

    FileVaultKillSweepTest() {
        super(FileVaultStores.class);
    }

    @Override
    String newPlace() {
        return folder.resolve("vault").toString();
    }

    @Override
    List<String> pointsWithin() {
        if (!FULL) {
            return List.of("step:TEMPORARY_HALF_WRITTEN:3");
        }
        return Stream.of(Step.values())
                .flatMap(step -> IntStream.rangeClosed(1, COMMITS).mapToObj(i -> "step:" + step + ":" + i))
                .toList();
    }
}
