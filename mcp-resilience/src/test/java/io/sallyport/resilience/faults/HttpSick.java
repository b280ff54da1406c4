package io.sallyport.resilience.faults;

import io.sallyport.protocol.Methods;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.FakeHttpServer;
import io.sallyport.upstream.http.FakeHttpServer.Exchange;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.http.McpScript;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A server over HTTP. */
final class HttpSick implements Sick {

    private static final long HOLD_SECONDS = 60;

    private final HttpFault fault;
    private final McpScript script;
    private final AtomicInteger carriedOut = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private final int port;
    private final List<Closeable> blackhole = new ArrayList<>();
    private volatile FakeHttpServer server;
    private volatile boolean isSick;
    private volatile String tools = "buy";
    private volatile int forgotten;

    HttpSick(HttpFault fault) throws IOException {
        this.fault = fault;
        boolean hasSessions = fault == HttpFault.RESTART_WITHOUT_SESSIONS;
        script = hasSessions ? McpScript.legacy() : McpScript.modern();
        script.on(
                Methods.TOOLS_LIST,
                exchange -> exchange.result("{\"tools\":[{\"name\":\"buy\",\"inputSchema\":{\"type\":\"object\"}}"
                        + (tools.equals("buy") ? "" : ",{\"name\":\"sell\",\"inputSchema\":{\"type\":\"object\"}}")
                        + "]}"));
        script.on(Methods.TOOLS_CALL, this::call);
        server = new FakeHttpServer(this::handle);
        port = server.port();
    }

    private void handle(Exchange exchange) throws Exception {
        if (exchange.session() != null && numberOf(exchange.session()) <= forgotten) {
            exchange.answer(404, null, "");
        } else {
            script.handle(exchange);
        }
    }

    private static int numberOf(String session) {
        return Integer.parseInt(session.substring(session.indexOf('-') + 1));
    }

    private void call(Exchange exchange) throws Exception {
        if (isSick) {
            fault.answer(exchange, this);
        } else {
            carryOut();
            exchange.result("{\"content\":[{\"type\":\"text\",\"text\":\"bought\"}],\"resultType\":\"complete\"}");
        }
    }

    void carryOut() {
        carriedOut.incrementAndGet();
    }

    void awaitEnd() throws InterruptedException {
        over.await(HOLD_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public Upstream upstream() {
        return HttpUpstream.at("sick", URI.create("http://127.0.0.1:" + port + "/mcp"))
                .connectTimeout(Duration.ofMillis(500))
                .build();
    }

    @Override
    public void begin() throws Exception {
        if (fault.isDead()) {
            server.close();
        }
        if (fault == HttpFault.CONNECT_BLACKHOLE) {
            swallow();
        }
        isSick = true;
    }

    /** Has the system accept no more connections to the port, without refusing them. */
    private void swallow() throws IOException {
        ServerSocket full = Waiting.until("the port is free", () -> listen(1));
        blackhole.add(full);
        for (int i = 0; i < 3; i++) {
            Socket waiting = new Socket();
            blackhole.add(waiting);
            try {
                waiting.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 100);
            } catch (IOException isFull) {
                return;
            }
        }
    }

    private ServerSocket listen(int backlog) {
        try {
            return new ServerSocket(port, backlog, InetAddress.getByName("127.0.0.1"));
        } catch (IOException notYet) {
            return null;
        }
    }

    @Override
    public void end() throws Exception {
        isSick = false;
        over.countDown();
        for (Closeable one : blackhole) {
            one.close();
        }
        if (fault == HttpFault.RESTART_WITHOUT_SESSIONS) {
            forgotten = numberOf(script.newestSession());
        }
        if (fault == HttpFault.RESTART_WITH_OTHER_TOOLS) {
            tools = "buy and sell";
        }
        if (fault.isDead()) {
            server = new FakeHttpServer(Waiting.until("the port is free", () -> listen(200)), "http", this::handle);
        }
    }

    @Override
    public int carriedOut() {
        return carriedOut.get();
    }

    @Override
    public void close() throws IOException {
        over.countDown();
        for (Closeable one : blackhole) {
            one.close();
        }
        server.close();
    }
}
