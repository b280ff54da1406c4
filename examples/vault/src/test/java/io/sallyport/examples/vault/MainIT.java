package io.sallyport.examples.vault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program in a JVM of its own. */
@Timeout(600)
class MainIT {

    @TempDir
    private Path folder;

    private record Ended(int code, String out, String err) {}

    private Ended run(String input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        Path err = Files.createTempFile(folder, "err", "");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(err.toFile())
                .start();
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

    /** The session of the page, in a database: a folder is what the tests of the program itself have. */
    private String[] words(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--jdbc", "jdbc:h2:file:" + folder.resolve("secrets"), "--kek", "kek"));
        return all.toArray(String[]::new);
    }

    @Test
    void keepsSecretsInADatabaseWhoseDriverItBrings() throws Exception {
        assertThat(run("", words("init")).code()).isZero();
        Ended put = run(
                "canary-7f3a91\n",
                words("put", "acme/github", "--upstream", "github", "--host", "api.example", "--position", "header"));
        Ended rotate = run("", words("rotate"));
        Ended inventory = run("", words("inventory"));

        assertThat(List.of(put, rotate, inventory)).allSatisfy(ended -> {
            assertThat(ended.code()).as(ended.toString()).isZero();
            assertThat(ended.err()).isEmpty();
            assertThat(ended.out()).contains("acme").doesNotContain("canary");
        });
        assertThat(run("", words("get", "acme/github", "--reveal"))).isEqualTo(new Ended(0, "canary-7f3a91", ""));
    }

    @Test
    void refusesWhatItDoesNotUnderstand() throws Exception {
        Ended ended = run("", "remove", "acme/github");

        assertThat(ended.code()).isEqualTo(2);
        assertThat(ended.err()).hasLineCount(1).contains("\"remove\"");
    }
}
