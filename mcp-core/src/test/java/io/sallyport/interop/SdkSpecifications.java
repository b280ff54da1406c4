package io.sallyport.interop;

import io.modelcontextprotocol.server.McpServerFeatures.SyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** What somebody may have written for a server of the SDK. */
final class SdkSpecifications {

    private static final Map<String, Object> NO_ARGUMENTS = Map.of("type", "object", "properties", Map.of());

    private SdkSpecifications() {}

    /** Tools that answer, report and fail. */
    static List<SyncToolSpecification> tools() {
        return List.of(
                tool(
                        McpSchema.Tool.builder("echo", textSchema())
                                .title("Echo")
                                .description("Says it again.")
                                .annotations(McpSchema.ToolAnnotations.builder()
                                        .readOnlyHint(true)
                                        .build())
                                .meta(Map.of("com.example/kind", "voice"))
                                .build(),
                        (exchange, request) -> CallToolResult.builder(
                                        List.of(McpSchema.TextContent.builder(String.valueOf(
                                                        request.arguments().get("text")))
                                                .build()))
                                .meta(Map.of("com.example/station", "roof"))
                                .build()),
                tool("report", SdkSpecifications::report),
                tool(
                        McpSchema.Tool.builder("weather", NO_ARGUMENTS)
                                .outputSchema(Map.of(
                                        "type",
                                        "object",
                                        "properties",
                                        Map.of("degrees", Map.of("type", "number")),
                                        "required",
                                        List.of("degrees")))
                                .build(),
                        (exchange, request) -> CallToolResult.builder()
                                .content(List.of())
                                .structuredContent(Map.of("degrees", 21.5))
                                .build()),
                tool(
                        "pictures",
                        (exchange, request) -> CallToolResult.builder()
                                .content(List.of(
                                        McpSchema.ImageContent.builder("AAEC", "image/png")
                                                .build(),
                                        McpSchema.AudioContent.builder("AAEC", "audio/wav")
                                                .build(),
                                        McpSchema.ResourceLink.builder()
                                                .name("link")
                                                .uri("test://fixed")
                                                .build()))
                                .build()),
                tool(
                        "wrong",
                        (exchange, request) -> CallToolResult.builder()
                                .content(List.of(McpSchema.TextContent.builder("That is wrong.")
                                        .build()))
                                .isError(true)
                                .build()),
                tool("refuse", (exchange, request) -> {
                    throw McpError.builder(-32050)
                            .message("Not today.")
                            .data(Map.of("until", "tomorrow"))
                            .build();
                }));
    }

    /** Tools that ask the client, each in its own way. */
    static List<SyncToolSpecification> askingTools() {
        return List.of(
                tool(
                        "ask",
                        (exchange, request) -> text("Hello, "
                                + exchange.createElicitation(McpSchema.ElicitFormRequest.builder(
                                                        "Who are you?",
                                                        Map.of(
                                                                "type",
                                                                "object",
                                                                "properties",
                                                                Map.of("name", Map.of("type", "string"))))
                                                .build())
                                        .content()
                                        .get("name"))),
                tool(
                        "sample",
                        (exchange, request) -> text("It says: "
                                + ((McpSchema.TextContent) exchange.createMessage(question())
                                                .content())
                                        .text())),
                tool(
                        "roots",
                        (exchange, request) ->
                                text(exchange.listRoots().roots().get(0).uri())));
    }

    private static McpSchema.CreateMessageRequest question() {
        return McpSchema.CreateMessageRequest.builder(
                        List.of(new McpSchema.SamplingMessage(
                                McpSchema.Role.USER,
                                McpSchema.TextContent.builder("Which colour?").build())),
                        10)
                .build();
    }

    static SyncToolSpecification tool(
            String name, BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
        return tool(McpSchema.Tool.builder(name, NO_ARGUMENTS).build(), handler);
    }

    static SyncToolSpecification tool(
            McpSchema.Tool tool, BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
        return SyncToolSpecification.builder().tool(tool).callHandler(handler).build();
    }

    static CallToolResult text(String text) {
        return CallToolResult.builder(
                        List.of(McpSchema.TextContent.builder(text).build()))
                .build();
    }

    private static Map<String, Object> textSchema() {
        return Map.of(
                "type", "object", "properties", Map.of("text", Map.of("type", "string")), "required", List.of("text"));
    }

    private static CallToolResult report(McpSyncServerExchange exchange, CallToolRequest request) {
        if (request.progressToken() != null) {
            exchange.progressNotification(McpSchema.ProgressNotification.builder(request.progressToken(), 1.0)
                    .total(2.0)
                    .message("half")
                    .build());
        }
        exchange.loggingNotification(
                McpSchema.LoggingMessageNotification.builder(McpSchema.LoggingLevel.INFO, "at work")
                        .logger("reporter")
                        .build());
        exchange.loggingNotification(
                McpSchema.LoggingMessageNotification.builder(McpSchema.LoggingLevel.DEBUG, "details")
                        .build());
        if (request.progressToken() != null) {
            exchange.progressNotification(McpSchema.ProgressNotification.builder(request.progressToken(), 2.0)
                    .total(2.0)
                    .build());
        }
        return text("reported to " + exchange.getClientInfo().name());
    }

    static List<SyncPromptSpecification> prompts() {
        return List.of(prompt("greet"));
    }

    static SyncPromptSpecification prompt(String name) {
        return new SyncPromptSpecification(
                McpSchema.Prompt.builder(name)
                        .description("Greets.")
                        .arguments(List.of(McpSchema.PromptArgument.builder("who")
                                .description("Whom")
                                .required(true)
                                .build()))
                        .build(),
                (exchange, request) -> McpSchema.GetPromptResult.builder(List.of(new McpSchema.PromptMessage(
                                McpSchema.Role.USER,
                                McpSchema.TextContent.builder(
                                                "Greet " + request.arguments().get("who"))
                                        .build())))
                        .description("A greeting")
                        .build());
    }

    static List<SyncResourceSpecification> resources() {
        return List.of(resource("test://fixed"));
    }

    static SyncResourceSpecification resource(String uri) {
        return new SyncResourceSpecification(
                McpSchema.Resource.builder(uri, "Fixed").mimeType("text/plain").build(),
                (exchange, request) -> McpSchema.ReadResourceResult.builder(List.of(
                                McpSchema.TextResourceContents.builder(request.uri(), "fixed text")
                                        .build(),
                                McpSchema.BlobResourceContents.builder(request.uri() + "#more", "AAEC")
                                        .build()))
                        .build());
    }

    static List<SyncResourceTemplateSpecification> resourceTemplates() {
        return List.of(new SyncResourceTemplateSpecification(
                McpSchema.ResourceTemplate.builder("test://item/{id}", "Item").build(),
                (exchange, request) -> McpSchema.ReadResourceResult.builder(
                                List.of(McpSchema.TextResourceContents.builder(request.uri(), "item")
                                        .build()))
                        .build()));
    }

    static List<SyncCompletionSpecification> completions() {
        return List.of(
                new SyncCompletionSpecification(
                        McpSchema.PromptReference.builder("greet").build(), SdkSpecifications::complete),
                new SyncCompletionSpecification(
                        new McpSchema.ResourceReference("test://item/{id}"), SdkSpecifications::complete));
    }

    private static McpSchema.CompleteResult complete(
            McpSyncServerExchange exchange, McpSchema.CompleteRequest request) {
        return new McpSchema.CompleteResult(new McpSchema.CompleteResult.CompleteCompletion(
                List.of(request.argument().value() + "nna", request.argument().name()), 2, false));
    }
}
