package io.sallyport.examples.cluster;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What stands in front of the nodes where there is no nginx: sends each request to the next node, or to the one after it
 * if that one cannot be connected to, and passes on each byte as it comes. Thread-safe.
 */
final class Balancer implements AutoCloseable {

    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final int CONNECT_MILLIS = 1_000;
    private static final byte[] NO_NODE = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            .getBytes(StandardCharsets.ISO_8859_1);

    private final List<Integer> nodes;
    private final ServerSocket server;
    private final AtomicInteger next = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "balancer");
        thread.setDaemon(true);
        return thread;
    });

    /** Begins to serve at a port of this machine. */
    Balancer(int port, List<Integer> nodes) throws IOException {
        this.nodes = List.copyOf(nodes);
        this.server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        threads.execute(this::accept);
    }

    private void accept() {
        while (true) {
            try {
                Socket client = server.accept();
                threads.execute(() -> serve(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** Serves one request; as no connection is used twice, its end is the end of the answer. */
    private void serve(Socket client) {
        try (client) {
            InputStream request = new BufferedInputStream(client.getInputStream());
            byte[] head = head(request);
            try (Socket node = connect()) {
                node.getOutputStream().write(head);
                threads.execute(() -> passBody(request, node));
                pass(node.getInputStream(), client.getOutputStream());
            } catch (NoNodeException e) {
                client.getOutputStream().write(NO_NODE);
            }
        } catch (IOException broken) {
            // Either is gone, and with the connections closed the other sees it.
        }
    }

    private static byte[] head(InputStream request) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // The last four of the head are two ends of lines.
        for (int last = 0; last != 0x0d0a0d0a; ) {
            int read = request.read();
            if (read < 0 || bytes.size() == MAX_HEAD_BYTES) {
                throw new IOException("no request");
            }
            bytes.write(read);
            last = last << 8 | read;
        }
        StringBuilder head = new StringBuilder();
        for (String line : bytes.toString(StandardCharsets.ISO_8859_1).strip().split("\r\n")) {
            if (!line.toLowerCase(Locale.ROOT).startsWith("connection:")) {
                head.append(line).append("\r\n");
            }
        }
        return head.append("Connection: close\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Only here another node is tried: once a request was sent, nobody knows whether its tool was called. */
    private Socket connect() throws NoNodeException {
        for (int attempt = 0; attempt < nodes.size(); attempt++) {
            int port = nodes.get(Math.floorMod(next.getAndIncrement(), nodes.size()));
            Socket node = new Socket();
            try {
                node.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
                return node;
            } catch (IOException dead) {
                closeQuietly(node);
            }
        }
        throw new NoNodeException();
    }

    private static void passBody(InputStream request, Socket node) {
        try {
            pass(request, node.getOutputStream());
        } catch (IOException ended) {
            // The same as when the client has gone.
        }
        closeQuietly(node);
    }

    private static void pass(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[8192];
        for (int read = from.read(buffer); read >= 0; read = from.read(buffer)) {
            to.write(buffer, 0, read);
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException closedAnyway) {
            // That is what was wanted.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
    }

    private static final class NoNodeException extends Exception {}
}
