package io.sallyport.examples.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** The nodes, each a process that has its port again when it was killed and started anew. Thread-safe. */
final class Nodes implements AutoCloseable {

    private final List<Integer> ports;
    private final Path folder;
    private final Account account;
    private final List<Child> nodes = new CopyOnWriteArrayList<>();
    private volatile Map<String, String> environment = Map.of();
    private volatile int lastAtWork;

    /**
     * Creates nodes, of which none is started.
     *
     * @param ports where they serve
     * @param folder where they log
     * @param account told what they run
     */
    Nodes(List<Integer> ports, Path folder, Account account) {
        this.ports = List.copyOf(ports);
        this.folder = folder;
        this.account = account;
    }

    int count() {
        return ports.size();
    }

    /** Returns the node that was the last to begin with a call of one of our clients. */
    int lastAtWork() {
        return lastAtWork;
    }

    /**
     * Starts all at once, and returns when they serve.
     *
     * @param environment what they share
     */
    void startAll(Map<String, String> environment) throws IOException, InterruptedException {
        this.environment = Map.copyOf(environment);
        for (int node = 0; node < count(); node++) {
            nodes.add(begin(node));
        }
        for (Child node : nodes) {
            node.awaitReady();
        }
    }

    /** Starts a node that was killed, and returns when it serves. */
    void start(int node) throws IOException, InterruptedException {
        nodes.set(node, begin(node));
        nodes.get(node).awaitReady();
    }

    private Child begin(int node) throws IOException {
        return Child.start(
                Node.class,
                folder.resolve("node-" + (node + 1) + ".log"),
                environment,
                line -> heard(node, line),
                List.of(Integer.toString(ports.get(node))));
    }

    private void heard(int node, String line) {
        if (line.startsWith(Node.RAN) && account.ran(Long.parseLong(line.substring(Node.RAN.length())))) {
            lastAtWork = node;
        }
    }

    /** Kills a node as {@code kill -9} does. */
    void kill(int node) throws InterruptedException {
        nodes.get(node).kill();
    }

    long pid(int node) {
        return nodes.get(node).pid();
    }

    @Override
    public void close() {
        // All at once, as each takes a while.
        nodes.forEach(Child::tellToEnd);
        nodes.forEach(Child::close);
    }
}
