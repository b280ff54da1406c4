package io.sallyport.upstream.http;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Request;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A server on the loopback that does exactly what a test says, byte for byte, and remembers what it was sent. One thread
 * per connection.
 */
public final class FakeHttpServer implements AutoCloseable {

    /** Answers one request. */
    public interface Handler {
        void handle(Exchange exchange) throws Exception;
    }

    private final ServerSocket socket;
    private final Handler handler;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
    private final String scheme;
    private volatile int accepted;

    public FakeHttpServer(Handler handler) throws IOException {
        this(new ServerSocket(0, 200, InetAddress.getByName("127.0.0.1")), "http", handler);
    }

    public FakeHttpServer(ServerSocket socket, String scheme, Handler handler) {
        this.socket = socket;
        this.scheme = scheme;
        this.handler = handler;
        start(this::accept, "fake-server-accept");
    }

    private static void start(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    public int port() {
        return socket.getLocalPort();
    }

    public URI uri() {
        return uri("127.0.0.1");
    }

    public URI uri(String host) {
        return URI.create(scheme + "://" + host + ":" + port() + "/mcp");
    }

    public int connectionsAccepted() {
        return accepted;
    }

    /** A connection that is open. */
    public Socket anyConnection() {
        return connections.iterator().next();
    }

    /** Everything that was received so far. */
    public List<Exchange> received() {
        return List.copyOf(exchanges);
    }

    /** The requests received so far that hold this JSON-RPC method. */
    public List<Exchange> received(String method) {
        return exchanges.stream()
                .filter(x -> x.text().contains("\"method\":\"" + method + "\""))
                .toList();
    }

    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    private void accept() {
        try {
            while (true) {
                Socket connection = socket.accept();
                accepted++;
                connections.add(connection);
                if (socket.isClosed()) {
                    // Perhaps after all others were cut.
                    cutConnections();
                }
                start(() -> serve(connection), "fake-server");
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            while (true) {
                Exchange exchange = read(in, connection);
                if (exchange == null) {
                    return;
                }
                exchanges.add(exchange);
                handler.handle(exchange);
                exchange.finish();
                if (exchange.closing) {
                    return;
                }
            }
        } catch (Exception gone) {
            // The client has gone, or the test is over.
        } finally {
            connections.remove(connection);
        }
    }

    private static Exchange read(InputStream in, Socket connection) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        String requestLine = line(in, head);
        if (requestLine == null) {
            return null;
        }
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        while (true) {
            String line = line(in, head);
            if (line == null) {
                return null;
            }
            if (line.isEmpty()) {
                break;
            }
            int colon = line.indexOf(':');
            headers.computeIfAbsent(line.substring(0, colon), name -> new ArrayList<>())
                    .add(line.substring(colon + 1).trim());
        }
        int length = Integer.parseInt(
                headers.getOrDefault("Content-Length", List.of("0")).get(0));
        byte[] body = in.readNBytes(length);
        return new Exchange(requestLine, head.toString(StandardCharsets.ISO_8859_1), headers, body, in, connection);
    }

    private static String line(InputStream in, ByteArrayOutputStream copy) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            copy.write(b);
            if (b == '\n') {
                return line.toString(StandardCharsets.ISO_8859_1);
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return null;
    }

    /** Cuts all connections, as a server that dies does. */
    public void cutConnections() {
        connections.forEach(connection -> {
            try {
                connection.setSoLinger(true, 0);
                connection.close();
            } catch (IOException alreadyGone) {
                // Good.
            }
        });
    }

    @Override
    public void close() throws IOException {
        socket.close();
        cutConnections();
    }

    /** One request and what is answered to it. */
    public static final class Exchange {

        private final String requestLine;
        private final String head;
        private final Map<String, List<String>> headers;
        private final byte[] body;
        private final InputStream in;
        private final OutputStream out;
        private final Socket connection;
        private boolean chunked;
        private volatile boolean closing;

        private Exchange(
                String requestLine,
                String head,
                Map<String, List<String>> headers,
                byte[] body,
                InputStream in,
                Socket connection)
                throws IOException {
            this.requestLine = requestLine;
            this.head = head;
            this.headers = headers;
            this.body = body;
            this.in = in;
            this.out = connection.getOutputStream();
            this.connection = connection;
        }

        public String method() {
            return requestLine.substring(0, requestLine.indexOf(' '));
        }

        public String requestLine() {
            return requestLine;
        }

        public String head() {
            return head;
        }

        byte[] body() {
            return body;
        }

        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        public Message message() throws Exception {
            return Message.parse(body, MessageLimits.forUpstreams());
        }

        public Request request() throws Exception {
            return (Request) message();
        }

        /** The only value of a header; null if it is not there. */
        public String header(String name) {
            List<String> values = headers.get(name);
            if (values != null && values.size() != 1) {
                throw new AssertionError(name + " stands " + values.size() + " times");
            }
            return values == null ? null : values.get(0);
        }

        public Set<String> headerNames() {
            Set<String> names = new java.util.TreeSet<>();
            headers.keySet().forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
            return names;
        }

        public String session() {
            return header(McpHeaders.SESSION_ID);
        }

        public void answer(int status, String type, String content, String... moreHeaders) throws IOException {
            byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
            StringBuilder answer = new StringBuilder("HTTP/1.1 " + status + " Whatever\r\n");
            if (type != null) {
                answer.append("Content-Type: ").append(type).append("\r\n");
            }
            for (String header : moreHeaders) {
                answer.append(header).append("\r\n");
            }
            answer.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
            out.write(answer.toString().getBytes(StandardCharsets.ISO_8859_1));
            out.write(bytes);
            out.flush();
        }

        public void json(String content, String... moreHeaders) throws IOException {
            answer(200, "application/json", content, moreHeaders);
        }

        /** Answers with a result under the request's own id. */
        public void result(String result, String... moreHeaders) throws Exception {
            json("{\"jsonrpc\":\"2.0\",\"id\":" + request().id().token() + ",\"result\":" + result + "}", moreHeaders);
        }

        public void error(int status, String id, int code, String message) throws IOException {
            answer(
                    status,
                    "application/json",
                    "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":" + code + ",\"message\":\"" + message
                            + "\"}}");
        }

        public void accepted() throws IOException {
            answer(202, null, "");
        }

        /** Begins a stream of events. */
        public Exchange events(String... moreHeaders) throws IOException {
            chunked = true;
            StringBuilder answer = new StringBuilder(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n");
            for (String header : moreHeaders) {
                answer.append(header).append("\r\n");
            }
            raw(answer + "\r\n");
            return this;
        }

        /** Sends a piece of a stream. */
        public Exchange send(String piece) throws IOException {
            byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
            return send(bytes, 0, bytes.length);
        }

        public Exchange send(byte[] bytes, int from, int length) throws IOException {
            ByteArrayOutputStream chunk = new ByteArrayOutputStream();
            chunk.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            chunk.write(bytes, from, length);
            chunk.writeBytes("\r\n".getBytes(StandardCharsets.ISO_8859_1));
            out.write(chunk.toByteArray());
            out.flush();
            return this;
        }

        public Exchange event(String data) throws IOException {
            return send("data: " + data + "\n\n");
        }

        public Exchange raw(String bytes) throws IOException {
            out.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            return this;
        }

        /** Closes the connection when the handler returns. */
        public void closeAfterwards() {
            closing = true;
            chunked = false;
        }

        /** Closes the connection hard, now. */
        public void reset() throws IOException {
            closeAfterwards();
            connection.setSoLinger(true, 0);
            connection.close();
        }

        /** Waits until the client closes the connection. */
        public void awaitClosedByClient() throws IOException {
            connection.setSoTimeout(10_000);
            try {
                if (in.read() >= 0) {
                    throw new AssertionError("the client sends more");
                }
            } catch (java.net.SocketTimeoutException e) {
                throw new AssertionError("the client does not close the connection", e);
            } catch (java.net.SocketException reset) {
                // Closed all the same.
            }
            closeAfterwards();
        }

        private void finish() throws IOException {
            if (chunked) {
                raw("0\r\n\r\n");
            }
        }
    }
}
