package io.sallyport.testing;

import io.sallyport.protocol.JsonValue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A client that says exactly what a test wants it to say. */
public final class McpHttp {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI endpoint;
    private final Map<String, String> defaults = new LinkedHashMap<>();

    public McpHttp(URI endpoint) {
        this.endpoint = endpoint;
        defaults.put("Content-Type", "application/json");
        defaults.put("Accept", "application/json, text/event-stream");
    }

    /** Returns the headers that every request carries; may be changed. */
    public Map<String, String> defaults() {
        return defaults;
    }

    /** An answer: its status, headers and messages, however they came. */
    public record Answer(int status, Map<String, List<String>> headers, String body) {

        public Optional<String> header(String name) {
            return headers.entrySet().stream()
                    .filter(entry -> entry.getKey().equalsIgnoreCase(name))
                    .map(entry -> entry.getValue().get(0))
                    .findFirst();
        }

        /** Returns the messages of a stream, or the one of a JSON body. */
        public List<JsonValue> messages() {
            if (!header("Content-Type").orElse("").startsWith("text/event-stream")) {
                return body.isEmpty() ? List.of() : List.of(JsonValue.trusted(body));
            }
            List<JsonValue> messages = new ArrayList<>();
            for (String line : body.split("\n")) {
                if (line.startsWith("data: {")) {
                    messages.add(JsonValue.trusted(line.substring(6)));
                }
            }
            return messages;
        }

        /** Returns the last message. */
        public JsonValue message() {
            List<JsonValue> all = messages();
            return all.get(all.size() - 1);
        }

        public JsonValue result() {
            return message().get("result").orElseThrow(() -> new AssertionError("no result in " + body));
        }

        public JsonValue error() {
            return message().get("error").orElseThrow(() -> new AssertionError("no error in " + body));
        }

        public long errorCode() {
            return error().get("code").orElseThrow().asLong().orElseThrow();
        }
    }

    /** An open stream, read line by line. */
    public static final class Stream implements AutoCloseable {

        private final HttpResponse<java.io.InputStream> response;
        private final BufferedReader reader;
        private volatile boolean aborted;

        Stream(HttpResponse<java.io.InputStream> response) {
            this.response = response;
            this.reader = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
        }

        public int status() {
            return response.statusCode();
        }

        public Optional<String> header(String name) {
            return response.headers().firstValue(name);
        }

        /** Returns the next event as its lines, comments skipped; empty at the end of the stream. */
        public List<String> nextEvent() throws IOException {
            List<String> lines = new ArrayList<>();
            for (String line = nextLine(); line != null; line = nextLine()) {
                if (line.isEmpty() && !lines.isEmpty()) {
                    return lines;
                }
                if (!line.isEmpty() && !line.startsWith(":")) {
                    lines.add(line);
                }
            }
            return lines;
        }

        /** Returns the next line, whatever it is; null at the end of the stream. Waits for a while, not for ever. */
        public String nextLine() throws IOException {
            // The client's own stream cannot be interrupted.
            CompletableFuture<Void> giveUp = CompletableFuture.runAsync(
                    this::abort, CompletableFuture.delayedExecutor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
            String line;
            try {
                line = reader.readLine();
            } finally {
                giveUp.cancel(false);
            }
            if (aborted) {
                throw new AssertionError("nothing came for " + PATIENCE.toSeconds() + " s");
            }
            return line;
        }

        private void abort() {
            aborted = true;
            try {
                response.body().close();
            } catch (IOException closedAnyway) {
                // That is what was wanted.
            }
        }

        /** Returns the next message, events without one skipped. */
        public JsonValue nextMessage() throws IOException {
            while (true) {
                List<String> event = nextEvent();
                if (event.isEmpty()) {
                    throw new AssertionError("the stream ended");
                }
                for (String line : event) {
                    if (line.startsWith("data: {")) {
                        return JsonValue.trusted(line.substring(6));
                    }
                }
            }
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }

    /** Posts a body with the usual headers and these; a value of "" removes a header. */
    public Answer post(String body, String... headers) {
        return send("POST", body, headers);
    }

    /** Sends a request; see {@link #post}. */
    public Answer send(String method, String body, String... headers) {
        try {
            HttpResponse<String> response = http.send(
                    request(method, body, headers).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.headers().map(), response.body());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends a request whose answer is read as it comes; see {@link #post}. */
    public Stream open(String method, String body, String... headers) {
        try {
            return new Stream(
                    http.send(request(method, body, headers).build(), HttpResponse.BodyHandlers.ofInputStream()));
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private HttpRequest.Builder request(String method, String body, String... headers) {
        Map<String, String> all = new LinkedHashMap<>(defaults);
        for (int i = 0; i < headers.length; i += 2) {
            String name = headers[i];
            all.keySet().removeIf(name::equalsIgnoreCase);
            if (!headers[i + 1].isEmpty()) {
                all.put(name, headers[i + 1]);
            }
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body));
        all.forEach(request::header);
        return request;
    }

    /** Makes a modern call, with the headers and {@code _meta} that it needs. */
    public Answer modern(String method, String params, String... headers) {
        return post(modernBody(method, params, "{}"), modernHeaders(method, params, headers));
    }

    /** Opens a modern call as a stream. */
    public Stream openModern(String method, String params, String... headers) {
        return open("POST", modernBody(method, params, "{}"), modernHeaders(method, params, headers));
    }

    public static String modernBody(String method, String params, String capabilities) {
        String meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                + "\"io.modelcontextprotocol/clientCapabilities\":" + capabilities
                + ",\"io.modelcontextprotocol/logLevel\":\"info\",\"progressToken\":\"p\"}";
        String inner = params.equals("{}") ? "{" + meta + "}" : "{" + meta + "," + params.substring(1);
        return "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" + method + "\",\"params\":" + inner + "}";
    }

    public static String[] modernHeaders(String method, String params, String... more) {
        List<String> headers = new ArrayList<>(List.of("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method));
        JsonValue parsed = JsonValue.trusted(params);
        parsed.getString("name").or(() -> parsed.getString("uri")).ifPresent(name -> {
            headers.add("Mcp-Name");
            headers.add(name);
        });
        headers.addAll(List.of(more));
        return headers.toArray(String[]::new);
    }

    /** Opens a legacy session and returns its id. */
    public String initialize(String capabilities, String... headers) {
        Answer answer = post(
                "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
                        + "\"capabilities\":" + capabilities + ",\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
                headers);
        if (answer.status() != 200) {
            throw new AssertionError(answer);
        }
        return answer.header("Mcp-Session-Id").orElseThrow();
    }

    /** Makes a request in a legacy session. */
    public Answer legacy(String session, int id, String method, String params, String... headers) {
        return post(legacyBody(id, method, params), legacyHeaders(session, headers));
    }

    /** Opens a request in a legacy session as a stream. */
    public Stream openLegacy(String session, int id, String method, String params, String... headers) {
        return open("POST", legacyBody(id, method, params), legacyHeaders(session, headers));
    }

    public static String legacyBody(int id, String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}";
    }

    public static String[] legacyHeaders(String session, String... more) {
        List<String> headers =
                new ArrayList<>(List.of("Mcp-Session-Id", session, "MCP-Protocol-Version", "2025-11-25"));
        headers.addAll(List.of(more));
        return headers.toArray(String[]::new);
    }
}
