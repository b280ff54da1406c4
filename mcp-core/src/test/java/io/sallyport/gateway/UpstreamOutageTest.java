package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Upstreams that are slow, down, busy, or come back. */
class UpstreamOutageTest {

    private static final String CALL = "{\"name\":\"far__echo\",\"arguments\":{\"text\":\"hi\"}}";

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private McpGateway gateway;
    private CompletableFuture<Void> tried;

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    private static LocalServer echo(String name) {
        return LocalServer.named(name)
                .tool(Tool.named("echo")
                        .description("Says it again.")
                        .param("text", "string", "What to say")
                        .handler(call -> ToolResult.text(call.string("text"))))
                .build();
    }

    /** Returns a client of a gateway that has tried its upstreams. */
    private McpHttp serve(McpGateway.Builder builder) throws Exception {
        McpHttp client = serveAtOnce(builder);
        tried.get(10, TimeUnit.SECONDS);
        return client;
    }

    private McpHttp serveAtOnce(McpGateway.Builder builder) throws Exception {
        gateway = builder.upstream(echo("near")).allowAnonymous().build();
        open.push(gateway);
        tried = gateway.start();
        return new McpHttp(URI.create("http://127.0.0.1:" + listen(new McpServlet(gateway), 0) + "/mcp"));
    }

    private int listen(HttpServlet servlet, int port) throws Exception {
        JettyContainer container = new JettyContainer(port);
        open.push(container::stop);
        return container.start(servlet, "/mcp");
    }

    /** Starts a server with the tool {@code echo}, which can be closed and started again at the same port. */
    private AutoCloseable farServer(int port) throws Exception {
        McpGateway gateway = McpGateway.builder()
                .upstream(echo("far"))
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        JettyContainer container = new JettyContainer(port);
        container.start(new McpServlet(gateway), "/mcp");
        return () -> {
            // First the port: a gateway that ends answers 503, and then is not gone but busy.
            container.stop();
            gateway.close();
        };
    }

    private static HttpUpstream far(int port) {
        return HttpUpstream.at("far", URI.create("http://127.0.0.1:" + port + "/mcp"))
                .build();
    }

    private static int freePort() throws Exception {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return probe.getLocalPort();
        }
    }

    private static String tools(McpHttp client) {
        return client.modern("tools/list", "{}")
                .result()
                .get("tools")
                .orElseThrow()
                .toJson();
    }

    @Test
    @Incident("X7")
    void anUpstreamThatNeverAnswersDelaysNobody() throws Exception {
        McpHttp client =
                serveAtOnce(McpGateway.builder().upstream(new Silent()).startupPatience(Duration.ofMillis(50)));

        assertThat(tools(client)).contains("near__echo");
        assertThat(client.modern("tools/call", "{\"name\":\"near__echo\",\"arguments\":{\"text\":\"hi\"}}")
                        .result()
                        .toJson())
                .contains("hi");
    }

    @Test
    @Incident("X7")
    @Incident("S6")
    @Incident("S40")
    @Incident("S51")
    @Incident("S153")
    @Incident("S213")
    void whatAnUpstreamOfferedStaysListedWhileItIsDownAndServesAgainWhenItIsBack() throws Exception {
        int port = freePort();
        AutoCloseable server = farServer(port);
        open.push(server);
        McpHttp client = serve(McpGateway.builder().upstream(far(port)));
        assertThat(client.modern("tools/call", CALL).result().toJson()).contains("hi");

        server.close();
        JsonValue error = Waiting.until("it is known that it is down", () -> {
            McpHttp.Answer answer = client.modern("tools/call", CALL);
            return answer.body().contains("retryAfterMs") ? answer.error() : null;
        });

        assertThat(tools(client)).contains("far__echo", "near__echo");
        JsonValue data = error.get("data").orElseThrow();
        assertThat(data.members())
                .containsOnlyKeys("code", "component", "cause", "retryable", "retryAfterMs", "correlationId");
        assertThat(data.getString("code")).contains("upstream_unavailable");
        assertThat(data.getString("component")).contains("far");
        assertThat(data.get("retryable").orElseThrow().asBoolean()).contains(true);
        assertThat(data.get("retryAfterMs").orElseThrow().asLong().orElseThrow())
                .isBetween(0L, 5_000L);
        assertThat(error.toJson()).as("operators only").doesNotContain("127.0.0.1", String.valueOf(port));

        open.push(farServer(port));
        Waiting.until(
                "it is back", () -> client.modern("tools/call", CALL).body().contains("\"hi\"") ? true : null);
    }

    @Test
    @Incident("X7")
    void anEndpointMayHideWhatCannotBeCalled() throws Exception {
        int port = freePort();
        AutoCloseable server = farServer(port);
        open.push(server);
        McpHttp client = serve(McpGateway.builder()
                .upstream(far(port))
                .endpoint(Endpoint.at("/mcp").hideWhenDown()));
        assertThat(tools(client)).contains("far__echo");

        server.close();
        client.modern("tools/call", CALL);

        Waiting.until("it is hidden", () -> tools(client).contains("far__echo") ? null : true);
        assertThat(tools(client)).contains("near__echo");
    }

    @Test
    @Incident("S155")
    void anUpstreamThatWasNeverReachedOffersNothingAndIsNamedInTheStatus() throws Exception {
        int port = freePort();
        McpHttp client = serve(McpGateway.builder().upstream(far(port)));

        assertThat(tools(client)).contains("near__echo").doesNotContain("far__");
        assertThat(gateway.upstreams())
                .filteredOn(status -> status.name().equals("far"))
                .singleElement()
                .satisfies(status -> assertThat(status.problem().orElseThrow())
                        .isEqualTo("UNREACHABLE: refused: nothing listens at 127.0.0.1:" + port));
    }

    @Test
    @Incident("S74")
    void afterHowLongABusyUpstreamWantsToBeAskedAgainReachesTheClient() throws Exception {
        Busy server = new Busy(open);
        McpHttp client = serve(McpGateway.builder().upstream(far(listen(server, 0))));
        server.refuses = request -> "tools/call".equals(request.getHeader("Mcp-Method"));

        // When
        McpHttp.Answer answer = client.modern("tools/call", CALL);

        assertThat(answer.status()).as("the gateway itself is well").isEqualTo(200);
        assertThat(answer.errorCode()).isEqualTo(50301);
        JsonValue data = answer.error().get("data").orElseThrow();
        assertThat(data.getString("code")).contains("upstream_overloaded");
        assertThat(data.get("retryAfterMs").orElseThrow().asLong()).hasValue(60_000);
    }

    @Test
    @Incident("S74")
    void anUpstreamThatIsTooBusyToConnectToIsLeftAloneAsLongAsItWants() throws Exception {
        Busy server = new Busy(open);
        McpHttp client = serve(McpGateway.builder().upstream(far(listen(server, 0))));
        assertThat(server.isListenedTo.await(10, TimeUnit.SECONDS))
                .as("the gateway can notice that the upstream ends")
                .isTrue();

        // When
        server.refuses = request -> true;
        server.gateway.close();

        // What the upstream itself answers is a whole minute, the gateway's own pauses are 5 s at the most.
        Waiting.until("it waits for the end of that minute", () -> {
            OptionalLong left = client.modern("tools/call", CALL)
                    .error()
                    .get("data")
                    .flatMap(data -> data.get("retryAfterMs"))
                    .map(JsonValue::asLong)
                    .orElse(OptionalLong.empty());
            return left.isPresent() && left.getAsLong() > 10_000 && left.getAsLong() < 60_000 ? true : null;
        });
    }

    @Test
    @Incident("S50")
    void oneCorrelationIdTiesTheClientsErrorToTheOperatorsLog() throws Exception {
        int port = freePort();
        AutoCloseable server = farServer(port);
        open.push(server);
        McpHttp client = serve(McpGateway.builder().upstream(far(port)));
        server.close();
        try (CapturedLog log = CapturedLog.of("io.sallyport.call")) {
            // When
            String id = client.modern("tools/call", CALL)
                    .error()
                    .get("data")
                    .flatMap(data -> data.getString("correlationId"))
                    .orElseThrow();

            assertThat(log.lines())
                    .filteredOn(line -> line.contains(id))
                    .singleElement()
                    .asString()
                    .contains("a call failed", "far", "tools/call", "detail=");
        }
    }

    @Test
    void aReasonThatStaysTheSameButForItsNumbersIsToldOnce() throws Exception {
        Failing failing = new Failing();
        try (CapturedLog log = CapturedLog.of("io.sallyport.upstream")) {
            serve(McpGateway.builder().upstream(failing));
            // A reason is told before the next attempt.
            Waiting.until("it was tried a fourth time", () -> failing.tries.get() == 4 ? true : null);

            assertThat(log.lines())
                    .filteredOn(line -> line.startsWith("upstream down"))
                    .satisfiesExactly(
                            line -> assertThat(line).contains("exit code 1;"),
                            line -> assertThat(line).contains("exit code 137;"));
        }
    }

    /** Ends at each start, each time after another while; the second time for another reason. */
    private static final class Failing implements Upstream {
        private final AtomicInteger tries = new AtomicInteger();

        @Override
        public String name() {
            return "failing";
        }

        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            int number = tries.incrementAndGet();
            String detail = "the process ended after " + number + " ms with exit code " + (number == 2 ? 137 : 1)
                    + "; last words: see 2026-11-25T19_54_0" + number + "Z.log";
            return CompletableFuture.failedFuture(
                    new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.INTERRUPTED, detail)));
        }

        @Override
        public boolean sharesSessions() {
            return false;
        }
    }

    /** Is asked to open a session, and does not answer. */
    private static final class Silent implements Upstream {
        @Override
        public String name() {
            return "silent";
        }

        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            return new CompletableFuture<>();
        }

        @Override
        public boolean sharesSessions() {
            return false;
        }
    }

    /** An MCP server that answers some requests by asking for a minute's pause. */
    private static final class Busy extends HttpServlet {
        private static final long serialVersionUID = 1L;

        private final transient McpGateway gateway = McpGateway.builder()
                .upstream(echo("far"))
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .build();
        private final transient HttpServlet servlet = new McpServlet(gateway);
        private final transient CountDownLatch isListenedTo = new CountDownLatch(1);
        private transient volatile Predicate<HttpServletRequest> refuses = request -> false;

        Busy(Deque<AutoCloseable> open) throws Exception {
            open.push(gateway);
            gateway.start().get(10, TimeUnit.SECONDS);
        }

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws ServletException, IOException {
            if (refuses.test(request)) {
                response.setHeader("Retry-After", "60");
                response.setStatus(429);
            } else {
                servlet.service(request, response);
                if ("subscriptions/listen".equals(request.getHeader("Mcp-Method"))) {
                    isListenedTo.countDown();
                }
            }
        }
    }
}
