package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.testing.Container;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.TomcatContainer;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that ask and do not read the answers; few threads bring the answers of an upstream, and none may wait. */
class SlowReaderTest {

    /** More than the threads of an upstream. */
    private static final int SLOW = 4;

    /** Together far more than the buffers between two processes hold. */
    private static final int CALLS = 200;

    private static final Duration STANDSTILL = Duration.ofMillis(500);

    /** Containers close a connection that takes nothing after 20 or 30 seconds; that would end a wait too. */
    private static final Duration BEFORE_A_CONTAINER_GIVES_UP = Duration.ofSeconds(10);

    private static final int ANSWER_BYTES = 30_000;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger called = new AtomicInteger();

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {JettyContainer.class, TomcatContainer.class})
    void delayNobodyElse(Class<? extends Container> kind) throws Exception {
        int upstream = serve(
                new JettyContainer(),
                LocalServer.named("far")
                        .tool(Tool.named("much").handler(call -> {
                            called.incrementAndGet();
                            return ToolResult.text("x".repeat(ANSWER_BYTES));
                        }))
                        .build());
        int port = serve(
                kind.getDeclaredConstructor().newInstance(),
                HttpUpstream.at("far", URI.create("http://127.0.0.1:" + upstream + "/mcp"))
                        .build());
        McpHttp client = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
        for (int i = 0; i < SLOW; i++) {
            Socket slow = new Socket();
            open.add(slow);
            slow.setReceiveBufferSize(4096);
            slow.connect(new InetSocketAddress("127.0.0.1", port));
            askWithoutReading(slow, port);
        }
        int before = waitUntilCallsStandStill();

        // When
        McpHttp.Answer answer = CompletableFuture.supplyAsync(
                        () -> client.modern("tools/call", "{\"name\":\"much\",\"arguments\":{}}"))
                .get(BEFORE_A_CONTAINER_GIVES_UP.toSeconds(), TimeUnit.SECONDS);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(before)
                .as("the slow ones were held up by nobody but themselves")
                .isLessThan(SLOW * CALLS);
    }

    private int serve(Container container, Upstream upstream) throws Exception {
        McpGateway gateway = McpGateway.builder()
                .upstream(upstream)
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .build();
        open.add(gateway);
        gateway.start().get(10, TimeUnit.SECONDS);
        open.add(container::stop);
        return container.start(new McpServlet(gateway), "/mcp");
    }

    /** Writes until all is written or the server takes no more, on a thread of its own. */
    private static void askWithoutReading(Socket slow, int port) {
        String meta = "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
                + "\"io.modelcontextprotocol/clientCapabilities\":{}}";
        String body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"much\","
                + "\"arguments\":{},\"_meta\":" + meta + "}}";
        String request = "POST /mcp HTTP/1.1\r\nHost: localhost:" + port + "\r\nContent-Type: application/json\r\n"
                + "Accept: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n"
                + "Mcp-Name: much\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        byte[] bytes = request.getBytes(StandardCharsets.US_ASCII);
        Thread writer = new Thread(
                () -> {
                    try {
                        OutputStream out = slow.getOutputStream();
                        for (int i = 0; i < CALLS; i++) {
                            out.write(bytes);
                        }
                    } catch (IOException closed) {
                        // The test is over.
                    }
                },
                "slow-reader");
        writer.setDaemon(true);
        writer.start();
    }

    /** Returns how many calls were made when no more came for a while: then every buffer on the way is full. */
    private int waitUntilCallsStandStill() {
        AtomicInteger last = new AtomicInteger();
        AtomicLong since = new AtomicLong(System.nanoTime());
        Waiting.until("the slow clients are stuck", () -> {
            int now = called.get();
            if (last.getAndSet(now) != now) {
                since.set(System.nanoTime());
            }
            return now > 0 && System.nanoTime() - since.get() > STANDSTILL.toNanos() ? now : null;
        });
        return last.get();
    }
}
