package io.sallyport.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Passes bytes between a driver and its server, or holds them: then both are there, and neither hears anything. */
public final class SilencedProxy implements AutoCloseable {

    private final ServerSocket listening;
    private final int server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean holds;

    public SilencedProxy(int server) throws IOException {
        this.server = server;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    public void hold() {
        set(true);
    }

    public void letGo() {
        set(false);
    }

    private void set(boolean isToHold) {
        lock.lock();
        try {
            holds = isToHold;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void accept() throws Exception {
        while (true) {
            Socket client = listening.accept();
            Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server);
            sockets.add(client);
            sockets.add(upstream);
            start(() -> pass(client.getInputStream(), upstream.getOutputStream()));
            start(() -> pass(upstream.getInputStream(), client.getOutputStream()));
        }
    }

    private void pass(InputStream in, OutputStream out) throws Exception {
        byte[] bytes = new byte[8192];
        for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
            lock.lock();
            try {
                while (holds) {
                    changed.await();
                }
            } finally {
                lock.unlock();
            }
            out.write(bytes, 0, read);
            out.flush();
        }
    }

    private interface Doing {
        void run() throws Exception;
    }

    private static void start(Doing doing) {
        Thread thread = new Thread(() -> {
            try {
                doing.run();
            } catch (Exception closed) {
                // A socket was closed, by either side or by this proxy.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        cut();
    }

    /** Ends all connections, and takes no more. */
    public void cut() throws IOException {
        letGo();
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
