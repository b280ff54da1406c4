package io.sallyport.resilience.faults;

import io.sallyport.testing.Waiting;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.stdio.StdioCommand;
import io.sallyport.upstream.stdio.StdioUpstream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;

/** A server in child processes. */
final class StdioSick implements Sick {

    private final StdioFault fault;
    private final Path now;
    private final Path carriedOut;

    StdioSick(StdioFault fault, Path folder) throws IOException {
        this.fault = fault;
        this.now = folder.resolve("fault");
        this.carriedOut = Files.writeString(folder.resolve("carried-out"), "");
        does(SickChild.WELL);
    }

    /** At once: a child never reads half of it. */
    private void does(String what) throws IOException {
        Path next = Files.writeString(now.resolveSibling("next"), what);
        Files.move(next, now, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public Upstream upstream() {
        return StdioUpstream.of(
                        "sick",
                        StdioCommand.builder(Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString())
                                .arguments(
                                        "-XX:TieredStopAtLevel=1",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        SickChild.class.getName(),
                                        now.toString(),
                                        carriedOut.toString())
                                .build())
                .hungAfter(Duration.ofSeconds(2))
                .build();
    }

    /** Returns the children of this server that run. */
    private List<ProcessHandle> children() {
        List<ProcessHandle> children = ProcessHandle.current()
                .descendants()
                .filter(child -> commandLine(child).contains(now.toString()))
                .toList();
        if (children.isEmpty()) {
            throw new AssertionError("no child is found");
        }
        return children;
    }

    /** The JDK knows only those that are short. */
    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException hasEnded) {
            return "";
        }
    }

    private void signal(String signal) throws Exception {
        for (ProcessHandle child : children()) {
            new ProcessBuilder("kill", "-" + signal, Long.toString(child.pid()))
                    .start()
                    .waitFor();
        }
    }

    @Override
    public void begin() throws Exception {
        does(fault.name());
        if (fault == StdioFault.STOPPED) {
            signal("STOP");
        } else if (fault == StdioFault.ENDS_AT_ITS_START) {
            List<ProcessHandle> running = children();
            signal("KILL");
            Waiting.until("they have ended", () -> running.stream().noneMatch(ProcessHandle::isAlive) ? true : null);
        }
    }

    @Override
    public void end() throws Exception {
        does(SickChild.WELL);
        if (fault == StdioFault.STOPPED) {
            signal("CONT");
        }
    }

    @Override
    public int carriedOut() throws IOException {
        return (int) Files.size(carriedOut);
    }

    @Override
    public void close() {
        // The gateway ends its children, stopped or not.
    }
}
