package io.sallyport.upstream.http;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.http.FakeHttpServer.Exchange;
import io.sallyport.upstream.http.FakeHttpServer.Handler;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** How a {@link FakeHttpServer} plays an MCP server: well-behaved where a test says nothing else. */
public final class McpScript implements Handler {

    static final String DISCOVERED = "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
            + "\"capabilities\":{\"tools\":{\"listChanged\":true}},\"instructions\":\"be kind\","
            + "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"modern\",\"version\":\"2\"}}}";

    private final Map<String, Handler> handlers = new ConcurrentHashMap<>();
    private final AtomicInteger sessions = new AtomicInteger();

    private McpScript() {}

    /** Speaks the modern era only. */
    public static McpScript modern() {
        McpScript script = new McpScript();
        script.on("server/discover", exchange -> exchange.result(DISCOVERED));
        script.on(
                "initialize",
                exchange -> exchange.error(404, exchange.request().id().token(), -32601, "no such method"));
        script.on("GET", exchange -> exchange.answer(405, null, ""));
        return script;
    }

    /** Speaks the legacy era only, with sessions {@code session-1}, {@code session-2} and so on. */
    public static McpScript legacy() {
        McpScript script = new McpScript();
        script.on(
                "server/discover",
                exchange -> exchange.error(400, "null", -32000, "Bad Request: Server not initialized"));
        script.on(
                "initialize",
                exchange -> exchange.result(initialized("2025-11-25"), "Mcp-Session-Id: " + script.newSession()));
        script.on("notifications/initialized", Exchange::accepted);
        script.on("GET", exchange -> exchange.answer(405, null, ""));
        script.on("DELETE", exchange -> exchange.answer(200, null, ""));
        return script;
    }

    public static String initialized(String version) {
        return "{\"protocolVersion\":\"" + version + "\",\"capabilities\":{\"tools\":{\"listChanged\":true}},"
                + "\"serverInfo\":{\"name\":\"legacy\",\"version\":\"1\"},\"instructions\":\"be kind\"}";
    }

    /** Says what is done for a JSON-RPC method, {@code response}, {@code GET} or {@code DELETE}. */
    public McpScript on(String what, Handler handler) {
        handlers.put(what, handler);
        return this;
    }

    /** Begins a session and returns its id. */
    public String newSession() {
        return "session-" + sessions.incrementAndGet();
    }

    /** The id of the newest session. */
    public String newestSession() {
        return "session-" + sessions.get();
    }

    @Override
    public void handle(Exchange exchange) throws Exception {
        String what = exchange.method();
        if (what.equals("POST")) {
            Message message = exchange.message();
            what = message instanceof Request request
                    ? request.method()
                    : message instanceof io.sallyport.protocol.Notification notification
                            ? notification.method()
                            : "response";
        }
        Handler handler = handlers.get(what);
        if (handler != null) {
            handler.handle(exchange);
        } else if (exchange.method().equals("POST") && exchange.message() instanceof Request) {
            exchange.result("{\"answered\":\"" + what + "\"}");
        } else {
            exchange.accepted();
        }
    }
}
