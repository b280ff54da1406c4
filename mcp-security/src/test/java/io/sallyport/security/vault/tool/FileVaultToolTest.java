package io.sallyport.security.vault.tool;

import io.sallyport.security.vault.FileVaultStore;
import io.sallyport.security.vault.VaultStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class FileVaultToolTest extends VaultToolContract {

    private final ToolRuns tool = new ToolRuns();

    @Override
    List<String> place() {
        return List.of("--dir", where().toString());
    }

    private Path where() {
        return folder.resolve("vault");
    }

    @Override
    VaultStore open() {
        return FileVaultStore.open(where());
    }

    private ToolRuns.Run run(String command, Path key) {
        return tool.run("", place(), command, "--kek", key.toString());
    }

    @Test
    void aKeyIsNotMadeWhereTheVaultIs() {
        run("init", where().resolve("kek")).failsWith(ExitCode.USAGE, "in the folder of the vault", "another place");
    }

    @Test
    void aDamagedVaultIsSaidSo() throws Exception {
        Path key = folder.resolve("kek");
        run("init", key).endsWith(ExitCode.DONE);
        Files.writeString(where().resolve("vault"), "something else");

        run("list", key).failsWith(ExitCode.STORE, "cannot be used", "backup");
        run("init", key).failsWith(ExitCode.FOUND, "there is a vault");
    }

    @Test
    void aFolderThatCannotBeMadeIsSaidSo() {
        tool.run("", List.of("--dir", folder.resolve("a/b").toString()), "init", "--kek", folder + "/kek")
                .failsWith(ExitCode.STORE, "cannot be made", "make that");
    }
}
