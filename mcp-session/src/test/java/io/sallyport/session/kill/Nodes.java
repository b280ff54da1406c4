package io.sallyport.session.kill;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Nodes in processes of their own, any of which may die at any time. Thread-safe. */
final class Nodes implements AutoCloseable {

    private final String store;
    private final String key;
    private final Path logs;
    private final AtomicInteger started = new AtomicInteger();
    private final List<Node> nodes = new CopyOnWriteArrayList<>();

    /** A process, and where it serves. */
    record Node(Process process, URI uri) {}

    /**
     * Creates nodes, of which none is started.
     *
     * @param key in base64, 32 bytes
     * @param logs a folder for what they say
     */
    Nodes(String store, String key, Path logs) {
        this.store = store;
        this.key = key;
        this.logs = logs;
    }

    /** Starts a node that fails at a point, or at none ({@code -}), and returns it when it serves. */
    Node start(String failpoint) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-Dlogback.configurationFile=io/sallyport/testing/logback.xml",
                "-classpath",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                NodeProgram.class.getName(),
                store,
                key,
                failpoint));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(logs.resolve("node-" + started.incrementAndGet() + ".log")
                            .toFile())
                    .start();
            BufferedReader out =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith("READY ")) {
                    Node node = new Node(process, URI.create(line.substring("READY ".length())));
                    nodes.add(node);
                    // A node that nobody listens to would wait with its log for ever.
                    Thread drain = new Thread(() -> drain(out), "drain");
                    drain.setDaemon(true);
                    drain.start();
                    return node;
                }
            }
            throw new AssertionError("a node did not start, see " + logs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void drain(BufferedReader out) {
        try {
            while (out.readLine() != null) {
                // Nobody wants to know.
            }
        } catch (IOException killed) {
            // So there is nothing more to read.
        }
    }

    /** Kills one of the nodes that live. */
    void killOne(Random random) throws InterruptedException {
        nodes.removeIf(node -> !node.process().isAlive());
        Node victim = nodes.remove(random.nextInt(nodes.size()));
        victim.process().destroyForcibly();
        victim.process().waitFor(10, TimeUnit.SECONDS);
    }

    /** Returns some node, which may be dead by now. */
    URI any(Random random) {
        while (true) {
            List<Node> living =
                    nodes.stream().filter(node -> node.process().isAlive()).toList();
            if (!living.isEmpty()) {
                return living.get(random.nextInt(living.size())).uri();
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        nodes.forEach(node -> node.process().destroyForcibly());
    }
}
