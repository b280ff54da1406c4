package io.sallyport.examples.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A program of this example in a JVM of its own. It ends with the one that started it, whatever ends that: it watches its
 * standard input, whose other end only the starter holds. Thread-safe.
 */
final class Child implements AutoCloseable {

    /** The line that says that a program is ready, perhaps with something behind it. */
    static final String READY = "READY";

    private static final long START_SECONDS = 120;
    private static final long END_SECONDS = 20;

    /**
     * What begins a command whose process Ctrl-C is not to reach: a terminal sends it to a whole group, and servers would be
     * gone before the nodes that need them. Where there is no such program, nodes see their servers end, and end, too.
     */
    private static final List<String> APART = Options.isOnPath("setsid") ? List.of("setsid") : List.of();

    private final Process process;
    private final Path log;
    private final CompletableFuture<String> ready = new CompletableFuture<>();
    private final CompletableFuture<Boolean> silent = new CompletableFuture<>();

    private Child(Process process, Path log, Consumer<String> lines) {
        this.process = process;
        this.log = log;
        Thread reader = new Thread(() -> read(lines), "reads-from-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts a program.
     *
     * @param log where its standard error goes
     * @param environment what it gets beside our own; only its own user can read it there
     * @param lines told each line of its standard output other than {@link #READY}
     */
    static Child start(
            Class<?> program, Path log, Map<String, String> environment, Consumer<String> lines, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(APART);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                // It lives for seconds, and there are several of them.
                "-XX:TieredStopAtLevel=1",
                program.getName()));
        command.addAll(arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        // Not an option: it is so long that lists of processes would not show the name of the program behind it.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        return new Child(builder.start(), log, lines);
    }

    private void read(Consumer<String> lines) {
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(READY)) {
                    ready.complete(line.substring(READY.length()).strip());
                } else {
                    lines.accept(line);
                }
            }
        } catch (IOException killed) {
            // So there is nothing more to read.
        }
        ready.completeExceptionally(new IOException("ended too soon, see " + log));
        silent.complete(true);
    }

    /** Waits until the program is ready, and returns what it said behind the word. */
    String awaitReady() throws IOException, InterruptedException {
        try {
            return ready.get(START_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("process " + pid() + " did not start, see " + log, e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Kills it as {@code kill -9} does, and reads what it has said before. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
        awaitSilence();
    }

    private void awaitSilence() {
        silent.completeOnTimeout(false, END_SECONDS, TimeUnit.SECONDS).join();
    }

    /** Tells it to end, and does not wait until it has. */
    void tellToEnd() {
        try {
            process.outputWriter().close();
        } catch (IOException goneAlready) {
            // That is what was wanted.
        }
    }

    /** Has it end, and returns when it has. An interrupt does not hurry it: killed, it would leave what it has started. */
    @Override
    public void close() {
        tellToEnd();
        process.onExit()
                .completeOnTimeout(process, END_SECONDS, TimeUnit.SECONDS)
                .join()
                .destroyForcibly();
        awaitSilence();
    }

    /** In the program itself: waits for the starter to end or to call {@link #close}, and ends. */
    static void endWithParent() throws IOException {
        while (System.in.read() >= 0) {
            Thread.onSpinWait(); // Nobody writes; the end is what matters.
        }
        System.exit(0);
    }
}
