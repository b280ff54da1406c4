package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramsTest {

    @TempDir
    private Path folder;

    private Path program(String name, byte... content) throws Exception {
        Path file = Files.write(folder.resolve(name), content);
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    private Programs programs(String path) {
        return new Programs(folder, path, false);
    }

    @Test
    void areNotWhatOnlyLooksForThem() throws Exception {
        Path shims = Files.createDirectory(folder.resolve("shims"));
        Path shim = Files.writeString(shims.resolve("python3"), "#!/bin/sh\n");
        assertThat(shim.toFile().setExecutable(true)).isTrue();
        Path real = program("python3", (byte) 0x7f, (byte) 'E', (byte) 'L', (byte) 'F');

        assertThat(programs(shims + ":" + folder).find("python3")).isEqualTo(real.toRealPath());
    }

    @Test
    void areNotThoseThatNobodyElseMayRun() throws Exception {
        Path home = Files.createDirectory(folder.resolve("home"));
        Path mine = Files.write(home.resolve("python3"), new byte[] {0x7f, 'E', 'L', 'F'});
        Files.setPosixFilePermissions(mine, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));

        assertThatThrownBy(() -> new Programs(folder, home.toString(), true).find("python3"))
                .isInstanceOf(MissingException.class)
                .hasMessage("there is no program python3 that everybody may run");
        assertThat(programs(home.toString()).find("python3")).isEqualTo(mine.toRealPath());
    }

    @Test
    void areFoundUnderAnyOfTheirNames() throws Exception {
        Path real = program("nodejs", (byte) 0x7f, (byte) 'E', (byte) 'L', (byte) 'F');

        assertThat(programs(folder.toString()).find("node", "nodejs")).isEqualTo(real.toRealPath());
    }

    @Test
    void areNotLookedForWhereTheGatewayWasStarted() {
        assertThatThrownBy(() -> programs(":.:relative").find("sh"))
                .isInstanceOf(MissingException.class)
                .hasMessage("there is no program sh");
    }

    @Test
    void sayWhatTheyLoad() throws Exception {
        Programs programs = programs("/usr/bin:/bin");

        assertThat(programs.libraries(List.of(programs.find("sh"))))
                .anyMatch(library -> library.getFileName().toString().startsWith("libc.so"))
                .allMatch(Files::exists);
    }

    @Test
    void thatFailAreNotBelieved() {
        assertThatThrownBy(() -> programs("/bin").output(List.of("/bin/sh", "-c", "echo oh; exit 1")))
                .isInstanceOf(MissingException.class)
                .hasMessage("/bin/sh fails: oh");
    }
}
