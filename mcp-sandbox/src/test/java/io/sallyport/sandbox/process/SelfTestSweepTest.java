package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Language;
import io.sallyport.testing.Incident;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Takes something away from enclosures, and looks whether that is found out. Needs bubblewrap, Python and Node. */
class SelfTestSweepTest {

    @TempDir
    private Path folder;

    private Bubblewrap whole;

    @BeforeEach
    void find() throws Exception {
        Programs programs = new Programs(folder, Bubblewrap.isRoot());
        Guest python = Guest.python(programs, programs.find("python3"));
        Guest node = Guest.javaScript(programs, programs.find("node"));
        Guest shell = Guest.shell(programs, List.of(python, node));
        whole = Bubblewrap.of(
                programs,
                programs.find("bwrap"),
                Map.of(Language.PYTHON, python, Language.JAVASCRIPT, node, Language.SHELL, shell),
                folder);
    }

    /** Tries to get out of an enclosure whose command is another. */
    private void check(Language language, boolean mayFork, UnaryOperator<List<String>> change) throws Exception {
        Launcher.Enclosure changed = new Launcher.Enclosure() {
            @Override
            public List<String> command(Shape shape) {
                return change.apply(new ArrayList<>(whole.command(shape)));
            }

            @Override
            public Path filter(Shape shape) {
                return mayFork ? whole.filter(new Shape(language, 1, 1, 1, 1, false)) : whole.filter(shape);
            }
        };
        try (Launcher launcher =
                new Launcher(changed, new Programs(folder, false).find("mkfifo"), folder, ControlGroups.none())) {
            new SelfTest(launcher, folder).check(language);
        }
    }

    private static UnaryOperator<List<String>> without(String option, int values) {
        return command -> {
            int at = command.indexOf(option);
            command.subList(at, at + 1 + values).clear();
            return command;
        };
    }

    private static UnaryOperator<List<String>> with(String... options) {
        return command -> {
            command.addAll(command.indexOf("--chdir"), List.of(options));
            return command;
        };
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void anEnclosureThatIsWholeHolds(Language language) {
        assertThatCode(() -> check(language, false, command -> command)).doesNotThrowAnyException();
    }

    @Incident("S121")
    @ParameterizedTest
    @EnumSource(Language.class)
    void aFileOfThisMachineIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, with("--ro-bind", "/etc/passwd", "/etc/passwd")))
                .hasMessageContaining("/etc/passwd is seen");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void processesOfThisMachineAreNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, with("--proc", "/proc")))
                .hasMessageContaining("/proc is seen");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void memoryWithoutALimitIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, with("--dev", "/dev")))
                .hasMessageContaining("/dev/shm is seen");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void aRootThatCanBeWrittenIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, without("--remount-ro", 1)))
                .hasMessageContaining("/x is written");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void theNetworkOfThisMachineIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, with("--share-net")))
                .hasMessageContaining("the namespace net is ours");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void aMissingFilterIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, without("--seccomp", 1)))
                .hasMessageContaining("Seccomp: is not 2");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void aFilterThatLetsForkIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, true, command -> command))
                .hasMessageContaining("a process is started");
    }

    @ParameterizedTest
    @EnumSource(Language.class)
    void aDescriptorThatNobodyClosedIsNoticed(Language language) {
        assertThatThrownBy(() -> check(language, false, command -> {
                    // Bubblewrap closes what it reads the filter from, but not a second descriptor of it.
                    command.addAll(0, List.of("/bin/sh", "-c", "exec 7<&9; exec \"$@\"", "sh"));
                    return command;
                }))
                .hasMessageContaining("descriptor 7 is one of ours");
    }

    @ParameterizedTest
    @CsvSource({"CAP_SYS_ADMIN, CapEff:", "CAP_NET_RAW, CapPrm:"})
    void aCapabilityIsNoticed(String capability, String where) {
        assertThatThrownBy(() -> check(Language.PYTHON, false, with("--cap-add", capability)))
                .hasMessageContaining(where);
    }

    @Test
    void rootWithinIsNoticed() {
        assertThatThrownBy(() -> check(Language.PYTHON, false, command -> {
                    command.set(command.indexOf("--uid") + 1, "0");
                    return command;
                }))
                .hasMessageContaining("it is root");
    }

    @Test
    void rootWithoutIsNoticed() throws Exception {
        // Only a gateway that is root has something to drop.
        UnaryOperator<List<String>> asItIs = Bubblewrap.isRoot()
                ? command -> {
                    command.subList(0, command.indexOf("--no-new-privs") + 1).clear();
                    return command;
                }
                : with("--ro-bind", "/etc/passwd", "/etc/passwd");

        assertThatThrownBy(() -> check(Language.PYTHON, false, asItIs)).isInstanceOf(MissingException.class);
    }
}
