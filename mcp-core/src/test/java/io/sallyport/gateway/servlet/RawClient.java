package io.sallyport.gateway.servlet;

import io.sallyport.testing.McpHttp;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** One connection, whose client may do what no HTTP client does. */
final class RawClient implements Closeable {

    private final Socket socket;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final StringBuilder read = new StringBuilder();

    RawClient(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout((int) PATIENCE.toMillis());
    }

    /** Sends a request to {@code /mcp}, as one that takes any answer; the server is to close the connection after it. */
    static RawClient send(int port, String method, String body, String... headers) throws IOException {
        RawClient client = new RawClient(port);
        client.write(head(method, body.getBytes(StandardCharsets.UTF_8).length, headers) + body);
        return client;
    }

    static String head(String method, int length, String... headers) {
        StringBuilder head = new StringBuilder(method + " /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
                + "Content-Length: " + length + "\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    /** Opens a legacy session and returns its id. */
    static String initialize(int port, String capabilities, String... headers) throws IOException {
        String body = McpHttp.legacyBody(
                0,
                "initialize",
                "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":" + capabilities
                        + ",\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}");
        String answer = send(port, "POST", body, headers).readAll();
        int from = answer.indexOf("Mcp-Session-Id: ") + "Mcp-Session-Id: ".length();
        return answer.substring(from, answer.indexOf("\r\n", from));
    }

    void write(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Reads until what came holds a text; heartbeats keep a stream open for ever, so not for ever. */
    void readUntil(String text) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (read.indexOf(text) < 0) {
            if (!readOn() || System.nanoTime() > end) {
                throw new AssertionError("ended, or went on, without \"" + text + "\": " + read);
            }
        }
    }

    /** Returns the id of the last event that came. */
    String lastEvent() {
        int from = read.lastIndexOf("id: ") + "id: ".length();
        return read.substring(from, read.indexOf("\n", from));
    }

    /** Reads until the server closes the connection, and returns all that came. */
    String readAll() throws IOException {
        try (this) {
            while (readOn()) {
                // There may be more.
            }
        }
        return read.toString();
    }

    private boolean readOn() throws IOException {
        InputStream in = socket.getInputStream();
        byte[] piece = new byte[8192];
        int length = in.read(piece);
        if (length > 0) {
            read.append(new String(piece, 0, length, StandardCharsets.UTF_8));
        }
        return length >= 0;
    }

    /** Goes without a word: what the server sends from now on is answered with a reset. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
