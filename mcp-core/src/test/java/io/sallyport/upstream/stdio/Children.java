package io.sallyport.upstream.stdio;

import io.sallyport.spi.Redactor;
import io.sallyport.spi.SecretResolver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts children for tests, and looks at processes without the help of what is tested. */
final class Children {

    /** Ends at nothing but SIGKILL: not at the end of its input, not at a polite signal. */
    static final String STUBBORN = "trap '' HUP INT TERM; echo ready; while :; do read -r line || sleep 5; done";

    /** As stubborn, in a session of its own, and with a parent that is dead by the time that its output is read. */
    static final String STUBBORN_GRANDCHILD =
            "( setsid /bin/sh -c \"trap '' HUP INT TERM; while :; do sleep 5; done\" >/dev/null 2>&1 & )\n";

    private Children() {}

    /** Returns a command for a script of {@code /bin/sh}. */
    static StdioCommand sh(String script, String... arguments) {
        return StdioCommand.builder("/bin/sh")
                .arguments("-c", script, "script")
                .arguments(arguments)
                .environment("PATH", "/usr/bin:/bin")
                .build();
    }

    /** Returns a command for a Java program of the test class path. */
    static StdioCommand java(Class<?> main, String... arguments) {
        return StdioCommand.builder(javaProgram().toString())
                .arguments("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Xmx64m")
                .arguments("-cp", System.getProperty("java.class.path"), main.getName())
                .arguments(arguments)
                .build();
    }

    static Path javaProgram() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    static ChildProcess start(ChildGuard guard, StdioCommand command, ChildLimits limits, ChildProcess.Listener to)
            throws IOException {
        return start(guard, command, limits, Redactor.none(), to);
    }

    static ChildProcess start(
            ChildGuard guard, StdioCommand command, ChildLimits limits, Redactor redactor, ChildProcess.Listener to)
            throws IOException {
        Map<String, String> environment = command.revealEnvironment(SecretResolver.none(), "test");
        return ChildProcess.start("test", command, environment, limits, guard, redactor, to);
    }

    static ChildProcess start(ChildGuard guard, StdioCommand command, ChildProcess.Listener to) throws IOException {
        return start(guard, command, ChildLimits.defaults(), to);
    }

    static boolean runs(long pid) {
        return stateOf(pid) != 0 && stateOf(pid) != 'Z';
    }

    /** Returns the pids of the processes that have {@code mark} in their environment. */
    static List<Long> marked(String mark) {
        return pids().stream()
                .filter(pid -> contents("/proc/" + pid + "/environ").contains(mark))
                .toList();
    }

    /** Returns the variables of a running process, as it was started with them. */
    static List<String> environmentOf(long pid) {
        return List.of(contents("/proc/" + pid + "/environ").split("\0"));
    }

    /** Returns how many children of this virtual machine have ended without having been reaped. */
    static long zombies() {
        String parent = " " + ProcessHandle.current().pid() + " ";
        return pids().stream()
                .map(pid -> contents("/proc/" + pid + "/stat"))
                .filter(stat -> stat.contains(") Z" + parent))
                .count();
    }

    static char stateOf(long pid) {
        String stat = contents("/proc/" + pid + "/stat");
        return stat.isEmpty() ? 0 : stat.charAt(stat.lastIndexOf(')') + 2);
    }

    /** Returns what the open descriptors of a process lead to. */
    static List<String> descriptorsOf(long pid) {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path link : links) {
                if (Files.isSymbolicLink(link)) {
                    found.add(Files.readSymbolicLink(link).toString());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static List<Long> pids() {
        List<Long> pids = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            folders.forEach(folder -> pids.add(Long.valueOf(folder.getFileName().toString())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return pids;
    }

    private static String contents(String file) {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // It has ended.
        }
    }
}
