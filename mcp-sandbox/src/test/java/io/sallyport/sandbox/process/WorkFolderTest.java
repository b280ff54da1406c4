package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Waiting;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {

    private static final Instant SOON = Instant.now().plus(Duration.ofHours(1));

    @TempDir
    private Path parent;

    /** Makes a folder, says so, and waits to be killed. */
    static final class Gateway {

        private Gateway() {}

        public static void main(String[] arguments) throws Exception {
            System.out.println(WorkFolder.make(Path.of(arguments[0])).path());
            TimeUnit.MINUTES.sleep(1);
        }
    }

    private Process gateway() throws Exception {
        Process gateway = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Gateway.class.getName(),
                        parent.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(gateway.inputReader().readLine())
                .startsWith(parent.toRealPath().toString());
        return gateway;
    }

    @Test
    void whatAGatewayHasLeftThatWasKilledIsClearedUp() throws Exception {
        gateway().destroyForcibly().waitFor();
        Path left = left();
        Path pipe = Files.createFile(left.resolve("1-stdout"));
        Process waits = new ProcessBuilder("/bin/sleep", "60")
                .redirectOutput(new File(pipe.toString()))
                .start();
        try {
            WorkFolder.clearUp(parent, SOON);

            assertThat(left).doesNotExist();
            Waiting.until("what was about to be started is gone", () -> waits.isAlive() ? null : true);
        } finally {
            waits.destroyForcibly();
        }
    }

    @Test
    void whatAGatewayHasThatLivesIsLeftAlone() throws Exception {
        Process gateway = gateway();
        try {
            WorkFolder.clearUp(parent, SOON);

            assertThat(left()).isDirectory();
        } finally {
            gateway.destroyForcibly().waitFor();
        }
    }

    @Test
    void whatIsOurOwnIsLeftAloneAndStaysLocked() throws Exception {
        try (WorkFolder own = WorkFolder.make(parent)) {
            WorkFolder.clearUp(parent, SOON);

            assertThat(own.path()).isDirectory();
        }
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void whatIsNewIsLeftAloneSinceItMayNotBeLockedYet() throws Exception {
        Path made = Files.createDirectory(parent.resolve("sallyport-sandbox-1-1-x"));

        WorkFolder.clearUp(parent, Instant.now().minusSeconds(60));

        assertThat(made).isDirectory();
    }

    @Test
    void aLinkIsLeftAlone() throws Exception {
        Path target = Files.createDirectory(parent.resolve("mine"));
        Path link = Files.createSymbolicLink(parent.resolve("sallyport-sandbox-1-1-x"), target);

        WorkFolder.clearUp(parent, SOON);

        assertThat(link).isSymbolicLink();
        assertThat(target).isEmptyDirectory();
    }

    private Path left() throws Exception {
        try (var all = Files.list(parent)) {
            return all.findFirst().orElseThrow();
        }
    }
}
