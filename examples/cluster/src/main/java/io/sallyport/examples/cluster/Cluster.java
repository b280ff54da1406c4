package io.sallyport.examples.cluster;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A store, three nodes, and a balancer in front of them. Thread-safe. */
final class Cluster implements AutoCloseable {

    private static final int NODES = 3;
    private static final long NGINX_SECONDS = 20;

    /** The file, in nginx's folder. */
    static final String NGINX_SETTINGS = "nginx.conf";

    /** What it consists of, the last one first. */
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    private final Options options;
    private final List<Integer> ports;
    private final int storePort;
    private final int port;
    private final Path folder;
    private final Nodes nodes;

    /** Chooses ports and makes a folder for the logs; nothing runs yet. */
    Cluster(Options options, Account account) throws IOException {
        this.options = options;
        List<Integer> free = Ports.free(NODES + 2);
        this.ports = free.subList(0, NODES);
        this.storePort = free.get(NODES);
        this.port = options.port() == 0 ? free.get(NODES + 1) : options.port();
        Ports.requireFree(port);
        this.folder = Files.createTempDirectory("sallyport-cluster-");
        this.nodes = new Nodes(ports, folder, account);
    }

    private static String randomKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** Starts everything, and returns when it serves. Where that fails, {@link #close} ends what has started. */
    void start() throws IOException, InterruptedException {
        List<String> arguments =
                new ArrayList<>(List.of(options.store(), Integer.toString(storePort), folder.toString()));
        if (options.nginx()) {
            // A folder of its own: where nginx is started by root, it gives this to another user.
            Path its = Files.createDirectory(folder.resolve("nginx"));
            nginxSettings(its, port, ports);
            arguments.add(its.toString());
        }
        Child servers = Child.start(Servers.class, folder.resolve("servers.log"), Map.of(), line -> {}, arguments);
        push(servers);
        String store = servers.awaitReady();
        push(nodes);
        // In the environment: a command line is there for everybody to read, and a file stays.
        nodes.startAll(Map.of(Node.STORE, store, Node.KEY, randomKey()));
        if (options.nginx()) {
            awaitListener(port);
        } else {
            push(new Balancer(port, ports));
        }
    }

    private synchronized void push(AutoCloseable part) {
        parts.push(part);
    }

    /** Writes the settings of an nginx into its folder, and returns the file. */
    static Path nginxSettings(Path folder, int port, List<Integer> ports) throws IOException {
        String template;
        try (InputStream in = requireNonNull(Cluster.class.getResourceAsStream(NGINX_SETTINGS))) {
            template = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        String servers = ports.stream()
                .map(node -> "server 127.0.0.1:" + node + " fail_timeout=1s;")
                .collect(Collectors.joining("\n        "));
        return Files.writeString(
                folder.resolve(NGINX_SETTINGS),
                template.replace("${folder}", folder.toString())
                        .replace("${port}", Integer.toString(port))
                        .replace("${servers}", servers));
    }

    private static void awaitListener(int port) throws IOException, InterruptedException {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(NGINX_SECONDS);
        while (true) {
            try {
                new Socket(InetAddress.getLoopbackAddress(), port).close();
                return;
            } catch (IOException notYet) {
                if (System.nanoTime() > giveUp) {
                    throw notYet;
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    /** Returns where clients find it. */
    URI url() {
        return URI.create("http://127.0.0.1:" + port + "/mcp");
    }

    Nodes nodes() {
        return nodes;
    }

    /** Returns where everything is logged. */
    Path folder() {
        return folder;
    }

    /** Ends all of it; the logs stay. */
    @Override
    public synchronized void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                System.err.println("cluster: not everything ended cleanly: " + e);
            }
        }
    }

    /** Deletes the logs. */
    void deleteLogs() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted((a, b) -> b.compareTo(a)).forEach(file -> {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
