package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.SandboxSession;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Real control groups, where this machine lets us make any; where it does not, that it is said and everything is as it is
 * without. Needs bubblewrap and Python.
 */
class ControlGroupSweepTest {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final String MISSING = "the process sandbox does without control groups";

    private static final Path TOPMOST = Path.of("/sys/fs/cgroup");

    /** Children of a thread: nobody sees them who asks the first thread for its children. */
    private static final String BOMB = """
            import os, threading, time
            def spread():
                for i in range(11):
                    if os.fork() == 0:
                        x = bytearray(b'x') * (24 << 20)
                        time.sleep(60)
                time.sleep(60)
            threading.Thread(target=spread, daemon=True).start()
            time.sleep(3)
            result = 1
            """;

    @BeforeEach
    void sayMore() {
        LOGGER.setLevel(Level.INFO);
    }

    @AfterEach
    void sayLess() {
        LOGGER.setLevel(null);
    }

    /** Returns where groups must be made: below ours, or, in version 2, if ours is the topmost. */
    private static List<Path> parents() throws IOException {
        List<Path> parents = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
            String[] parts = line.split(":", 3);
            if (parts[1].isEmpty() && parts[2].equals("/") && passesOn(TOPMOST)) {
                return List.of(TOPMOST);
            }
            if (parts[1].equals("memory") || parts[1].equals("pids")) {
                parents.add(Path.of("/sys/fs/cgroup/" + parts[1] + parts[2]));
            }
        }
        return parents.size() == 2 && parents.stream().allMatch(Files::isWritable) ? parents : List.of();
    }

    private static boolean passesOn(Path group) throws IOException {
        Path controllers = group.resolve("cgroup.subtree_control");
        return Files.isWritable(group)
                && Files.exists(controllers)
                && Files.readString(controllers).matches("(?s)(?=.*\\bmemory\\b).*\\bpids\\b.*");
    }

    private static List<Path> groups() throws IOException {
        long gateway = ProcessHandle.current().pid();
        List<Path> found = new ArrayList<>();
        for (Path parent : parents()) {
            try (Stream<Path> all = Files.list(parent)) {
                all.filter(it -> it.getFileName().toString().matches("sallyport-sandbox-\\d+-" + gateway + "-.*"))
                        .forEach(found::add);
            }
        }
        return found;
    }

    private static ProcessSandbox sandbox(int warm) throws InterruptedException {
        return ProcessSandbox.builder()
                .languages(Set.of(Language.PYTHON))
                .warmWorkers(warm)
                .build();
    }

    private static Execution python(String code, Limits limits) {
        return Execution.of(Language.PYTHON, code).limits(limits).build();
    }

    @Test
    void thereAreGroupsWhereTheyCanBeMadeAndElseThatIsSaidOnce() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.sandbox");
                ProcessSandbox sandbox = sandbox(0)) {
            assertThat(sandbox.capabilities().unavailable()).isEmpty();
            assertThat(log.messages().stream().filter(it -> it.startsWith(MISSING)))
                    .hasSize(parents().isEmpty() ? 1 : 0);
        }
    }

    @Test
    void eachWorkerThatWaitsIsInAGroupOfItsOwn() throws Exception {
        try (ProcessSandbox sandbox = sandbox(2)) {
            Waiting.until("two wait", () -> sandbox.waiting(Language.PYTHON, Limits.defaults()) == 2 ? true : null);

            List<Path> groups = groups();

            assertThat(groups).hasSize(2 * parents().size());
            for (Path group : groups) {
                // The first process of the enclosure, and the interpreter.
                assertThat(group.resolve("cgroup.procs")).content().hasLineCount(2);
            }
        }
    }

    @Incident("S121")
    @Test
    void memoryEndsForAllProcessesTogether() throws Exception {
        Limits limits = Limits.builder()
                .processes(12)
                .memoryBytes(32L * 1024 * 1024)
                .wallTime(Duration.ofSeconds(20))
                .build();
        try (ProcessSandbox sandbox = sandbox(0)) {
            Outcome outcome = sandbox.run(python(BOMB, limits));

            assertThat(outcome.status()).as(outcome.toString()).isEqualTo(Status.MEMORY);
        }
    }

    @Test
    void whatCodeMayHaveItMayHaveInAGroupAsWell() throws Exception {
        String code = "x = bytearray(b'x') * (200 << 20)\n"
                + "open('/tmp/x', 'wb').write(bytes(15 << 20))\nresult = len(x) >> 20";
        try (ProcessSandbox sandbox = sandbox(0)) {
            Outcome outcome = sandbox.run(python(
                    code, Limits.builder().memoryBytes(256L * 1024 * 1024).build()));

            assertThat(outcome.value().map(Object::toString))
                    .as(outcome.toString())
                    .hasValue("200");
        }
    }

    @Test
    void noGroupIsLeftOfRunsAndSessionsHoweverTheyEnd() throws Exception {
        Limits brief = Limits.builder().wallTime(Duration.ofMillis(50)).build();
        try (ProcessSandbox sandbox = sandbox(0)) {
            for (String code : List.of("result = 1", "while True: pass", "exit(3)", "x = [0] * (1 << 40)")) {
                sandbox.run(python(code, brief));
            }
            try (SandboxSession session = sandbox.open(Language.PYTHON, brief, new Cancellation())) {
                session.run(python("x = 1", brief), new Cancellation());
            }

            Waiting.until("all groups are gone", () -> groups().isEmpty() ? true : null);
        }
    }

    @Test
    void noGroupIsLeftWhenTheSandboxIsClosed() throws Exception {
        ProcessSandbox sandbox = sandbox(2);
        sandbox.run(python("result = 1", Limits.defaults()));
        sandbox.open(Language.PYTHON, Limits.defaults(), new Cancellation());

        sandbox.close();

        assertThat(groups()).isEmpty();
    }

    @Test
    void theGroupsOfAGatewayThatIsGoneAreRemovedByTheNext() throws Exception {
        String namespace =
                Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
        // It had our number, but was started when the machine was.
        String name =
                "sallyport-sandbox-" + namespace + "-" + ProcessHandle.current().pid() + "-1-ab-1";
        for (Path parent : parents()) {
            Files.createDirectory(parent.resolve(name));
        }

        sandbox(0).close();

        assertThat(groups()).isEmpty();
    }
}
