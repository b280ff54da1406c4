package io.sallyport.security.vault.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.security.vault.JdbcVaultStore;
import io.sallyport.security.vault.VaultStore;
import io.sallyport.testing.Postgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PostgresVaultToolSweepTest extends VaultToolContract {

    private final HikariDataSource database = Postgres.freshSchema("vault_tool", 4, "");
    private final ToolRuns tool = new ToolRuns();

    @AfterEach
    void close() {
        database.close();
    }

    @Override
    List<String> place() {
        return List.of("--jdbc", database.getJdbcUrl());
    }

    @Override
    VaultStore open() {
        return JdbcVaultStore.on(database).build();
    }

    private ToolRuns.Run list(String url, String... more) {
        return tool.run("", List.of("--jdbc", url, "--kek", "kek"), ToolRuns.with(new String[] {"list"}, more));
    }

    @Test
    void aDatabaseThatCannotBeReachedIsSaidSo() {
        ToolRuns.Run run = tool.run(
                "",
                List.of("--jdbc", "jdbc:postgresql://127.0.0.1:1/none?user=hidden", "--kek", folder + "/kek"),
                "init");

        run.failsWith(ExitCode.STORE, "no connection to the database");
        assertThat(run.err()).doesNotContain("hidden");
    }

    @Test
    void aDatabaseThatNoDriverKnowsIsSaidSo() {
        list("jdbc:oracle:thin:@x").failsWith(ExitCode.STORE, "jdbc:oracle", "class path");
    }

    @Test
    void aPasswordInTheAddressIsRefusedAndNotShown() {
        for (String url : List.of("jdbc:postgresql://h/d?user=u&password=canary", "jdbc:postgresql://u:canary@h/d")) {
            ToolRuns.Run run = list(url);

            run.failsWith(ExitCode.USAGE, "SALLYPORT_JDBC_PASSWORD", "--login");
            assertThat(run.err()).doesNotContain("canary");
        }
    }

    @Test
    void theLoginIsReadFromAFileOfItsOwnersAlone() throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + Postgres.port() + "/postgres?currentSchema=vault_tool";
        Path login = Files.writeString(folder.resolve("login"), "user=postgres\npassword=canary\n");
        Files.setPosixFilePermissions(login, PosixFilePermissions.fromString("rw-r--r--"));
        List<String> place = List.of("--jdbc", url, "--kek", folder + "/kek", "--login", login.toString());
        tool.run("", place, "init").failsWith(ExitCode.STORE, "chmod 600");
        Files.setPosixFilePermissions(login, PosixFilePermissions.fromString("rw-------"));

        tool.run("", place, "init").endsWith(ExitCode.DONE);
    }

    @Test
    void theLoginIsReadFromTheEnvironment() {
        String url = "jdbc:postgresql://127.0.0.1:" + Postgres.port() + "/postgres?currentSchema=vault_tool";
        tool.environment.put("SALLYPORT_JDBC_USER", "postgres");
        tool.environment.put("SALLYPORT_JDBC_PASSWORD", "any");

        tool.run("", List.of("--jdbc", url, "--kek", folder + "/kek"), "init").endsWith(ExitCode.DONE);
    }
}
