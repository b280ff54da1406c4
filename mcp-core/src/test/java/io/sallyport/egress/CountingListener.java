package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Answers one connection after the other with 200 and keeps what came. */
final class CountingListener {

    private static final int WAIT_SECONDS = 20;
    private static final String PROBE = "PROBE";
    private static final byte[] OK =
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<String> heard = Collections.synchronizedList(new ArrayList<>());
    private final Thread thread = new Thread(this::serve, "listener");

    CountingListener() throws IOException {
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    int connections() throws IOException {
        await();
        return heard.size();
    }

    String received() throws IOException {
        await();
        return String.join("", heard);
    }

    /** Connections are taken in turn, so whatever came before our own has been heard when that is answered. */
    private void await() throws IOException {
        try (Socket probe = new Socket(server.getInetAddress(), port())) {
            probe.setSoTimeout(WAIT_SECONDS * 1000);
            probe.getOutputStream().write((PROBE + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            assertThat(probe.getInputStream().readAllBytes()).isEqualTo(OK);
        }
    }

    private void serve() {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(WAIT_SECONDS * 1000);
                String text = read(socket.getInputStream());
                if (!text.startsWith(PROBE)) {
                    heard.add(text);
                }
                socket.getOutputStream().write(OK);
            } catch (IOException e) {
                // The client went away, or we were closed; what was heard is in the list.
            }
        }
    }

    private static String read(InputStream in) {
        StringBuilder text = new StringBuilder();
        try {
            for (int c = in.read(); c >= 0; c = in.read()) {
                text.append((char) c);
                if (text.indexOf("\r\n\r\n") >= 0) {
                    break;
                }
            }
        } catch (IOException e) {
            // A connection that was closed hard: nothing more comes.
        }
        return text.toString();
    }

    void close() throws IOException, InterruptedException {
        server.close();
        thread.join(WAIT_SECONDS * 1000L);
    }
}
