package io.sallyport.session.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The SDK's own client, of whose requests each goes to another node. */
class SdkClientRoundRobinTest {

    private final List<McpSchema.ProgressNotification> progress = new CopyOnWriteArrayList<>();
    private final BlockingQueue<List<McpSchema.Tool>> toolChanges = new LinkedBlockingQueue<>();

    private McpSyncClient client(URI uri) {
        return McpClient.sync(HttpClientStreamableHttpTransport.builder(uri.toString())
                        .build())
                .requestTimeout(Duration.ofSeconds(10))
                .capabilities(McpSchema.ClientCapabilities.builder()
                        .sampling()
                        .elicitation()
                        .build())
                .elicitation(form -> McpSchema.ElicitResult.builder(McpSchema.ElicitResult.Action.ACCEPT)
                        .content(Map.of("name", "Ann"))
                        .build())
                .sampling(
                        question -> McpSchema.CreateMessageResult.builder(McpSchema.Role.ASSISTANT, "Green.", "a model")
                                .build())
                .progressConsumer(progress::add)
                .toolsChangeConsumer(toolChanges::add)
                .build();
    }

    private static String call(McpSyncClient client, String tool, Map<String, Object> arguments) {
        McpSchema.CallToolResult result = client.callTool(McpSchema.CallToolRequest.builder(tool)
                .arguments(arguments)
                .progressToken("t")
                .build());
        return ((McpSchema.TextContent) result.content().get(0)).text();
    }

    @Test
    void worksThroughABalancerWithoutAffinity() throws Exception {
        SharedStore store = new SharedStore();
        try (Node a = new Node(store);
                Node b = new Node(store);
                RoundRobin balancer = new RoundRobin(List.of(a.port(), b.port()));
                McpSyncClient client = client(balancer.uri())) {
            client.initialize();

            for (int i = 0; i < 6; i++) {
                // When
                assertThat(call(client, "echo", Map.of("text", "n" + i))).isEqualTo("n" + i);
                assertThat(call(client, "ask", Map.of())).isEqualTo("Hello, Ann");
                assertThat(call(client, "sample", Map.of())).isEqualTo("Green.");
            }
            assertThat(call(client, "count", Map.of("to", "5"))).isEqualTo("counted to 5");
            Waiting.until("all progress has come", () -> progress.size() == 5 ? true : null);
            assertThat(client.listTools().tools()).hasSizeGreaterThan(3);
            Waiting.until("the client hears of changes", () -> {
                a.server.mcp.notifyToolsListChanged();
                b.server.mcp.notifyToolsListChanged();
                return toolChanges.poll(200, TimeUnit.MILLISECONDS);
            });
            assertThat(store.size()).isEqualTo(1);
            client.closeGracefully();
        }
        assertThat(store.size())
                .as("the client ends its session when it is closed")
                .isZero();
    }

    @Test
    void keepsItsSessionWhenANodeStops() throws Exception {
        SharedStore store = new SharedStore();
        try (Node second = new Node(store)) {
            Node first = new Node(store);
            try (RoundRobin balancer = new RoundRobin(List.of(first.port(), second.port()));
                    McpSyncClient client = client(balancer.uri())) {
                client.initialize();

                // When
                first.close();

                for (int i = 0; i < 4; i++) {
                    assertThat(call(client, "echo", Map.of("text", "n" + i))).isEqualTo("n" + i);
                }
                assertThat(store.size()).isEqualTo(1);
                client.closeGracefully();
            }
        }
    }

    /** What a client would see without us. */
    @Test
    void wouldFindItsSessionAtOneNodeOnlyWithTheProviderOfTheSdk() throws Exception {
        HttpServletStreamableServerTransportProvider a = theirs();
        HttpServletStreamableServerTransportProvider b = theirs();
        new TestServer(a);
        new TestServer(b);
        try (Jetty atA = new Jetty(a, "/*");
                Jetty atB = new Jetty(b, "/*")) {
            String session = http(atA).initialize("{}");

            // When
            assertThat(http(atA).legacy(session, 1, "ping", "{}").status()).isEqualTo(200);
            assertThat(http(atB).legacy(session, 2, "ping", "{}").status()).isEqualTo(404);
        } finally {
            a.closeGracefully().block();
            b.closeGracefully().block();
        }
    }

    private static McpHttp http(Jetty jetty) {
        return new McpHttp(URI.create("http://127.0.0.1:" + jetty.port() + "/mcp"));
    }

    private static HttpServletStreamableServerTransportProvider theirs() {
        return HttpServletStreamableServerTransportProvider.builder().build();
    }

    @Test
    void refusesSettingsThatMakeNoSense() {
        ClusteredStreamableServerTransportProvider.Builder builder =
                ClusteredStreamableServerTransportProvider.builder();

        assertThatThrownBy(builder::build).hasMessageContaining("sessionStore");
        assertThatThrownBy(() -> builder.sessionStore(SessionStore.none(SessionStore.Bounds.defaults())))
                .hasMessageContaining("keeps nothing");
        assertThatThrownBy(() -> builder.sessionStore(new SharedStore()).build())
                .hasMessageContaining("sealer(Sealer.withKeys");
        assertThatThrownBy(() -> builder.mcpEndpoint("mcp")).hasMessageContaining("\"/mcp\"");
        assertThatThrownBy(() -> builder.keepAliveInterval(Duration.ZERO)).hasMessageContaining("PT0S");
        assertThatThrownBy(() -> builder.maxRequestSize(0)).hasMessageContaining("but was 0");
    }

    @Test
    void servesOneServer() throws Exception {
        try (Node node = new Node(new SharedStore())) {
            // When
            assertThatThrownBy(() -> new TestServer(node.provider)).hasMessageContaining("one server");
        }
    }
}
