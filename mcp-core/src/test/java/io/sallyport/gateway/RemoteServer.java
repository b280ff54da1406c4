package io.sallyport.gateway;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MetaKeys;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.http.FakeHttpServer;
import io.sallyport.upstream.http.FakeHttpServer.Exchange;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.http.McpScript;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * An MCP server behind a gateway, under a test's thumb: tool calls, and whatever else is {@link #hold held}, wait until
 * the test has taken them and says what becomes of them.
 */
final class RemoteServer implements AutoCloseable {

    private static final String CAPABILITIES = "{\"tools\":{\"listChanged\":true},\"logging\":{},"
            + "\"resources\":{\"subscribe\":true,\"listChanged\":true}}";

    private final String name;
    private final McpScript script;
    private final Map<String, BlockingQueue<Held>> held = new ConcurrentHashMap<>();
    private final Set<Held> waiting = ConcurrentHashMap.newKeySet();

    /** By session, the stream on which a legacy server says what belongs to no call. */
    private final Map<String, Exchange> listening = new ConcurrentHashMap<>();

    private final CountDownLatch over = new CountDownLatch(1);
    private volatile List<String> tools = List.of("work");
    private volatile FakeHttpServer http;
    private final int port;

    private RemoteServer(String name, McpScript script) throws IOException {
        this.name = name;
        this.script = script;
        script.on(Methods.TOOLS_LIST, exchange -> exchange.result(toolList(tools)));
        script.on(Methods.RESOURCES_LIST, exchange -> exchange.result("{\"resources\":[" + Json.resource(name) + "]}"));
        script.on(Methods.RESOURCE_TEMPLATES_LIST, exchange -> exchange.result("{\"resourceTemplates\":[]}"));
        hold(Methods.TOOLS_CALL);
        http = new FakeHttpServer(script);
        port = http.port();
    }

    /** What a test would else spell out again and again. */
    private static final class Json {
        static String resource(String name) {
            return "{\"uri\":\"test://" + name + "\",\"name\":\"" + name + "\"}";
        }
    }

    /** Speaks revision 2025-11-25, and has a stream to listen to. */
    static RemoteServer legacy(String name) throws IOException {
        McpScript script = McpScript.legacy();
        RemoteServer server = new RemoteServer(name, script);
        script.on(
                Methods.INITIALIZE,
                exchange -> exchange.result(
                        "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":" + CAPABILITIES
                                + ",\"serverInfo\":{\"name\":\"" + name + "\",\"version\":\"1\"}}",
                        "Mcp-Session-Id: " + script.newSession()));
        script.on("GET", exchange -> {
            server.listening.put(exchange.session(), exchange.events());
            server.over.await();
        });
        server.holdNotifications(Methods.CANCELLED, Methods.ROOTS_CHANGED, "response");
        return server;
    }

    /** Speaks revision 2026-07-28. */
    static RemoteServer modern(String name) throws IOException {
        McpScript script = McpScript.modern();
        RemoteServer server = new RemoteServer(name, script);
        script.on(
                Methods.DISCOVER,
                exchange -> exchange.result(
                        "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":"
                                + CAPABILITIES + ",\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\""
                                + name + "\",\"version\":\"1\"}}}"));
        server.hold(Methods.SUBSCRIPTIONS_LISTEN);
        return server;
    }

    HttpUpstream upstream() {
        return upstream(builder -> builder);
    }

    HttpUpstream upstream(UnaryOperator<HttpUpstream.Builder> settings) {
        return settings.apply(HttpUpstream.at(name, URI.create("http://127.0.0.1:" + port + "/mcp")))
                .build();
    }

    McpScript script() {
        return script;
    }

    FakeHttpServer http() {
        return http;
    }

    /** Returns the result of a list of tools. */
    static String toolList(List<String> names) {
        return names.stream()
                .map(tool -> "{\"name\":\"" + tool + "\",\"inputSchema\":{\"type\":\"object\"}}")
                .collect(Collectors.joining(",", "{\"tools\":[", "]}"));
    }

    void setTools(String... names) {
        tools = List.of(names);
    }

    /** Lets every message of this method wait for the test. */
    void hold(String method) {
        held.putIfAbsent(method, new LinkedBlockingQueue<>());
        script.on(method, exchange -> {
            Held one = new Held(exchange);
            waiting.add(one);
            held.get(method).add(one);
            one.done.await();
            waiting.remove(one);
        });
    }

    /** Accepts messages that want no answer, and keeps them for the test. */
    private void holdNotifications(String... methods) {
        for (String method : methods) {
            held.put(method, new LinkedBlockingQueue<>());
            script.on(method, exchange -> {
                exchange.accepted();
                held.get(method).add(new Held(exchange));
            });
        }
    }

    /** Returns the next message of a method that is held, when it is there. */
    Held next(String method) throws InterruptedException {
        Held next = held.get(method).poll(10, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("no " + method + " reached \"" + name + "\"");
        }
        return next;
    }

    Held nextCall() throws InterruptedException {
        return next(Methods.TOOLS_CALL);
    }

    /** Returns whether nothing of a method that is held waits to be taken. */
    boolean hasNoMore(String method) {
        return held.get(method).isEmpty();
    }

    /** Says something outside calls in a legacy session, when it is listened to. */
    void tell(String session, String message) throws IOException {
        Waiting.until("somebody listens in " + session, () -> listening.get(session))
                .event(message);
    }

    /** Returns the sessions that were opened, in order. */
    List<String> sessions() {
        return http.received(Methods.INITIALIZED).stream()
                .map(Exchange::session)
                .toList();
    }

    /** Dies: connections are cut, and nothing listens any more. */
    void die() throws IOException {
        listening.clear();
        http.close();
    }

    /** Begins a new life at the same place. */
    void live() {
        http = Waiting.until("the port is free", () -> {
            try {
                return new FakeHttpServer(
                        new ServerSocket(port, 200, InetAddress.getByName("127.0.0.1")), "http", script);
            } catch (IOException notYet) {
                return null;
            }
        });
    }

    @Override
    public void close() throws IOException {
        over.countDown();
        waiting.forEach(Held::release);
        http.close();
    }

    /** A message that waits for the test. */
    static final class Held {

        private final Exchange exchange;
        private final CountDownLatch done = new CountDownLatch(1);
        private boolean streaming;

        private Held(Exchange exchange) {
            this.exchange = exchange;
        }

        Exchange exchange() {
            return exchange;
        }

        String session() {
            return exchange.session();
        }

        JsonValue json() {
            return JsonValue.trusted(exchange.text());
        }

        private Request request() throws Exception {
            return exchange.request();
        }

        String id() throws Exception {
            return request().id().token();
        }

        /** Sends a message on the stream of the answer, which is begun if it was not. */
        Held event(String message) throws Exception {
            if (!streaming) {
                exchange.events();
                streaming = true;
            }
            exchange.event(message);
            return this;
        }

        Held progress(int progress) throws Exception {
            String token = request()
                    .get(Part.PARAMS_META, MetaKeys.PROGRESS_TOKEN)
                    .orElseThrow()
                    .toJson();
            return event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":"
                    + token + ",\"progress\":" + progress + "}}");
        }

        Held log(String data) throws Exception {
            return event(logMessage(data));
        }

        Held ask(String id, String method, String params) throws Exception {
            return event(
                    "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + params + "}");
        }

        /** Gives the result, and with it the end. */
        void result(String result) throws Exception {
            if (streaming) {
                event("{\"jsonrpc\":\"2.0\",\"id\":" + id() + ",\"result\":" + result + "}");
            } else {
                exchange.result(result);
            }
            release();
        }

        /** Gives a text as a tool's result, and with it the end. */
        void text(String text) throws Exception {
            result("{\"content\":[{\"type\":\"text\",\"text\":\"" + text + "\"}],\"resultType\":\"complete\"}");
        }

        void awaitClosedByClient() throws IOException {
            exchange.awaitClosedByClient();
            release();
        }

        void cut() throws IOException {
            exchange.reset();
            release();
        }

        void release() {
            done.countDown();
        }
    }

    static String logMessage(String data) {
        return "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"error\",\"data\":\""
                + data + "\"}}";
    }
}
