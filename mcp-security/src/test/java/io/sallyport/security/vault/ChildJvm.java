package io.sallyport.security.vault;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A program in a process of its own, which may be killed at any time. Used by one thread. */
final class ChildJvm implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    /** The last line of each. */
    private static final String ENDED = "\0";

    private final Process process;
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

    private ChildJvm(Process process) {
        this.process = process;
    }

    static ChildJvm start(Path log, Class<?> program, String... arguments) throws IOException {
        return start(log, command(program, arguments));
    }

    static List<String> command(Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "-Xmx128m",
                "-Dlogback.configurationFile=io/sallyport/testing/logback.xml",
                "-classpath",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                program.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    static ChildJvm start(Path log, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        ChildJvm child = new ChildJvm(process);
        Thread reader = new Thread(child::read, "child-" + process.pid());
        reader.setDaemon(true);
        reader.start();
        return child;
    }

    private void read() {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.add(line);
            }
        } catch (IOException killed) {
            // So there is nothing more to read.
        }
        said.add(ENDED);
    }

    /** Waits for a line that begins like this, and returns the rest of it. */
    String await(String beginning) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            String line = said.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null || line.equals(ENDED)) {
                throw new AssertionError("a program ended, or waited too long, before it said " + beginning);
            }
            if (line.startsWith("ERROR")) {
                throw new AssertionError(line);
            }
            if (line.startsWith(beginning)) {
                return line.substring(beginning.length());
            }
        }
    }

    /** Waits for its end, and returns its exit code. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("a program did not end");
        }
        return process.exitValue();
    }

    /** Returns what it has said so far, and nobody has waited for. */
    List<String> saidSoFar() {
        List<String> lines = new ArrayList<>();
        said.drainTo(lines);
        return lines;
    }

    /** Waits for its end, and returns all that it has said and nobody has waited for. */
    List<String> rest() throws InterruptedException {
        exitCode();
        List<String> lines = new ArrayList<>();
        for (String line = said.take(); !line.equals(ENDED); line = said.take()) {
            lines.add(line);
        }
        return lines;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Lets it come to its end: it reads to the end of its input. */
    void stop() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it as SIGKILL does. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        exitCode();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
