package io.sallyport.security.vault.tool;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.testing.Postgres;
import java.io.BufferedReader;
import java.io.File;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program in a JVM of its own, with nothing on its class path but the jar's dependencies: no logging back end among them. */
@Timeout(600)
class VaultToolProcessSweepTest {

    private static final String CANARY = "canary-7f3a91";

    @TempDir
    private Path folder;

    private record Ended(int code, String out, String err) {}

    private static String classPath() {
        return Arrays.stream(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .split(File.pathSeparator))
                .filter(entry -> !entry.contains("logback") && !entry.endsWith("test-classes"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private Process start(Path err, List<String> place, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-classpath",
                classPath(),
                VaultTool.class.getName()));
        command.addAll(List.of(words));
        command.addAll(place);
        command.addAll(List.of("--kek", folder.resolve("kek").toString()));
        return new ProcessBuilder(command).redirectError(err.toFile()).start();
    }

    private Ended run(String input, List<String> place, String... words) throws Exception {
        Path err = Files.createTempFile(folder, "err", "");
        Process process = start(err, place, words);
        try {
            try (OutputStream in = process.getOutputStream()) {
                in.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Ended(process.waitFor(), out, Files.readString(err));
        } finally {
            process.destroyForcibly();
        }
    }

    private List<String> inFolder() {
        return List.of("--dir", folder.resolve("vault").toString());
    }

    @Test
    void aSessionWithNothingButTheJarsSaysNothingButItsOwn() throws Exception {
        List<Ended> all = new ArrayList<>();
        all.add(run("", inFolder(), "init"));
        all.add(run(CANARY + "\n", inFolder(), "put", "acme/github"));
        all.add(run("", inFolder(), "list"));
        all.add(run("", inFolder(), "verify"));

        assertThat(all).extracting(Ended::code).containsOnly(0);
        assertThat(all).extracting(Ended::err).containsOnly("");
        assertThat(all.toString()).doesNotContain("canary");
        assertThat(run("", inFolder(), "get", "acme/github", "--reveal")).isEqualTo(new Ended(0, CANARY, ""));
    }

    @Test
    void theProcessEndsWithTheCode() throws Exception {
        assertThat(run("", inFolder(), "list").code()).isEqualTo(4);
        assertThat(run("", inFolder(), "init").code()).isZero();
        Ended again = run("", inFolder(), "init");
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).hasLineCount(1);
        assertThat(run("", inFolder(), "get", "x").code()).isEqualTo(2);
        assertThat(run("", List.of("--dir", folder + "/none"), "list").code()).isEqualTo(3);
    }

    private void aRotationThatWasKilledIsResumed(List<String> place) throws Exception {
        assertThat(run("", place, "init").code()).isZero();
        Path export = folder.resolve("many");
        int secrets = 12;
        try (ManySecrets many = ManySecrets.in(export, folder.resolve("many-kek"))) {
            many.put(secrets, CANARY);
        }
        String kek = folder.resolve("many-kek").toString();
        assertThat(run("", place, "import", "--from", export.toString(), "--from-kek", kek)
                        .code())
                .isZero();

        Process rotates = start(Files.createTempFile(folder, "err", ""), place, "rotate", "--rows-per-second", "1");
        try (BufferedReader out = rotates.inputReader()) {
            // One of them is under the new key by now, and it takes ten seconds more until all are.
            assertThat(out.readLine()).isEqualTo("acme: 1 of " + secrets);
        } finally {
            rotates.destroyForcibly();
        }
        assertThat(rotates.waitFor(60, TimeUnit.SECONDS)).isTrue();

        assertThat(run("", place, "rotate", "--dry-run").out()).contains("a rotation is under way");
        Ended resumed = run("", place, "rotate");
        assertThat(resumed.code()).as(resumed.toString()).isZero();
        assertThat(resumed.out()).contains("goes on with the rotation that was begun");
        assertThat(run("", place, "verify").out()).isEqualTo("acme: 12 of 12 rows open\n");
        assertThat(run("", place, "get", "acme/secret-7", "--reveal").out()).isEqualTo(CANARY + "-7");
        assertThat(run("", place, "rotate", "--dry-run").out()).contains("under a new key");
    }

    @Test
    void aRotationOfAFolderThatWasKilledIsResumed() throws Exception {
        aRotationThatWasKilledIsResumed(inFolder());
    }

    @Test
    void aRotationOfADatabaseThatWasKilledIsResumed() throws Exception {
        try (HikariDataSource database = Postgres.freshSchema("vault_tool_process", 1, "")) {
            aRotationThatWasKilledIsResumed(List.of("--jdbc", database.getJdbcUrl()));
        }
    }
}
