package io.sallyport.examples.gateway;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptRequest;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceRequest;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The Java SDK's client at a gateway that {@code interop/run.sh} has started: a program, because the servers behind that
 * gateway need npm. Prints a line for each check; the first that fails ends it.
 */
final class SdkClientChecks {

    private static final int STEPS = 4;

    private final CountDownLatch progress = new CountDownLatch(STEPS);
    private final McpSyncClient client;

    private SdkClientChecks(URI gateway) {
        client = McpClient.sync(HttpClientStreamableHttpTransport.builder(
                                gateway.resolve("/").toString())
                        .endpoint(gateway.getPath())
                        .build())
                .requestTimeout(Duration.ofSeconds(30))
                .initializationTimeout(Duration.ofSeconds(30))
                .capabilities(
                        ClientCapabilities.builder().elicitation().sampling().build())
                .elicitation(form -> ElicitResult.builder(ElicitResult.Action.ACCEPT)
                        .content(Map.of("name", "Ann"))
                        .build())
                .sampling(request -> CreateMessageResult.builder(Role.ASSISTANT, "Green.", "a model")
                        .build())
                .progressConsumer(told -> progress.countDown())
                .build();
    }

    /** Runs the checks: {@code URL FOLDER}, the folder being that of the server {@code files}. */
    public static void main(String[] args) throws Exception {
        SdkClientChecks checks = new SdkClientChecks(URI.create(args[0]));
        try {
            checks.run(Path.of(args[1]));
        } finally {
            checks.client.close();
        }
    }

    private void run(Path folder) throws Exception {
        check("speaks 2025-11-25", client.initialize().protocolVersion(), "2025-11-25");

        Set<String> servers = client.listTools().tools().stream()
                .map(Tool::name)
                .map(name -> name.substring(0, name.indexOf("__")))
                .collect(Collectors.toSet());
        check("lists the tools of all servers", servers, Set.of("pipe", "web", "files", "memory"));

        for (String server : List.of("pipe", "web")) {
            check(server + ": calls a tool", call(server + "__echo", Map.of("message", "Grüße")), "Echo: Grüße");
            checkPart(
                    server + ": is asked for a form",
                    call(server + "__trigger-elicitation-request", Map.of()),
                    "- Name: Ann");
            checkPart(
                    server + ": is asked for a message",
                    call(server + "__trigger-sampling-request", Map.of("prompt", "Which colour?")),
                    "Green.");
        }

        client.callTool(CallToolRequest.builder("pipe__trigger-long-running-operation")
                .arguments(Map.of("duration", 0.4, "steps", STEPS))
                .progressToken("token")
                .build());
        // The SDK hands progress to other threads, and so maybe after the result.
        check("hears of progress", progress.await(10, TimeUnit.SECONDS), true);

        Path file = folder.resolve("java.txt");
        call("files__write_file", Map.of("path", file.toString(), "content", "Written by Java\n"));
        check("files: writes a file", Files.readString(file), "Written by Java\n");
        check("files: reads it", call("files__read_text_file", Map.of("path", file.toString())), "Written by Java\n");
        checkPart(
                "memory: reads what another client has put there",
                call("memory__read_graph", Map.of()),
                "Ann of modern");

        checkPart(
                "reads a resource",
                client.readResource(ReadResourceRequest.builder("demo://resource/dynamic/text/5")
                                .build())
                        .contents()
                        .toString(),
                "Resource 5:");
        checkPart(
                "gets a prompt",
                client.getPrompt(GetPromptRequest.builder("pipe__args-prompt")
                                .arguments(Map.of("city", "Oslo"))
                                .build())
                        .messages()
                        .toString(),
                "weather in Oslo");
    }

    private String call(String tool, Map<String, Object> arguments) {
        CallToolResult result = client.callTool(
                CallToolRequest.builder(tool).arguments(arguments).build());
        if (Boolean.TRUE.equals(result.isError())) {
            throw new AssertionError(tool + ": " + result);
        }
        return result.content().stream()
                .filter(TextContent.class::isInstance)
                .map(content -> ((TextContent) content).text())
                .collect(Collectors.joining("\n"));
    }

    private static void check(String what, Object found, Object expected) {
        check(what, found.equals(expected), found, expected);
    }

    private static void checkPart(String what, String found, String part) {
        check(what, found.contains(part), found, part);
    }

    private static void check(String what, boolean isSo, Object found, Object expected) {
        if (!isSo) {
            throw new AssertionError("Java client: " + what + ": found " + found + "; expected " + expected);
        }
        System.out.println("ok  Java client: " + what);
    }
}
