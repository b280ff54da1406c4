package io.sallyport.examples.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The program in a JVM of its own, with the folder of its logs in one of the test's. */
final class ClusterProcess implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 240;

    private final Process process;
    private final Path directory;
    private final Path out;
    private final Path err;

    ClusterProcess(Path directory, String... arguments) throws IOException {
        this.directory = directory;
        out = directory.resolve("out");
        err = directory.resolve("err");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + directory,
                "-classpath",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
    }

    /** Waits until it serves. */
    void awaitReady() throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (process.isAlive() && System.nanoTime() < giveUp) {
            if (Files.readString(out).endsWith("/mcp\n")) {
                return;
            }
            process.waitFor(50, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("not ready; it said " + err());
    }

    /** Waits until it has ended, and returns its exit code. */
    int awaitEnd() throws Exception {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("not ended; it said " + err());
        }
        return process.exitValue();
    }

    List<String> out() throws IOException {
        return Files.readAllLines(out);
    }

    String err() throws IOException {
        return Files.readString(err);
    }

    /** Returns the folders of its logs. */
    List<Path> folders() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isDirectory).toList();
        }
    }

    /** Returns all processes that it has started, those too that have left it, as servers do. */
    List<ProcessHandle> family() {
        return Stream.concat(
                        process.descendants(),
                        ProcessHandle.allProcesses()
                                .filter(other -> other.pid() != process.pid())
                                .filter(other ->
                                        other.info().commandLine().orElse("").contains(directory.toString()))
                                .flatMap(other -> Stream.concat(Stream.of(other), other.descendants())))
                .distinct()
                .toList();
    }

    /** Ends it by SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Ends it by SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    /** Ends it and waits for all that it has started: it would miss the folder if that were deleted now. */
    @Override
    public void close() {
        List<ProcessHandle> family = family();
        kill();
        awaitEnd(family);
    }

    static void awaitEnd(List<ProcessHandle> processes) {
        for (ProcessHandle process : processes) {
            process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
        }
    }
}
