package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sallyport.spi.RedactingStream;
import io.sallyport.spi.Redactor;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.stdio.ChildExit.Cause;
import io.sallyport.upstream.stdio.LineQueue.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** How one talks with a child, and what is heard of it. */
@EnabledOnOs(OS.LINUX)
class ChildProcessTest {

    private static final Duration BOUND = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private final ChildGuard guard = new ChildGuard();
    private final Recorder recorder = new Recorder();

    @AfterEach
    void closeGuard() {
        assertThat(guard.close(BOUND)).isTrue();
    }

    @Test
    void linesGoInAndComeOutInOrder() throws Exception {
        ChildProcess child = start("while read -r line; do echo \"got $line\"; done");

        for (int i = 1; i <= 100; i++) {
            byte[] line = bytes("line " + i);
            assertThat(i % 2 == 0 ? child.send(line) : child.send(ByteBuffer.wrap(line)))
                    .isEqualTo(new LineQueue.Sent(Status.ACCEPTED, i));
        }

        for (int i = 1; i <= 100; i++) {
            assertThat(recorder.nextLine()).isEqualTo("got line " + i);
        }
        assertThat(child.close(BOUND)).isTrue();
        ChildExit exit = recorder.awaitExit();
        assertThat(exit.cause()).isEqualTo(Cause.CLOSED);
        assertThat(exit.exitCode())
                .as("ended by the end of its input, not by a signal")
                .isZero();
        assertThat(exit.linesWritten()).isEqualTo(100);
    }

    @Test
    void theEnvironmentHoldsOnlyWhatWasListedAndTheMark() throws Exception {
        StdioCommand command = StdioCommand.builder("/bin/sh")
                .arguments("-c", "echo ready; read -r line")
                .environment("LISTED", "a b=c")
                .build();
        ChildProcess child = Children.start(guard, command, recorder);
        recorder.nextLine();

        List<String> environment = Children.environmentOf(child.pid());

        assertThat(environment)
                .hasSize(2)
                .contains("LISTED=a b=c")
                .anySatisfy(variable -> assertThat(variable)
                        .matches("SALLYPORT_OWNER=[0-9a-f]{32}\\.[0-9a-f]{16}")
                        .contains(guard.ownerMark()));
    }

    @Test
    void argumentsArriveAsTheyAreForNoShellReadsThem() throws Exception {
        StdioCommand command =
                Children.sh("for a; do printf '%s\\n' \"<$a>\"; done", "$HOME", "a b", "", "; exit 7", "*");

        Children.start(guard, command, recorder);

        assertThat(recorder.awaitExit().exitCode()).isZero();
        assertThat(recorder.all).containsExactly("<$HOME>", "<a b>", "<>", "<; exit 7>", "<*>");
    }

    @Test
    void startsInTheWorkingDirectory() throws Exception {
        Path real = folder.toRealPath();
        StdioCommand command = StdioCommand.builder("/bin/sh")
                .arguments("-c", "pwd")
                .directory(real)
                .build();

        Children.start(guard, command, recorder);

        assertThat(recorder.nextLine()).isEqualTo(real.toString());
    }

    @Test
    @Incident("S38")
    @Incident("S41")
    void aChildThatEndsAtOnceIsReportedWithItsCodeAndItsLastWords() throws Exception {
        start("echo 'no such option: --prot' >&2; echo last; exit 3");

        ChildExit exit = recorder.awaitExit();

        assertThat(exit.cause()).isEqualTo(Cause.ENDED);
        assertThat(exit.exitCode()).isEqualTo(3);
        assertThat(exit.signal()).isEmpty();
        assertThat(exit.stderrTail()).containsExactly("no such option: --prot");
        assertThat(exit.command()).startsWith("/bin/sh -c ").endsWith("(environment: PATH)");
        assertThat(exit.runTime()).isPositive();
        assertThat(exit.treeGone()).isTrue();
        assertThat(exit.summary()).startsWith("the process ended after ").contains("exit code 3; command: /bin/sh");
        assertThat(recorder.all).containsExactly("last");
        assertThat(recorder.stderr).containsExactly("no such option: --prot");
    }

    @Test
    void aChildThatASignalEndsIsReportedWithTheSignal() throws Exception {
        start("kill -9 $$");

        ChildExit exit = recorder.awaitExit();

        assertThat(exit.signal()).hasValue(9);
        assertThat(exit.summary()).contains("exit code 137 (SIGKILL); if nobody killed it");
    }

    @Test
    @Incident("S37")
    @Incident("S191")
    void whatCannotBeStartedIsRefusedWithAReasonAndARemedy() throws IOException {
        Path notExecutable = Files.writeString(folder.resolve("tool"), "");

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Children.start(guard, command("/nowhere/tool"), recorder))
                .withMessageContaining("/nowhere/tool does not exist");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Children.start(guard, command(notExecutable.toString()), recorder))
                .withMessageContaining("not executable");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> Children.start(guard, command(folder.toString()), recorder))
                .withMessageContaining("is a directory");
        assertThat(recorder.hasExited()).isFalse();
    }

    @Test
    @Incident("S38")
    void aProgramWhoseInterpreterIsMissingEndsWithAReason() throws Exception {
        Path script = Files.writeString(folder.resolve("tool"), "#!/nowhere/python\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();

        Children.start(guard, command(script.toString()), recorder);

        ChildExit exit = recorder.awaitExit();
        assertThat(exit.exitCode()).isIn(126, 127);
        assertThat(exit.stderrTail()).singleElement().asString().contains(script.toString(), "No such file");
    }

    @Test
    void junkCrlfAndAnUnfinishedLastLineArriveAsTheyAre() throws Exception {
        start("printf 'Listening on stdio\\n\\n{\"a\":1}\\r\\n\\377\\376\\n{\"b\":2}'");

        recorder.awaitExit();

        assertThat(recorder.all).containsExactly("Listening on stdio", "{\"a\":1}", "\uFFFD\uFFFD", "{\"b\":2}");
    }

    @Test
    void everyLineOfABurstBeforeTheEndIsHeard() throws Exception {
        start("i=0; while [ $i -lt 3000 ]; do echo \"line $i\"; i=$((i+1)); done");

        recorder.awaitExit();

        assertThat(recorder.all)
                .isEqualTo(IntStream.range(0, 3000).mapToObj(i -> "line " + i).toList());
    }

    @Test
    void aLineBeyondTheLimitEndsTheChild() throws Exception {
        ChildLimits limits = ChildLimits.defaults().withMaxLineBytes(100);
        String script =
                "printf '%0100d\\n' 1; printf '%0101d\\n' 2; echo after; trap '' TERM; while :; do sleep 5; done";
        Children.start(guard, Children.sh(script), limits.withGraces(BOUND, Duration.ofMillis(50)), recorder);

        ChildExit exit = recorder.awaitExit();

        assertThat(exit.cause()).isEqualTo(Cause.LINE_TOO_LONG);
        assertThat(exit.summary()).contains("a line longer than allowed");
        assertThat(recorder.all).containsExactly("0".repeat(99) + "1");
    }

    @Test
    void aLineWithoutAnEndIsNotCollectedForEver() throws Exception {
        Children.start(guard, Children.java(Flood.class, "out", "100000000", "1000000000"), recorder);

        assertThat(recorder.awaitExit().cause()).isEqualTo(Cause.LINE_TOO_LONG);
        assertThat(recorder.all).isEmpty();
    }

    @Test
    void aFloodOfErrorsDoesNotStopTheChild() throws Exception {
        Children.start(guard, Children.java(Flood.class, "err", "100000000", "5000"), recorder);

        assertThat(recorder.nextLine()).isEqualTo("wrote 100000000");
        ChildExit exit = recorder.awaitExit();

        assertThat(exit.exitCode()).isZero();
        assertThat(exit.stderrTail()).hasSize(50).allMatch(line -> line.endsWith(StderrTail.CUT));
        assertThat(recorder.stderr).hasSize(100_000_000 / 5000);
    }

    @Test
    void aChildThatDoesNotReadBlocksNobody() throws Exception {
        ChildLimits limits = ChildLimits.defaults()
                .withQueue(1000, 500_000)
                .withGraces(Duration.ofMillis(50), Duration.ofMillis(50));
        ChildProcess deaf = Children.start(guard, Children.sh("while :; do sleep 5; done"), limits, recorder);
        Recorder other = new Recorder();
        ChildProcess reading = Children.start(guard, Children.sh("read -r line; echo \"got $line\""), other);
        byte[] line = bytes("x".repeat(10_000));

        // A pipe and a queue take no more than this.
        assertThat(IntStream.range(0, 100).mapToObj(i -> deaf.send(line).status()))
                .contains(Status.ACCEPTED)
                .endsWith(Status.FULL);

        assertThat(deaf.send(new byte[500_001]).status()).isEqualTo(Status.TOO_LONG);
        reading.send(bytes("hello"));
        assertThat(other.nextLine()).isEqualTo("got hello");
        assertThat(deaf.close(BOUND)).as("closed although its input is full").isTrue();
        assertThat(recorder.awaitExit().linesWritten()).isLessThan(50);
        assertThat(deaf.send(line).status()).isEqualTo(Status.CLOSED);
    }

    @Test
    void aListenerThatIsSlowSlowsItsOwnChildOnly() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        Recorder slow = new Recorder() {
            @Override
            public void onLine(byte[] line) {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                super.onLine(line);
            }
        };
        Children.start(guard, Children.sh("echo one; echo two"), slow);
        start("echo three");

        assertThat(recorder.awaitExit().exitCode()).isZero();
        assertThat(slow.hasExited()).as("the end comes after the last line").isFalse();
        go.countDown();
        slow.awaitExit();
        assertThat(slow.all).containsExactly("one", "two");
    }

    @Test
    void aListenerThatFailsLosesNothingButItsLine() throws Exception {
        Recorder failing = new Recorder() {
            @Override
            public void onLine(byte[] line) {
                super.onLine(line);
                if (all.size() == 1) {
                    throw new IllegalStateException();
                }
            }
        };
        try (CapturedLog log = CapturedLog.of(ChildProcess.class)) {
            Children.start(guard, Children.sh("echo one; echo two"), failing);

            failing.awaitExit();

            assertThat(failing.all).containsExactly("one", "two");
            assertThat(log.messages()).containsExactly("a listener of a child process failed");
        }
    }

    @Test
    void aChildThatClosesItsOutputAndRunsOnIsEnded() throws Exception {
        ChildLimits limits = ChildLimits.defaults().withGraces(Duration.ofMillis(50), Duration.ofMillis(50));
        Children.start(guard, Children.sh("exec >&-; while :; do sleep 5; done"), limits, recorder);

        assertThat(recorder.awaitExit().cause()).isEqualTo(Cause.OUTPUT_CLOSED);
    }

    @Test
    void aChildThatClosesItsInputAndRunsOnIsEnded() throws Exception {
        ChildLimits limits = ChildLimits.defaults().withGraces(Duration.ofMillis(50), Duration.ofMillis(50));
        ChildProcess child =
                Children.start(guard, Children.sh("exec <&-; echo ready; while :; do sleep 5; done"), limits, recorder);
        recorder.nextLine();

        child.send(bytes("hello"));

        assertThat(recorder.awaitExit().cause()).isEqualTo(Cause.INPUT_CLOSED);
    }

    @Test
    void whatIsWrittenToStandardErrorCanBeReadAtAnyTime() throws Exception {
        ChildProcess child = start("printf 'token s3cret\\nPassword: ' >&2; echo ready; read -r line");
        recorder.nextLine();

        Eventually.until("both are there", () -> child.stderrTail().equals(List.of("token s3cret", "Password: ")));
    }

    @Test
    void whatIsWrittenToStandardErrorIsRedacted() throws Exception {
        ChildProcess child = startRedacted(
                "printf 'token s3cret\\n' >&2; echo ready; read -r line", line -> line.replace("s3cret", "***"));
        recorder.nextLine();

        Eventually.until("it is there", () -> child.stderrTail().equals(List.of("token ***")));
    }

    @Test
    void whatIsWrittenToStandardErrorIsWithheldIfTheRedactorFails() throws Exception {
        ChildProcess child = startRedacted("printf 'token s3cret\\n' >&2; echo ready; read -r line", line -> {
            throw new IllegalStateException("broken");
        });
        recorder.nextLine();

        Eventually.until("it is told", () -> child.stderrTail().equals(List.of(StderrTail.WITHHELD)));
    }

    @Test
    void whatIsWrittenToStandardErrorIsWithheldIfTheStreamOfTheRedactorFails() throws Exception {
        Redactor broken = new Redactor() {
            @Override
            public String redact(String text) {
                return text;
            }

            @Override
            public RedactingStream stream() {
                throw new IllegalStateException("broken");
            }
        };
        ChildProcess child = startRedacted("printf 'token s3cret\\n' >&2; echo ready; read -r line", broken);
        recorder.nextLine();

        Eventually.until("it is told", () -> child.stderrTail().equals(List.of(StderrTail.WITHHELD)));
    }

    private ChildProcess startRedacted(String script, Redactor redactor) throws IOException {
        return Children.start(guard, Children.sh(script), ChildLimits.defaults(), redactor, recorder);
    }

    private ChildProcess start(String script) throws IOException {
        return Children.start(guard, Children.sh(script), recorder);
    }

    private static StdioCommand command(String executable) {
        return StdioCommand.builder(executable).build();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A child that writes more than anybody wants. */
    static final class Flood {

        private Flood() {}

        /** Takes {@code out} or {@code err}, how many bytes, and the length of a line. */
        public static void main(String[] args) {
            long total = Long.parseLong(args[1]);
            long lineLength = Long.parseLong(args[2]);
            byte[] chunk = new byte[5000];
            Arrays.fill(chunk, (byte) 'x');
            for (long written = 0; written < total; written += chunk.length) {
                boolean ends = (written + chunk.length) % lineLength == 0;
                chunk[chunk.length - 1] = (byte) (ends ? '\n' : 'x');
                (args[0].equals("out") ? System.out : System.err).write(chunk, 0, chunk.length);
            }
            System.err.flush();
            System.out.println("wrote " + total);
        }
    }
}
