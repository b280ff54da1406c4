package io.sallyport.sandbox.remote;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The sandbox service of MCPbox, as far as it can be told from outside. It forgets what was registered when it ends, and all
 * code runs on the one thread that also answers: {@code hang} keeps everybody waiting. Its code is {@code value JSON}, {@code
 * say WORD}, {@code fail WORDS} and {@code hang}.
 */
final class McpboxStandIn implements AutoCloseable {

    static final String KEY = "0123456789abcdef0123456789abcdef";

    private final HttpServer server;
    private final ExecutorService handlers = Executors.newCachedThreadPool(action -> {
        Thread thread = new Thread(action, "stand-in");
        thread.setDaemon(true);
        return thread;
    });
    private final CountDownLatch over = new CountDownLatch(1);
    private final ReentrantLock loop = new ReentrantLock(true);
    private final Map<String, JsonValue> servers = new ConcurrentHashMap<>();
    private final Map<String, Misbehaviour> misbehaviours = new ConcurrentHashMap<>();

    final List<JsonValue> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger registrations = new AtomicInteger();

    /** How much code was given to it, that included for which it had no time yet. */
    final AtomicInteger executions = new AtomicInteger();

    /** How often somebody wanted to know what is registered. */
    final AtomicInteger lists = new AtomicInteger();

    volatile CountDownLatch hangs = new CountDownLatch(1);
    volatile int dropsTools;
    volatile boolean isBusy;

    McpboxStandIn() {
        this(0);
    }

    McpboxStandIn(int port) {
        server = bound(port);
        server.setExecutor(handlers);
        server.createContext("/", this::handle);
        server.start();
    }

    /** The port of one that has just ended may be taken for a moment by a connection that somebody tries. */
    private static HttpServer bound(int port) {
        IOException last = new IOException("never tried");
        for (int i = 0; i < 1000; i++) {
            try {
                return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            } catch (BindException e) {
                last = e;
                Thread.onSpinWait();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        throw new UncheckedIOException(last);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** From now on, what a path does instead of answering. */
    void misbehave(String path, Misbehaviour how) {
        misbehaviours.put(path, how);
    }

    void behave() {
        misbehaviours.clear();
    }

    /** Whatever hangs ends. */
    void release() {
        hangs.countDown();
    }

    /** Lists the servers that were registered, but for the marks of lives. */
    List<String> registered() {
        return servers.keySet().stream()
                .filter(name -> !name.startsWith("sallyport-"))
                .sorted()
                .toList();
    }

    long marks() {
        return servers.keySet().stream()
                .filter(name -> name.startsWith("sallyport-"))
                .count();
    }

    /** Somebody else registers a server. */
    void register(String name, String registration) {
        servers.put(name, JsonValue.trusted(registration));
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        try {
            String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            Misbehaviour how = misbehaviours.get(path);
            if (how != null) {
                how.answer(exchange, over);
                return;
            }
            if (path.equals("/execute")) {
                executions.incrementAndGet();
            }
            loop.lockInterruptibly();
            try {
                answer(exchange, path, text);
            } finally {
                loop.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException gone) {
            // Whoever asked has left.
        } finally {
            exchange.close();
        }
    }

    private void answer(HttpExchange exchange, String path, String text) throws IOException, InterruptedException {
        if (path.equals("/health")) {
            send(
                    exchange,
                    200,
                    Map.of("status", "healthy", "service", "sandbox", "registered_servers", servers.size()));
            return;
        }
        String key = Optional.ofNullable(exchange.getRequestHeaders().getFirst("X-API-Key"))
                .orElse("");
        if (!key.equals(KEY)) {
            send(exchange, 401, Map.of("detail", key.isEmpty() ? "Missing X-API-Key header" : "Invalid API key"));
            return;
        }
        JsonValue request = JsonValue.trusted(text.isEmpty() ? "{}" : text);
        String[] parts = path.substring(1).split("/");
        if (path.equals("/servers")) {
            lists.incrementAndGet();
            send(exchange, 200, list());
        } else if (path.equals("/servers/register")) {
            requests.add(request);
            send(exchange, 200, register(request));
        } else if (parts.length == 3 && parts[0].equals("servers") && parts[2].equals("unregister")) {
            boolean isKnown = servers.remove(parts[1]) != null;
            send(
                    exchange,
                    isKnown ? 200 : 404,
                    isKnown
                            ? Map.of("success", true, "server_id", parts[1])
                            : Map.of("detail", "Server not found: " + parts[1]));
        } else if (path.equals("/execute") || parts.length == 3 && parts[0].equals("tools")) {
            execute(exchange, parts, request);
        } else {
            send(exchange, 404, Map.of("detail", "Not Found"));
        }
    }

    private Map<String, Object> list() {
        List<Map<String, Object>> all = new ArrayList<>();
        servers.forEach((id, server) -> all.add(Map.of(
                "server_id", id, "server_name", id, "tool_count", tools(server).size())));
        return Map.of("servers", all, "total", all.size());
    }

    private static List<JsonValue> tools(JsonValue server) {
        return server.get("tools").orElseThrow().elements();
    }

    private Map<String, Object> register(JsonValue request) {
        registrations.incrementAndGet();
        String id = request.getString("server_id").orElseThrow();
        servers.put(id, request);
        return Map.of(
                "success",
                true,
                "server_id",
                id,
                "tools_registered",
                Math.max(0, tools(request).size() - dropsTools));
    }

    private void execute(HttpExchange exchange, String[] parts, JsonValue request)
            throws IOException, InterruptedException {
        requests.add(request);
        if (isBusy) {
            exchange.getResponseHeaders().set("Retry-After", "60");
            send(exchange, 429, Map.of("error", "Rate limit exceeded", "retry_after", 60));
            return;
        }
        Optional<String> code = parts.length == 3
                ? toolCode(parts[1])
                // Between what is set before, and what is defined after.
                : request.getString("code").map(it -> it.substring(it.indexOf('\n') + 1, it.indexOf("\n\nasync def")));
        if (code.isEmpty()) {
            send(exchange, 404, Map.of("detail", "Tool not found: " + parts[1]));
            return;
        }
        String[] words = code.get().split(" ", 2);
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("success", !words[0].equals("fail"));
        said.put("result", words[0].equals("value") ? JsonValue.trusted(words[1]) : null);
        said.put("error", words[0].equals("fail") ? words[1] : null);
        said.put("stdout", words[0].equals("say") ? words[1] + "\n" : "");
        if (words[0].equals("hang")) {
            hangs.await();
        }
        send(exchange, 200, said);
    }

    private Optional<String> toolCode(String name) {
        String[] words = name.split("__", 2);
        return Optional.ofNullable(servers.get(words[0]))
                .flatMap(server -> tools(server).stream()
                        .filter(tool -> tool.getString("name").orElseThrow().equals(words[1]))
                        .findFirst())
                .flatMap(tool -> tool.getString("python_code"));
    }

    private static void send(HttpExchange exchange, int status, Map<String, Object> body) throws IOException {
        byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        over.countDown();
        hangs.countDown();
        server.stop(0);
        handlers.shutdownNow();
    }
}
