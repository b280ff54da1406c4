package io.sallyport.session.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A network between a client and a server that can lose its connections without telling either end. */
final class SilentProxy implements AutoCloseable {

    private final ServerSocket door;
    private final int target;
    private final List<Pair> pairs = new CopyOnWriteArrayList<>();

    private static final class Pair {
        private final Socket client;
        private final Socket server;
        private volatile boolean lost;
        private volatile boolean mute;

        Pair(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        private void close() {
            try (client;
                    server) {
                lost = true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void pass(Socket from, Socket to) {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                byte[] buffer = new byte[8192];
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    if (!lost && !(mute && from == server)) {
                        out.write(buffer, 0, length);
                    }
                }
            } catch (IOException e) {
                // One end is gone; the other follows.
            }
        }
    }

    SilentProxy(int target) {
        this.target = target;
        try {
            this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(this::accept);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = door.accept();
                Pair pair = new Pair(client, new Socket(InetAddress.getLoopbackAddress(), target));
                pairs.add(pair);
                start(() -> pair.pass(pair.client, pair.server));
                start(() -> pair.pass(pair.server, pair.client));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    int port() {
        return door.getLocalPort();
    }

    /** Loses the connections that there are; new ones work. */
    void loseConnections() {
        pairs.forEach(pair -> pair.lost = true);
    }

    /** Lets no answers through on the connections that there are; the server gets everything. */
    void loseAnswers() {
        pairs.forEach(pair -> pair.mute = true);
    }

    /** Ends the connections that there are, for both ends. */
    void breakConnections() {
        pairs.forEach(Pair::close);
    }

    @Override
    public void close() {
        try {
            door.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        breakConnections();
    }
}
