package io.sallyport.examples.gateway;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.transport.StdioServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.json.JsonMapper;

/**
 * An MCP server on standard input and output, written with the official Java SDK, as somebody else might have written
 * it: the gateway knows nothing of it but how to start it.
 */
final class DemoServer {

    private static final McpJsonMapper JSON =
            new JacksonMcpJsonMapper(JsonMapper.builder().build());

    private DemoServer() {}

    /** Serves until standard input ends. */
    public static void main(String[] args) {
        McpServer.sync(new StdioServerTransportProvider(JSON))
                .serverInfo("demo", "1.0.0")
                .capabilities(ServerCapabilities.builder().tools(false).build())
                .tools(textStats(), timeInZone())
                .build();
    }

    private static SyncToolSpecification textStats() {
        return tool(
                "text_stats",
                "Counts the characters, words and lines of a text.",
                "text",
                "The text to count in",
                text -> {
                    Map<String, Object> stats = new LinkedHashMap<>();
                    stats.put("characters", text.codePointCount(0, text.length()));
                    stats.put("words", text.isBlank() ? 0 : text.strip().split("\\s+").length);
                    stats.put("lines", text.lines().count());
                    return CallToolResult.builder()
                            .structuredContent(stats)
                            .addTextContent(stats.get("words") + " words, " + stats.get("characters") + " characters, "
                                    + stats.get("lines") + " lines")
                            .build();
                });
    }

    private static SyncToolSpecification timeInZone() {
        return tool(
                "time_in_zone",
                "Returns the present date and time in a time zone.",
                "zone",
                "An IANA time zone, such as Europe/Berlin",
                zone -> {
                    try {
                        ZonedDateTime now = ZonedDateTime.now(ZoneId.of(zone));
                        return CallToolResult.builder()
                                .addTextContent(now.format(DateTimeFormatter.RFC_1123_DATE_TIME))
                                .build();
                    } catch (DateTimeException e) {
                        return CallToolResult.builder()
                                .addTextContent("There is no time zone \"" + zone + "\"; try Europe/Berlin or UTC.")
                                .isError(true)
                                .build();
                    }
                });
    }

    private static SyncToolSpecification tool(
            String name, String description, String param, String meaning, Function<String, CallToolResult> work) {
        Map<String, Object> schema = Map.of(
                "type", "object",
                "properties", Map.of(param, Map.of("type", "string", "description", meaning)),
                "required", List.of(param));
        return SyncToolSpecification.builder()
                .tool(Tool.builder(name, schema).description(description).build())
                .callHandler((exchange, request) -> work.apply(argument(request, param)))
                .build();
    }

    private static String argument(CallToolRequest request, String name) {
        return String.valueOf(request.arguments().get(name));
    }
}
