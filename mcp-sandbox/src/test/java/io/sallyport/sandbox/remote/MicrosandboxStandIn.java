package io.sallyport.sandbox.remote;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * A microsandbox server, up to 0.2.6, as far as it can be told from outside: both dialects, its words, and its faults. Its
 * machines run an {@link Engine}.
 */
final class MicrosandboxStandIn implements AutoCloseable {

    /** Whether it knows namespaces. */
    enum Dialect {
        WITH_NAMESPACES,
        WITHOUT
    }

    /** An answer that is no result. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        final int status;
        final String body;

        Refused(int status, String body) {
            this.status = status;
            this.body = body;
        }

        static Refused error(int status, String error, int code) {
            return new Refused(status, Json.write(Map.of("error", error, "code", code)));
        }

        static Refused internal() {
            return error(500, "Internal server error", 5002);
        }
    }

    /** A machine, as the server remembers it. */
    private static final class Machine {
        final AtomicInteger early = new AtomicInteger();
        volatile boolean running = true;
        volatile boolean lostPort;
    }

    private final Dialect dialect;
    private final Engine engine;
    private final HttpServer server;
    private final ExecutorService handlers = Executors.newCachedThreadPool(action -> {
        Thread thread = new Thread(action, "stand-in");
        thread.setDaemon(true);
        return thread;
    });
    private final CountDownLatch over = new CountDownLatch(1);
    private final Map<String, Map<String, Machine>> namespaces = new ConcurrentHashMap<>();
    private final Map<String, Misbehaviour> misbehaviours = new ConcurrentHashMap<>();
    private final AtomicInteger startsUnderWay = new AtomicInteger();

    /** What was asked: methods, and what with. */
    final List<JsonValue> requests = new CopyOnWriteArrayList<>();

    final List<Map<String, List<String>>> headers = new CopyOnWriteArrayList<>();
    final AtomicInteger mostMachines = new AtomicInteger();
    final AtomicInteger elsewhere = new AtomicInteger();

    Optional<StandInKeys> keys = Optional.empty();
    volatile String startResult = "Sandbox %s started successfully";
    volatile Duration startDelay = Duration.ZERO;
    volatile int earlyAnswers;
    volatile boolean losesUpdates;
    volatile boolean stopFails;

    MicrosandboxStandIn(Dialect dialect, Engine engine) {
        this(dialect, engine, 0);
    }

    MicrosandboxStandIn(Dialect dialect, Engine engine, int port) {
        this.dialect = dialect;
        this.engine = engine;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(handlers);
        server.createContext("/api/v1/health", exchange -> send(exchange, 200, "{\"message\":\"Service is healthy\"}"));
        server.createContext("/api/v1/rpc", this::rpc);
        server.createContext("/", exchange -> {
            elsewhere.incrementAndGet();
            send(exchange, 404, "");
        });
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** From now on, what a method does instead of answering. */
    void misbehave(String method, Misbehaviour how) {
        misbehaviours.put(method, how);
    }

    void behave() {
        misbehaviours.clear();
    }

    List<String> running() {
        return namespaces.values().stream()
                .flatMap(it -> it.entrySet().stream())
                .filter(it -> it.getValue().running)
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    List<JsonValue> requests(String method) {
        return requests.stream()
                .filter(it -> it.getString("method").orElseThrow().equals(method))
                .map(it -> it.get("params").orElseThrow())
                .toList();
    }

    private void rpc(HttpExchange exchange) throws IOException {
        try {
            headers.add(Map.copyOf(exchange.getRequestHeaders()));
            String text = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            JsonValue request = request(exchange, text);
            String method = request.getString("method").orElseThrow();
            requests.add(request);
            Misbehaviour how = misbehaviours.get(method);
            if (how != null) {
                how.answer(exchange, over);
                return;
            }
            checkKey(exchange, request);
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("jsonrpc", "2.0");
            answer.put("result", result(method, request));
            request.get("id").ifPresent(id -> answer.put("id", id));
            send(exchange, 200, Json.write(answer));
        } catch (Refused refused) {
            send(exchange, refused.status, refused.body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException gone) {
            // Whoever asked has left.
        } catch (Exception e) {
            send(exchange, 500, "{\"error\":\"Internal server error\",\"code\":5002}");
        } finally {
            exchange.close();
        }
    }

    private static JsonValue request(HttpExchange exchange, String text) throws Refused {
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        if (type == null || !type.startsWith("application/json")) {
            throw new Refused(415, "Expected request with `Content-Type: application/json`");
        }
        JsonValue request;
        try {
            request = JsonValue.parse(text, MessageLimits.forClients().withMaxBytes(2 * 1024 * 1024));
        } catch (MalformedMessageException e) {
            throw new Refused(400, "Failed to parse the request body as JSON");
        }
        if (request.get("jsonrpc").isEmpty() || request.get("method").isEmpty()) {
            throw new Refused(422, "Failed to deserialize the JSON body into the target type: missing field");
        }
        return request;
    }

    private void checkKey(HttpExchange exchange, JsonValue request) throws Refused {
        if (keys.isEmpty()) {
            return;
        }
        Optional<String> header = Optional.ofNullable(
                        exchange.getRequestHeaders().getFirst("Proxy-Authorization"))
                .or(() -> Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")));
        StandInKeys.Checked checked = keys.get().check(header);
        if (checked.code() != 0) {
            throw Refused.error(401, checked.error(), checked.code());
        }
        String scope = checked.namespace().orElse("*");
        if (dialect == Dialect.WITHOUT || scope.equals("*")) {
            return;
        }
        String method = request.getString("method").orElseThrow();
        JsonValue params = request.get("params")
                .orElseThrow(() -> Refused.error(400, "Missing 'params' field in JSON-RPC request", 2001));
        String namespace = params.getString("namespace")
                .orElseThrow(() -> Refused.error(
                        400, "Missing or invalid 'namespace' in params for method '" + method + "'", 2001));
        if (!namespace.equals(scope)) {
            throw Refused.error(403, "Access denied", 3001);
        }
    }

    private Object result(String method, JsonValue request) throws Exception {
        JsonValue params = request.get("params").orElse(JsonValue.trusted("{}"));
        return switch (method) {
            case "sandbox.start" -> start(params);
            case "sandbox.stop" -> stop(params);
            case "sandbox.metrics.get" -> metrics(params);
            case "sandbox.repl.run" -> repl(params);
            case "sandbox.command.run" -> command(params);
            default ->
                throw new Refused(
                        404,
                        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"Method not found: " + method
                                + "\"},\"id\":1}");
        };
    }

    private static Refused invalid(String why) {
        return Refused.error(400, why, 2001);
    }

    /** The name of the directory; the dialect without namespaces has one. */
    private String namespace(JsonValue params) throws Refused {
        if (dialect == Dialect.WITHOUT) {
            return "default";
        }
        return checkedName(
                "Namespace",
                params.getString("namespace")
                        .orElseThrow(() -> invalid("Missing required 'namespace' parameter for portal request")));
    }

    private static String checkedName(String kind, String name) throws Refused {
        if (name.isEmpty()) {
            throw invalid(kind + " name cannot be empty");
        }
        if (name.length() > 63) {
            throw invalid(kind + " name cannot exceed 63 characters");
        }
        if (!name.matches("[A-Za-z0-9_-]+")) {
            throw invalid(kind + " name can only contain alphanumeric characters, hyphens, or underscores");
        }
        if (!Character.isLetterOrDigit(name.charAt(0))) {
            throw invalid(kind + " name must start with an alphanumeric character");
        }
        return name;
    }

    private String start(JsonValue params) throws Exception {
        String name = checkedName("Sandbox", params.getString("sandbox").orElse(""));
        String namespace = namespace(params);
        JsonValue config = params.get("config").orElseThrow(() -> invalid("No configuration provided"));
        for (String list : List.of("volumes", "ports", "envs", "depends_on")) {
            if (dialect == Dialect.WITH_NAMESPACES
                    && config.get(list).map(JsonValue::kind).orElse(JsonValue.Kind.ARRAY) != JsonValue.Kind.ARRAY) {
                throw invalid("Invalid params for sandbox.start: invalid type: null, expected a sequence");
            }
        }
        Map<String, Machine> machines = namespaces.computeIfAbsent(namespace, it -> new ConcurrentHashMap<>());
        boolean isAlone = startsUnderWay.incrementAndGet() == 1;
        try {
            over.await(startDelay.toNanos(), TimeUnit.NANOSECONDS);
            Machine before = machines.get(name);
            Machine machine = new Machine();
            machine.early.set(earlyAnswers);
            // One that runs keeps its port, and the server looks for it at another.
            machine.lostPort = before != null && before.running;
            if (!losesUpdates || isAlone && startsUnderWay.get() == 1) {
                machines.put(name, machine);
            }
            mostMachines.accumulateAndGet(running().size(), Math::max);
            return String.format(startResult, name);
        } finally {
            startsUnderWay.decrementAndGet();
        }
    }

    private String stop(JsonValue params) throws Refused {
        String name = params.getString("sandbox").orElseThrow();
        Map<String, Machine> machines = namespaces.get(namespace(params));
        if (machines == null) {
            throw invalid("Namespace directory '" + namespace(params) + "' does not exist");
        }
        Machine machine = machines.get(name);
        if (machine == null || stopFails) {
            throw Refused.internal();
        }
        machine.running = false;
        engine.stop(name);
        return "Sandbox " + name + " stopped successfully";
    }

    private Map<String, Object> metrics(JsonValue params) throws Refused {
        List<Map<String, Object>> all = new ArrayList<>();
        String wanted =
                dialect == Dialect.WITHOUT ? "*" : params.getString("namespace").orElseThrow();
        if (!wanted.equals("*") && !namespaces.containsKey(wanted)) {
            throw invalid("Namespace directory '" + wanted + "' does not exist");
        }
        namespaces.forEach((namespace, machines) -> {
            if (wanted.equals("*") || wanted.equals(namespace)) {
                machines.forEach((name, machine) -> {
                    Map<String, Object> entry = new LinkedHashMap<>();
                    if (dialect == Dialect.WITH_NAMESPACES) {
                        entry.put("namespace", namespace);
                    }
                    entry.put("name", name);
                    entry.put("running", machine.running);
                    entry.put("cpu_usage", null);
                    entry.put("memory_usage", null);
                    entry.put("disk_usage", null);
                    all.add(entry);
                });
            }
        });
        return Map.of("sandboxes", all);
    }

    /** Finds the machine that is to do something, which may not be up yet. */
    private String portal(JsonValue params) throws Refused {
        String name = params.getString("sandbox")
                .orElseThrow(() -> invalid("Missing required 'sandbox' parameter for portal request"));
        Machine machine = namespaces.getOrDefault(namespace(params), Map.of()).get(name);
        if (machine == null || !machine.running || machine.lostPort || machine.early.getAndDecrement() > 0) {
            throw Refused.internal();
        }
        return name;
    }

    private static Optional<Duration> timeout(JsonValue params) {
        return params.get("timeout").map(it -> Duration.ofSeconds(it.asLong().orElseThrow()));
    }

    private Map<String, Object> repl(JsonValue params) throws Exception {
        String machine = portal(params);
        String language = params.getString("language").orElseThrow(Refused::internal);
        List<Map<String, Object>> output = engine
                .repl(machine, language, params.getString("code").orElseThrow(Refused::internal), timeout(params))
                .stream()
                .map(Engine.Line::toJson)
                .collect(Collectors.toList());
        return Map.of("status", "success", "language", language, "output", output);
    }

    private Map<String, Object> command(JsonValue params) throws Exception {
        String machine = portal(params);
        String command = params.getString("command").orElseThrow(Refused::internal);
        List<String> arguments = params.get("args").map(JsonValue::elements).orElse(List.of()).stream()
                .map(it -> it.asString().orElseThrow())
                .toList();
        Engine.Ended ended =
                engine.command(machine, command, arguments, timeout(params)).orElseThrow(Refused::internal);
        return Map.of(
                "command",
                command,
                "args",
                arguments,
                "exit_code",
                ended.exitCode(),
                "success",
                ended.exitCode() == 0,
                "output",
                ended.output().stream().map(Engine.Line::toJson).collect(Collectors.toList()));
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        over.countDown();
        engine.close();
        server.stop(0);
        handlers.shutdownNow();
    }
}
