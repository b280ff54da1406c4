package io.sallyport.interop;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The client of the official SDK over Streamable HTTP, which can be asked everything and remembers what it was told. */
final class SdkClient implements AutoCloseable {

    final List<McpSchema.ProgressNotification> progress = new CopyOnWriteArrayList<>();
    final List<McpSchema.LoggingMessageNotification> logs = new CopyOnWriteArrayList<>();
    final BlockingQueue<List<McpSchema.Tool>> toolChanges = new LinkedBlockingQueue<>();
    final BlockingQueue<List<McpSchema.Prompt>> promptChanges = new LinkedBlockingQueue<>();
    final BlockingQueue<List<McpSchema.Resource>> resourceChanges = new LinkedBlockingQueue<>();
    final BlockingQueue<List<McpSchema.ResourceContents>> resourceUpdates = new LinkedBlockingQueue<>();
    final List<String> asked = new CopyOnWriteArrayList<>();
    final McpSyncClient mcp;

    SdkClient(int port) {
        mcp = McpClient.sync(HttpClientStreamableHttpTransport.builder("http://127.0.0.1:" + port)
                        .build())
                .requestTimeout(Duration.ofSeconds(10))
                .initializationTimeout(Duration.ofSeconds(10))
                .clientInfo(
                        McpSchema.Implementation.builder("sdk client", "2.1.0").build())
                .capabilities(McpSchema.ClientCapabilities.builder()
                        .roots(true)
                        .sampling()
                        .elicitation()
                        .build())
                .roots(McpSchema.Root.builder("file:///home/ann").name("home").build())
                .elicitation(this::fillIn)
                .sampling(this::sample)
                .progressConsumer(progress::add)
                .loggingConsumer(logs::add)
                .toolsChangeConsumer(toolChanges::add)
                .promptsChangeConsumer(promptChanges::add)
                .resourcesChangeConsumer(resourceChanges::add)
                .resourcesUpdateConsumer(resourceUpdates::add)
                .build();
    }

    private McpSchema.ElicitResult fillIn(McpSchema.ElicitFormRequest form) {
        asked.add(form.message());
        return McpSchema.ElicitResult.builder(McpSchema.ElicitResult.Action.ACCEPT)
                .content(Map.of("name", "Ann"))
                .build();
    }

    private McpSchema.CreateMessageResult sample(McpSchema.CreateMessageRequest request) {
        asked.add(((McpSchema.TextContent) request.messages().get(0).content()).text());
        return McpSchema.CreateMessageResult.builder(McpSchema.Role.ASSISTANT, "Green.", "a model")
                .build();
    }

    McpSchema.CallToolResult call(String tool, Map<String, Object> arguments) {
        return mcp.callTool(
                McpSchema.CallToolRequest.builder(tool).arguments(arguments).build());
    }

    /** Calls a tool and asks for its progress. */
    McpSchema.CallToolResult callWithProgress(String tool, Object token) {
        return mcp.callTool(McpSchema.CallToolRequest.builder(tool)
                .arguments(Map.of())
                .progressToken(token)
                .build());
    }

    /** Waits until there are as many as are expected, and returns them. */
    static <T> List<T> all(List<T> told, int expected) {
        return Waiting.until(expected + " are told", () -> told.size() >= expected ? List.copyOf(told) : null);
    }

    static List<String> completion(SdkClient client, McpSchema.CompleteReference reference, String argument) {
        return client.mcp
                .completeCompletion(McpSchema.CompleteRequest.builder(
                                reference, new McpSchema.CompleteRequest.CompleteArgument(argument, "A"))
                        .build())
                .completion()
                .values();
    }

    static String text(McpSchema.CallToolResult result) {
        return ((McpSchema.TextContent) result.content().get(0)).text();
    }

    /**
     * Does something until the client is told of it: it opens the stream for such things when it likes, and nobody is
     * told what happened before.
     */
    static <T> void toldOf(Runnable change, BlockingQueue<List<T>> told, Predicate<T> expected) {
        Waiting.until("the client is told", () -> {
            change.run();
            List<T> news = told.poll(200, TimeUnit.MILLISECONDS);
            return news != null && news.stream().anyMatch(expected) ? news : null;
        });
    }

    @Override
    public void close() {
        mcp.close();
    }
}
