package io.sallyport.session.kill;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
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

    /**
     * A process.
     *
     * @param uri where it serves
     * @param said what it has logged so far
     */
    record Node(Process process, URI uri, Queue<String> said) {

        /** Stops it in the midst of what it does, as a machine does whose memory is moved elsewhere; its connections stay. */
        void pause() throws IOException, InterruptedException {
            signal("STOP");
        }

        /** Lets it go on, as if no time had passed. */
        void goOn() throws IOException, InterruptedException {
            signal("CONT");
        }

        private void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                    .start()
                    .waitFor();
        }
    }

    /** Returns a key for nodes that share a store, in base64. */
    static String newKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

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
                "-Dsallyport.log=INFO",
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
                    Node node = new Node(
                            process, URI.create(line.substring("READY ".length())), new ConcurrentLinkedQueue<>());
                    nodes.add(node);
                    // A node that nobody listens to would wait with its log for ever.
                    Thread drain = new Thread(() -> drain(out, node.said()), "drain");
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

    private static void drain(BufferedReader out, Queue<String> said) {
        try {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.add(line);
            }
        } catch (IOException killed) {
            // So there is nothing more to read.
        }
    }

    /** Kills one of the nodes that live. */
    void killOne(Random random) throws InterruptedException {
        nodes.removeIf(node -> !node.process().isAlive());
        kill(nodes.get(random.nextInt(nodes.size())));
    }

    /** Kills one that lives. */
    void kill(Node victim) throws InterruptedException {
        nodes.remove(victim);
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
