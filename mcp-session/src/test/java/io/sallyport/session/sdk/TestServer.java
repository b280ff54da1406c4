package io.sallyport.session.sdk;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;

/** A server as somebody may have written it for the SDK, whatever provider it stands on. */
final class TestServer {

    static final String RESOURCE = "test://weather";

    /** What the tool "wait" waits for between its two halves. */
    final Semaphore gate = new Semaphore(0);

    /** How often the resource was read here. */
    final Semaphore reads = new Semaphore(0);

    final McpSyncServer mcp;

    TestServer(McpStreamableServerTransportProvider provider) {
        mcp = McpServer.sync(provider)
                .serverInfo("test server", "1")
                .capabilities(McpSchema.ServerCapabilities.builder()
                        .tools(true)
                        .resources(true, true)
                        .logging()
                        .build())
                .tools(
                        tool("echo", (exchange, request) -> text(argument(request, "text"))),
                        tool(
                                "session",
                                (exchange, request) -> text(String.valueOf(exchange.transportContext()
                                        .get(ClusteredStreamableServerTransportProvider.SESSION)))),
                        tool("count", TestServer::count),
                        tool("wait", this::await),
                        tool("log", TestServer::log),
                        tool(
                                "ask",
                                (exchange, request) -> text("Hello, "
                                        + exchange.createElicitation(form())
                                                .content()
                                                .get("name"))),
                        tool(
                                "sample",
                                (exchange, request) -> text(((McpSchema.TextContent) exchange.createMessage(question())
                                                .content())
                                        .text())),
                        tool("nothing", (exchange, request) -> null))
                .resources(new SyncResourceSpecification(
                        McpSchema.Resource.builder(RESOURCE, "weather").build(), (exchange, request) -> {
                            reads.release();
                            return McpSchema.ReadResourceResult.builder(
                                            List.of(McpSchema.TextResourceContents.builder(request.uri(), "sunny")
                                                    .build()))
                                    .build();
                        }))
                .rootsChangeHandler((exchange, roots) ->
                        exchange.loggingNotification(McpSchema.LoggingMessageNotification.builder(
                                        McpSchema.LoggingLevel.ERROR,
                                        "roots: " + roots.get(0).uri())
                                .build()))
                .build();
    }

    private static SyncToolSpecification tool(
            String name,
            BiFunction<McpSyncServerExchange, McpSchema.CallToolRequest, McpSchema.CallToolResult> handler) {
        return SyncToolSpecification.builder()
                .tool(McpSchema.Tool.builder(name, Map.of("type", "object")).build())
                .callHandler(handler)
                .build();
    }

    /** Says each number up to one, as progress, after a pause in microseconds if there is to be one. */
    private static McpSchema.CallToolResult count(McpSyncServerExchange exchange, McpSchema.CallToolRequest request) {
        int to = Integer.parseInt(argument(request, "to"));
        Object pause = request.arguments().getOrDefault("pause", "0");
        for (int i = 1; i <= to; i++) {
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(Long.parseLong(String.valueOf(pause))));
            progress(exchange, request, i);
        }
        return text("counted to " + to);
    }

    private McpSchema.CallToolResult await(McpSyncServerExchange exchange, McpSchema.CallToolRequest request) {
        progress(exchange, request, 1);
        try {
            gate.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        progress(exchange, request, 2);
        return text("waited");
    }

    private static void progress(McpSyncServerExchange exchange, McpSchema.CallToolRequest request, double value) {
        exchange.progressNotification(McpSchema.ProgressNotification.builder(request.progressToken(), value)
                .build());
    }

    private static McpSchema.CallToolResult log(McpSyncServerExchange exchange, McpSchema.CallToolRequest request) {
        for (McpSchema.LoggingLevel level : McpSchema.LoggingLevel.values()) {
            exchange.loggingNotification(
                    McpSchema.LoggingMessageNotification.builder(level, "said").build());
        }
        return text("logged");
    }

    private static McpSchema.ElicitFormRequest form() {
        return McpSchema.ElicitFormRequest.builder(
                        "Who are you?",
                        Map.of("type", "object", "properties", Map.of("name", Map.of("type", "string"))))
                .build();
    }

    private static McpSchema.CreateMessageRequest question() {
        return McpSchema.CreateMessageRequest.builder(
                        List.of(new McpSchema.SamplingMessage(
                                McpSchema.Role.USER,
                                McpSchema.TextContent.builder("Which colour?").build())),
                        10)
                .build();
    }

    private static String argument(McpSchema.CallToolRequest request, String name) {
        return String.valueOf(request.arguments().get(name));
    }

    private static McpSchema.CallToolResult text(String text) {
        return McpSchema.CallToolResult.builder(
                        List.of(McpSchema.TextContent.builder(text).build()))
                .build();
    }
}
