package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.Incident;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class StdioCommandTest {

    @TempDir
    Path folder;

    @Test
    void nothingOfTheEnvironmentIsThereUnlessItIsListed() {
        assertThat(StdioCommand.builder("npx").build().environmentNames()).isEmpty();
    }

    @Test
    void copiesNamedVariablesOfTheGateway() {
        Map<String, String> gateway = Map.of("PATH", "/bin", "HOME", "/home/me", "SECRET", "s3cret");

        // When
        StdioCommand command =
                StdioCommand.builder("npx").inherit(gateway, "PATH", "HOME").build();

        assertThat(command.revealEnvironment(SecretResolver.none(), "test"))
                .isEqualTo(Map.of("PATH", "/bin", "HOME", "/home/me"));
    }

    @Test
    @Incident("S39")
    void refusesToInheritWhatIsNotSet() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StdioCommand.builder("npx").inherit(Map.of(), "GITHUB_TOKEN"))
                .withMessage("GITHUB_TOKEN is not set in the environment of the gateway;"
                        + " set it there, give it a value here, or leave it out");
    }

    @Test
    @Incident("S38")
    void showsNamesOfVariablesAndNoSecret() {
        StdioCommand command = StdioCommand.builder("npx")
                .arguments("-y", "a server", "")
                .secretArgument("--token=s3cret")
                .environment("API_KEY", "s3cret")
                .environment("PATH", "/bin")
                .directory(Path.of("/srv"))
                .build();

        assertThat(command).hasToString("npx -y 'a server' '' *** (environment: API_KEY, PATH; directory: /srv)");
    }

    @Test
    void keepsControlCharactersOutOfItsText() {
        assertThat(StdioCommand.builder("a\nb").arguments("\u001B[31mred").build())
                .hasToString("ab red (environment: empty)");
    }

    @Test
    void refusesValuesThatNoProgramCanGet() {
        StdioCommand.Builder builder = StdioCommand.builder("x");

        assertThatIllegalArgumentException().isThrownBy(() -> StdioCommand.builder(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> StdioCommand.builder("a\0b"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.arguments("fine", "a\0b"))
                .withMessageContaining("argument 2")
                .withMessageNotContaining("a\0b");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.environment("A=B", "c"));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.environment("", "c"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.environment("KEY", "s3cret\0"))
                .withMessageNotContaining("s3cret");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.environment(ChildGuard.MARK_NAME, "x"));
        assertThatIllegalArgumentException().isThrownBy(() -> builder.directory(Path.of("here")));
    }

    @Test
    void isEqualToOneOfTheSameValues() {
        StdioCommand one =
                StdioCommand.builder("x").arguments("a").environment("K", "v").build();

        assertThat(one)
                .isEqualTo(StdioCommand.builder("x")
                        .arguments("a")
                        .environment("K", "v")
                        .build())
                .isNotEqualTo(StdioCommand.builder("x")
                        .arguments("a")
                        .environment("K", "w")
                        .build());
    }

    @Test
    @Incident("S37")
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void saysOnWhichPathACommandWasNotFound() {
        assertThat(withPath("uvx", folder + ":/nowhere").problem())
                .hasValue(
                        "command `uvx` not found on PATH=" + folder + ":/nowhere; install it or use an absolute path");
    }

    @Test
    @Incident("S37")
    void saysThatTheChildGetsNoPath() {
        assertThat(StdioCommand.builder("uvx").build().problem())
                .hasValue("command `uvx` cannot be looked up, because the child gets no PATH;"
                        + " list PATH in its environment or use an absolute path");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void takesTheFirstExecutableOnThePathOfTheChild() throws IOException {
        Path first = Files.createDirectory(folder.resolve("first"));
        Path second = Files.createDirectory(folder.resolve("second"));
        program(first.resolve("tool"), "rw-r--r--");
        Path right = program(second.resolve("tool"), "rwxr-xr-x");

        assertThat(withPath("tool", first + ":" + second).resolve()).isEqualTo(right);
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void ignoresEntriesOfThePathThatDependOnTheWorkingDirectory() throws IOException {
        program(folder.resolve("tool"), "rwxr-xr-x");

        StdioCommand command = StdioCommand.builder("tool")
                .environment("PATH", ":.:")
                .directory(folder)
                .build();

        assertThat(command.problem())
                .hasValueSatisfying(text -> assertThat(text).startsWith("command `tool` not found on PATH=:.:"));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @Incident("S191")
    void saysWhatIsWrongWithAFile() throws IOException {
        Path notExecutable = program(folder.resolve("tool"), "rw-r--r--");

        assertThat(problemOf(notExecutable.toString())).contains("is not executable", "chmod +x");
        assertThat(problemOf(folder.toString())).contains("is a directory");
        assertThat(problemOf(folder + "/none")).contains("does not exist; install it or correct the path");
        assertThat(withPath("tool", folder.toString()).problem())
                .hasValueSatisfying(text -> assertThat(text).contains("is not executable"));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aRelativePathStartsFromTheWorkingDirectory() throws IOException {
        Path program = program(folder.resolve("tool"), "rwxr-xr-x");

        StdioCommand command = StdioCommand.builder("./tool").directory(folder).build();

        assertThat(command.resolve()).isEqualTo(program);
    }

    @Test
    @Incident("S38")
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void hintsAtACommandLineInThePlaceOfTheProgram() {
        assertThat(withPath("npx -y server", "/bin").problem())
                .hasValueSatisfying(
                        text -> assertThat(text).contains("if `npx` is the program, give the rest as arguments"));
    }

    @Test
    @Incident("S191")
    void saysThatTheWorkingDirectoryIsMissing() {
        StdioCommand command = StdioCommand.builder("x")
                .directory(folder.resolve("gone").toAbsolutePath())
                .build();

        assertThat(command.problem())
                .hasValueSatisfying(
                        text -> assertThat(text).contains("working directory", "gone", "does not exist; create it"));
    }

    private static StdioCommand withPath(String executable, String path) {
        return StdioCommand.builder(executable).environment("PATH", path).build();
    }

    private static String problemOf(String executable) {
        return StdioCommand.builder(executable).build().problem().orElseThrow();
    }

    private static Path program(Path file, String permissions) throws IOException {
        Files.writeString(file, "#!/bin/sh\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }
}
