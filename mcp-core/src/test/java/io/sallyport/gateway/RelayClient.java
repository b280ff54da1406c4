package io.sallyport.gateway;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.McpHttp;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A client of either era, whose calls tests can wait for while the upstream is made to answer. */
final class RelayClient {

    /** Everything that a client can be asked for. */
    static final String ALL = "{\"sampling\":{},\"elicitation\":{},\"roots\":{\"listChanged\":true}}";

    private final McpHttp http;
    private final Era era;
    private final String session;

    private RelayClient(McpHttp http, Era era, String session) {
        this.http = http;
        this.era = era;
        this.session = session;
    }

    static RelayClient of(Era era, McpHttp http) {
        return era == Era.LEGACY ? legacy(http) : modern(http);
    }

    static RelayClient legacy(McpHttp http) {
        return legacy(http, ALL);
    }

    static RelayClient legacy(McpHttp http, String capabilities) {
        return new RelayClient(http, Era.LEGACY, http.initialize(capabilities));
    }

    static RelayClient modern(McpHttp http) {
        return new RelayClient(http, Era.MODERN, "");
    }

    McpHttp http() {
        return http;
    }

    String session() {
        return session;
    }

    /** Does something on a thread of its own: what waits for an upstream must not keep the test from being it. */
    static <T> CompletableFuture<T> meanwhile(Supplier<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(action.get());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    /** Calls a tool under the id 7 with the progress token "p", as all clients here do; the stream is read as it comes. */
    CompletableFuture<McpHttp.Stream> stream(String tool) {
        return stream(7, tool);
    }

    /** As {@link #stream(String)}, under another id (legacy). */
    CompletableFuture<McpHttp.Stream> stream(int id, String tool) {
        return meanwhile(() -> era == Era.LEGACY
                ? http.openLegacy(session, id, "tools/call", legacyCall(tool))
                : http.openModern("tools/call", modernCall(tool)));
    }

    /** Calls a tool and waits for all that comes of it. */
    CompletableFuture<McpHttp.Answer> call(String tool) {
        return meanwhile(() -> era == Era.LEGACY
                ? http.legacy(session, 7, "tools/call", legacyCall(tool))
                : http.modern("tools/call", modernCall(tool)));
    }

    /** Calls a tool on a connection of the test's own, and reads nothing. */
    void send(Socket connection, String tool) throws IOException {
        String body = era == Era.LEGACY
                ? McpHttp.legacyBody(7, "tools/call", legacyCall(tool))
                : McpHttp.modernBody("tools/call", modernCall(tool), "{}");
        String[] headers = era == Era.LEGACY
                ? McpHttp.legacyHeaders(session)
                : McpHttp.modernHeaders("tools/call", modernCall(tool));
        StringBuilder head = new StringBuilder("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: ")
                .append(body.length())
                .append("\r\n");
        http.defaults()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        connection.getOutputStream().write((head + "\r\n" + body).getBytes(StandardCharsets.UTF_8));
    }

    private static String legacyCall(String tool) {
        return "{\"name\":\"" + tool + "\",\"arguments\":{},\"_meta\":{\"progressToken\":\"p\"}}";
    }

    private static String modernCall(String tool) {
        return "{\"name\":\"" + tool + "\",\"arguments\":{}}";
    }

    /** Makes another request. */
    McpHttp.Answer request(String method, String params) {
        return era == Era.LEGACY ? http.legacy(session, 8, method, params) : http.modern(method, params);
    }

    /** Returns the names of the tools that are listed. */
    List<String> tools() {
        return request("tools/list", "{}").result().get("tools").orElseThrow().elements().stream()
                .map(tool -> tool.getString("name").orElseThrow())
                .toList();
    }

    /** Opens the stream for what comes outside calls; what comes from here on is heard. */
    McpHttp.Stream listen() throws Exception {
        McpHttp.Stream stream;
        if (era == Era.LEGACY) {
            stream = http.open("GET", "", McpHttp.legacyHeaders(session));
        } else {
            stream = http.openModern(
                    "subscriptions/listen",
                    "{\"notifications\":{\"toolsListChanged\":true,\"resourcesListChanged\":true}}");
        }
        stream.nextEvent();
        return stream;
    }

    /** Answers a question that came on a stream (legacy). */
    void answer(JsonValue question, String result) {
        post("{\"jsonrpc\":\"2.0\",\"id\":" + question.get("id").orElseThrow().toJson() + ",\"result\":" + result
                + "}");
    }

    /** Posts a message that wants no answer (legacy). */
    void post(String message) {
        McpHttp.Answer taken = http.post(message, McpHttp.legacyHeaders(session));
        if (taken.status() != 202) {
            throw new AssertionError(taken);
        }
    }
}
