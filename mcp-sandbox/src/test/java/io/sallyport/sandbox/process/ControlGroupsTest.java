package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.sallyport.testing.CapturedLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class ControlGroupsTest {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final String VERSION_1 = "9:pids:/\n4:memory:/box/own\n0::/\n";
    private static final String VERSION_2 = "0::/box/own\n";

    @TempDir
    private Path folder;

    private final FakeGroups tree = new FakeGroups();

    @BeforeEach
    void sayMore() {
        LOGGER.setLevel(Level.INFO);
    }

    @AfterEach
    void sayLess() {
        LOGGER.setLevel(null);
    }

    private ControlGroups find(String groups) throws IOException {
        Path self = Files.createDirectories(folder.resolve("self"));
        Files.writeString(self.resolve("cgroup"), groups);
        Files.writeString(self.resolve("mountinfo"), """
                23 1 0:5 / /proc rw - proc proc rw
                35 31 0:32 / %1$s/memory rw,relatime shared:1 - cgroup cgroup rw,memory
                39 31 0:36 / %1$s/pids rw,relatime - cgroup cgroup rw,pids
                41 31 0:38 / %1$s/unified rw,relatime - cgroup2 cgroup2 rw
                """.formatted(folder));
        Files.createDirectories(folder.resolve("memory/box/own"));
        Files.createDirectories(folder.resolve("pids"));
        Files.createDirectories(folder.resolve("unified/box/own"));
        return ControlGroups.find(self, tree);
    }

    private void passOn(String group, String controllers) throws IOException {
        Path path = Files.createDirectories(folder.resolve("unified").resolve(group));
        Files.writeString(path.resolve("cgroup.subtree_control"), controllers);
    }

    private List<Path> groups(String parent) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve(parent))) {
            return all.filter(it -> it.getFileName().toString().startsWith("sallyport-"))
                    .toList();
        }
    }

    private Path group(String parent) throws IOException {
        assertThat(groups(parent)).hasSize(1);
        return groups(parent).get(0);
    }

    private static String own(String started) throws IOException {
        String namespace =
                Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString().replaceAll("\\D", "");
        return "sallyport-sandbox-" + namespace + "-" + ProcessHandle.current().pid() + "-" + started + "-ab-1";
    }

    @Test
    void aGroupOfVersion1IsBelowOursForMemoryAndForProcesses() throws Exception {
        find(VERSION_1).around(List.of("17"), 4096, 5);

        assertThat(group("memory/box/own").resolve("memory.limit_in_bytes")).hasContent("4096");
        assertThat(group("memory/box/own").resolve("memory.memsw.limit_in_bytes"))
                .hasContent("4096");
        assertThat(group("memory/box/own").resolve("cgroup.procs")).hasContent("17");
        assertThat(group("pids").resolve("pids.max")).hasContent("5");
        assertThat(group("pids").resolve("cgroup.procs")).hasContent("17");
    }

    @Test
    void aGroupOfVersion2IsBelowOneThatPassesItsControllersOn() throws Exception {
        passOn("box/own", "cpu memory pids\n");

        find(VERSION_2).around(List.of("17"), 4096, 5);

        assertThat(group("unified/box/own").resolve("memory.max")).hasContent("4096");
        assertThat(group("unified/box/own").resolve("memory.swap.max")).hasContent("0");
        assertThat(group("unified/box/own").resolve("pids.max")).hasContent("5");
        assertThat(group("unified/box/own").resolve("cgroup.procs")).hasContent("17");
    }

    @Test
    void swapIsLeftAloneWhereTheKernelDoesNotCountIt() throws Exception {
        tree.hasSwap = false;
        passOn("box/own", "memory pids");

        find(VERSION_2).around(List.of("17"), 4096, 5);

        assertThat(group("unified/box/own").resolve("memory.swap.max")).doesNotExist();
    }

    @Test
    void aGroupOfVersion2IsNextToOursWhereThatIsDelegated() throws Exception {
        passOn("box", "memory pids");
        Files.createFile(folder.resolve("unified/box/delegated"));

        find(VERSION_2).around(List.of("17"), 4096, 5);

        assertThat(group("unified/box").resolve("memory.max")).hasContent("4096");
    }

    @Test
    void thereIsNoneNextToOursWhereSomebodyElseManagesThem() throws Exception {
        passOn("box", "memory pids");

        assertThat(find(VERSION_2).areThere()).isFalse();
    }

    @Test
    void thereIsNoneOfVersion2WithoutAController() throws Exception {
        passOn("box/own", "cpu memory");

        assertThat(find(VERSION_2).areThere()).isFalse();
    }

    @Test
    void whereNoneCanBeMadeThatIsSaidOnceAndNothingIsPutAnywhere() throws Exception {
        tree.isReadOnly = true;
        try (CapturedLog log = CapturedLog.of("io.sallyport.sandbox")) {
            ControlGroups none = find(VERSION_1);

            assertThat(none.around(List.of("17"), 4096, 5)).isEmpty();
            assertThat(log.lines()).singleElement().asString().contains("does without", "AccessDenied");
        }
    }

    @Test
    void whereNoneIsInSightThatIsSaid() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.sandbox")) {
            assertThat(find("").areThere()).isFalse();
            assertThat(log.lines()).singleElement().asString().contains("does without", "no control groups");
        }
    }

    @Test
    void tryingLeavesNothing() throws Exception {
        assertThat(find(VERSION_1).areThere()).isTrue();
        assertThat(groups("memory/box/own")).isEmpty();
        assertThat(groups("pids")).isEmpty();
    }

    @Test
    void aProcessThatWasKilledForWantOfMemoryIsNoticed() throws Exception {
        Optional<ControlGroup> group = find(VERSION_1).around(List.of("17"), 4096, 5);
        Path events = group("memory/box/own").resolve("memory.oom_control");

        Files.writeString(events, "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
        assertThat(group.orElseThrow().hasKilled()).isFalse();

        Files.writeString(events, "oom_kill_disable 0\nunder_oom 0\noom_kill 10\n");
        assertThat(group.orElseThrow().hasKilled()).isTrue();
    }

    @Test
    void aProcessThatWasKilledIsNoticedInVersion2() throws Exception {
        passOn("box/own", "memory pids");
        Optional<ControlGroup> group = find(VERSION_2).around(List.of("17"), 4096, 5);

        Files.writeString(group("unified/box/own").resolve("memory.events"), "oom 1\noom_kill 1\noom_group_kill 0\n");

        assertThat(group.orElseThrow().hasKilled()).isTrue();
    }

    @Test
    void aGroupThatStillCountsIsRemovedWhenTheNextIsMade() throws Exception {
        ControlGroups groups = find(VERSION_1);
        groups.remove(groups.around(List.of("17"), 4096, 5).orElseThrow());
        Path before = group("pids");
        Files.writeString(before.resolve("cgroup.procs"), "");
        Files.writeString(group("memory/box/own").resolve("cgroup.procs"), "");

        groups.around(List.of("18"), 4096, 5);

        assertThat(group("pids")).isNotEqualTo(before);
    }

    @Test
    void closingRemovesAllThatAreEmpty() throws Exception {
        ControlGroups groups = find(VERSION_1);
        groups.around(List.of(), 4096, 5);
        groups.around(List.of(), 4096, 5);

        groups.close();

        assertThat(groups("pids")).isEmpty();
        assertThat(groups("memory/box/own")).isEmpty();
    }

    @Test
    void closingRemovesAGroupTooThatSomebodyIsAboutToRemove() throws Exception {
        ControlGroups groups = find(VERSION_1);
        ControlGroup group = groups.around(List.of("17"), 4096, 5).orElseThrow();
        List<Path> folders = List.of(group("pids"), group("memory/box/own"));
        List<Path> left = new ArrayList<>();
        tree.onBusy = () -> {
            folders.forEach(ControlGroupsTest::ended);
            groups.close();
            folders.stream().filter(Files::exists).forEach(left::add);
        };

        groups.remove(group);

        assertThat(left).isEmpty();
    }

    /** Whatever was in it is gone. */
    private static void ended(Path group) {
        try {
            Files.writeString(group.resolve("cgroup.procs"), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatAGatewayHasLeftThatIsGoneIsRemovedAndNobodyElses() throws Exception {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String started = stat.substring(stat.lastIndexOf(')') + 2).split(" ")[19];
        Path pids = Files.createDirectories(folder.resolve("pids"));
        String other = "sallyport-sandbox-1-" + ProcessHandle.current().pid() + "-1-ab-1";
        for (String name : List.of(own("1"), own(started), other, "sallyport-else")) {
            tree.create(pids.resolve(name));
        }

        find(VERSION_1);

        assertThat(groups("pids"))
                .containsExactlyInAnyOrder(
                        pids.resolve(own(started)), pids.resolve(other), pids.resolve("sallyport-else"));
    }
}
