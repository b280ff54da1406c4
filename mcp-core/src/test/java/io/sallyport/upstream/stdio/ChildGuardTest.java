package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of children when their gateway goes. */
@EnabledOnOs(OS.LINUX)
class ChildGuardTest {

    private static final Duration BOUND = Duration.ofSeconds(10);
    private static final int CHILDREN = 20;

    @Test
    @Incident("S204")
    @Incident("S205")
    @Incident("X5")
    void aKilledGatewayLeavesNoProcess() throws Exception {
        ChildGuard neighbour = new ChildGuard();
        Recorder heard = new Recorder();
        ChildLimits hasty = ChildLimits.defaults().withGraces(Duration.ofMillis(30), Duration.ofMillis(30));
        ChildProcess bystander = Children.start(neighbour, Children.sh(Children.STUBBORN), hasty, heard);
        heard.nextLine();
        try (Gateway gateway = Gateway.start("stubborn", CHILDREN)) {
            // Each child, its grandchild, and the sleep of that.
            Eventually.until("all run", () -> gateway.marked().size() >= 3 * CHILDREN);
            List<Long> before = gateway.marked();

            // When
            long killed = System.nanoTime();
            gateway.kill();

            Eventually.until("none is left", BOUND, () -> gateway.marked().isEmpty());
            long tookMillis = Duration.ofNanos(System.nanoTime() - killed).toMillis();
            Eventually.until("the watchdog is gone", BOUND, () -> !Children.runs(gateway.watchdog));
            assertThat(before).noneMatch(Children::runs);
            assertThat(bystander.isAlive()).as("another gateway's child").isTrue();
            System.out.printf(
                    "killed gateway: %d processes of %d children gone after %d ms%n",
                    before.size(), CHILDREN, tookMillis);
        } finally {
            assertThat(bystander.close(BOUND)).isTrue();
            assertThat(neighbour.close(BOUND)).isTrue();
        }
    }

    @Test
    @Incident("S204")
    void aGatewayThatIsKilledWhileItStartsChildrenLeavesNoProcess() throws Exception {
        try (Gateway gateway = Gateway.start("endless", 0)) {
            Eventually.until("it is in the midst of it", () -> gateway.marked().size() >= 10);

            // When
            gateway.kill();

            Eventually.until("the watchdog is done", BOUND, () -> !Children.runs(gateway.watchdog));
            assertThat(gateway.marked()).isEmpty();
        }
    }

    @Test
    void aGatewayThatEndsWithoutClosingLeavesNoProcess() throws Exception {
        try (Gateway gateway = Gateway.start("stubborn", 2)) {
            Eventually.until("all run", () -> gateway.marked().size() >= 6);

            // When
            gateway.process.toHandle().destroy();

            Eventually.until("none is left", BOUND, () -> gateway.marked().isEmpty());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cleared", "overwritten"})
    void theWatchdogFindsThoseWithoutAMarkBySessionAndParent(String how) throws Exception {
        try (Gateway gateway = Gateway.start(how, 1)) {
            List<Long> pids = gateway.pids;
            assertThat(pids).isNotEmpty().allMatch(Children::runs);

            // When
            gateway.kill();

            Eventually.until("none is left", BOUND, () -> pids.stream().noneMatch(Children::runs));
        }
    }

    @Test
    void aWatchdogWithoutGrepReadsForItself(@TempDir Path folder) throws Exception {
        Path sleep = ProgramLookup.find("sleep", ChildGuard.searchPath(), null)
                .program()
                .orElseThrow();
        script(folder.resolve("sleep"), "exec " + sleep + " \"$@\"");
        Path shell = script(folder.resolve("sh"), "PATH=" + folder + "; export PATH; exec /bin/sh \"$@\"");
        try (Gateway gateway = Gateway.start("stubborn", 1, shell.toString())) {
            Eventually.until("all run", () -> gateway.marked().size() >= 3);

            // When
            gateway.kill();

            Eventually.until("none is left", BOUND, () -> gateway.marked().isEmpty());
            Eventually.until("the watchdog needs the shell no more", BOUND, () -> !Children.runs(gateway.watchdog));
        }
    }

    @Test
    void theWatchdogHoldsNothingOfTheGatewayOpen() throws Exception {
        try (Gateway gateway = Gateway.start("stubborn", 1)) {
            assertThat(Children.descriptorsOf(gateway.process.pid())).anyMatch(name -> name.startsWith("socket:"));

            assertThat(Children.descriptorsOf(gateway.watchdog))
                    .hasSize(3)
                    .allMatch(name -> name.startsWith("pipe:") || name.equals("/dev/null"));
            assertThat(Files.readSymbolicLink(Path.of("/proc/" + gateway.watchdog + "/cwd")))
                    .isEqualTo(Path.of("/"));
            assertThat(Children.environmentOf(gateway.watchdog)).hasSize(2);
        }
    }

    @Test
    void theWatchdogEndsWithTheGuard() throws Exception {
        ChildGuard guard = new ChildGuard();
        assertThat(guard.watchdogPid()).as("none before the first child").isEmpty();
        Recorder recorder = new Recorder();
        ChildProcess child = Children.start(guard, Children.sh("read -r line"), recorder);
        long watchdog = guard.watchdogPid().orElseThrow();
        assertThat(child.close(BOUND)).isTrue();

        assertThat(guard.close(BOUND)).isTrue();

        assertThat(Children.runs(watchdog)).isFalse();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals("sallyport-child-guard"));
    }

    @Test
    void aWatchdogThatWasKilledIsReplacedAndToldOfTheChildren() throws Exception {
        try (Gateway gateway = Gateway.start("overwritten", 1)) {
            // When
            ProcessHandle.of(gateway.watchdog).orElseThrow().destroyForcibly();

            gateway.awaitWatchdog(gateway.watchdog);
            gateway.kill();
            Eventually.until("none is left", BOUND, () -> gateway.pids.stream().noneMatch(Children::runs));
        }
    }

    @Test
    void aWatchdogThatWasStoppedHoldsNobodyUp() throws Exception {
        ChildGuard guard = new ChildGuard();
        Recorder first = new Recorder();
        Children.start(guard, Children.sh("exit 0"), first);
        first.awaitExit();
        long watchdog = guard.watchdogPid().orElseThrow();
        Recorder stopper = new Recorder();
        Children.start(guard, Children.sh("kill -STOP " + watchdog), stopper);
        stopper.awaitExit();
        Eventually.until("it is stopped", () -> Children.stateOf(watchdog) == 'T');

        assertThat(guard.close(Duration.ofSeconds(1))).isTrue();

        Eventually.until("it is gone", () -> !Children.runs(watchdog));
    }

    @Test
    void withoutAShellOrSetsidChildrenStillEndOnClose() throws Exception {
        ChildGuard bare = new ChildGuard(
                new ChildGuard.Means(ProcessTable.ofThisSystem(), Optional.empty(), Optional.empty(), ""));
        try (CapturedLog log = CapturedLog.of(ChildGuard.class)) {
            Recorder recorder = new Recorder();
            ChildProcess child =
                    Children.start(bare, Children.sh(Children.STUBBORN_GRANDCHILD + Children.STUBBORN), recorder);
            recorder.nextLine();
            Eventually.until("all run", () -> Children.marked(bare.ownerMark()).size() >= 3);
            assertThat(bare.watchdogPid()).isEmpty();

            // When
            assertThat(child.close(Duration.ofSeconds(4))).isTrue();

            assertThat(Children.marked(bare.ownerMark())).isEmpty();
            assertThat(log.messages()).singleElement().asString().startsWith("no shell was found");
        } finally {
            assertThat(bare.close(BOUND)).isTrue();
        }
    }

    @Test
    void aGatewayUnderAGatewayPassesTheOuterMarkOn() throws Exception {
        ChildGuard.Means here = ChildGuard.Means.ofThisSystem();
        ChildGuard inner = new ChildGuard(
                new ChildGuard.Means(here.table(), here.shell(), here.setsid(), "0a1b.0000000000000001"));
        Recorder recorder = new Recorder();
        ChildProcess child = Children.start(inner, Children.sh("echo ready; read -r line"), recorder);
        recorder.nextLine();

        assertThat(Children.environmentOf(child.pid()))
                .anyMatch(variable -> variable.equals(
                        "SALLYPORT_OWNER=" + inner.ownerMark() + "0000000000000001,0a1b.0000000000000001"));
        assertThat(child.close(BOUND)).isTrue();
        assertThat(inner.close(BOUND)).isTrue();
    }

    private static Path script(Path file, String line) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + line + "\n");
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    /** A gateway in a virtual machine of its own, which can be killed. */
    private static final class Gateway implements AutoCloseable {

        private final Process process;
        private final BufferedReader out;
        private final String mark;
        private final long watchdog;
        private final List<Long> pids = new ArrayList<>();

        private Gateway(Process process) throws IOException {
            this.process = process;
            this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            this.mark = next();
            this.watchdog = Long.parseLong(next());
            for (String said = next(); !said.equals("up"); said = next()) {
                pids.add(Long.valueOf(said));
            }
        }

        /** Returns what the gateway says next, which may have log lines between. */
        private String next() throws IOException {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(Main.SAYS)) {
                    return line.substring(Main.SAYS.length());
                }
            }
            throw new IOException("the gateway has ended");
        }

        static Gateway start(String how, int children) throws IOException {
            return start(how, children, "/bin/sh");
        }

        static Gateway start(String how, int children, String shell) throws IOException {
            return new Gateway(new ProcessBuilder(
                            Children.javaProgram().toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Main.class.getName(),
                            how,
                            Integer.toString(children),
                            shell)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        }

        List<Long> marked() {
            return Children.marked(mark);
        }

        void kill() {
            process.destroyForcibly();
        }

        /** Returns once the gateway has a watchdog other than the given one. */
        void awaitWatchdog(long old) throws IOException {
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            assertThat(Long.parseLong(next())).isNotEqualTo(old);
        }

        @Override
        public void close() {
            kill();
        }

        /** What runs in the other virtual machine. */
        static final class Main {

            private static final String SAYS = "gateway: ";

            private Main() {}

            private static void say(Object what) {
                System.out.println(SAYS + what);
            }

            public static void main(String[] args) throws Exception {
                ServerSocket port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ChildGuard.Means here = ChildGuard.Means.ofThisSystem();
                ChildGuard guard = new ChildGuard(
                        new ChildGuard.Means(here.table(), Optional.of(Path.of(args[2])), here.setsid(), ""));
                int children = Integer.parseInt(args[1]);
                List<Recorder> recorders = new ArrayList<>();
                List<Long> started = new ArrayList<>();
                for (int i = 0; i < children; i++) {
                    Recorder recorder = new Recorder();
                    recorders.add(recorder);
                    started.add(Children.start(guard, Children.sh(script(args[0])), recorder)
                            .pid());
                }
                say(guard.ownerMark());
                if (children == 0) {
                    Children.start(guard, Children.sh("exit"), new Recorder());
                }
                long watchdog = guard.watchdogPid().orElseThrow();
                say(watchdog);
                for (Recorder recorder : recorders) {
                    if (args[0].equals("cleared") || args[0].equals("overwritten")) {
                        say(recorder.nextLine());
                    }
                }
                say("up");
                while (args[0].equals("endless")) {
                    Children.start(guard, Children.sh(script("stubborn")), new Recorder());
                }
                System.in.read();
                Eventually.until(
                        "another watchdog runs",
                        () -> guard.watchdogPid().filter(pid -> pid != watchdog).isPresent());
                say(guard.watchdogPid().orElseThrow());
                new CountDownLatch(1).await();
                port.close();
            }

            private static String script(String how) {
                return switch (how) {
                    case "stubborn" -> Children.STUBBORN_GRANDCHILD + Children.STUBBORN;
                    // In the session of the child, which is marked; its own parent is dead.
                    case "cleared" ->
                        "(env -i /bin/sh -c \"trap '' HUP INT TERM; echo \\$\\$; while :; do sleep 5; done\" &); "
                                + Children.STUBBORN.replace("echo ready;", "");
                    // Nobody has a mark: only the pid that the watchdog was told of leads there.
                    case "overwritten" ->
                        "exec env -i /bin/sh -c \"trap '' HUP INT TERM; echo \\$\\$; while :; do sleep 5; done\"";
                    default -> throw new IllegalArgumentException(how);
                };
            }
        }
    }
}
