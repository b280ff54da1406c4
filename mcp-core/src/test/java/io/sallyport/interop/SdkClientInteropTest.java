package io.sallyport.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.testing.JettyContainer;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import io.sallyport.upstream.sdk.SdkTools;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The Java SDK's own client at the gateway, with local tools and with tools that were written for the SDK's server. */
class SdkClientInteropTest {

    private static final LocalServer LOCAL = LocalServer.named("local")
            .tool(Tool.named("ask")
                    .description("Asks for a name.")
                    .handler(call -> call.filledIn("name")
                            .map(form -> ToolResult.text(
                                    "Hello, " + form.getString("name").orElseThrow()))
                            .orElseGet(() -> ToolResult.inputRequired(InputRequest.elicitation(
                                    "name",
                                    "Who are you?",
                                    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}")))))
            .tool(Tool.named("sample")
                    .description("Asks the model.")
                    .handler(call -> call.answer("colour")
                            .map(answer -> ToolResult.text("It says: "
                                    + answer.get("content")
                                            .orElseThrow()
                                            .getString("text")
                                            .orElseThrow()))
                            .orElseGet(() -> ToolResult.inputRequired(InputRequest.sampling(
                                    "colour",
                                    Map.of(
                                            "messages",
                                            List.of(Map.of(
                                                    "role",
                                                    "user",
                                                    "content",
                                                    Map.of("type", "text", "text", "Which colour?"))),
                                            "maxTokens",
                                            10))))))
            .tool(Tool.named("roots")
                    .description("Asks for the roots.")
                    .handler(call -> call.answer("roots")
                            .map(answer -> ToolResult.text(answer.get("roots")
                                    .orElseThrow()
                                    .elements()
                                    .get(0)
                                    .getString("uri")
                                    .orElseThrow()))
                            .orElseGet(() -> ToolResult.inputRequired(InputRequest.roots("roots")))))
            .build();

    private static final LocalServer CRM = SdkTools.named("crm")
            .tools(SdkSpecifications.tools())
            .prompts(SdkSpecifications.prompts())
            .resources(SdkSpecifications.resources())
            .resourceTemplates(SdkSpecifications.resourceTemplates())
            .completions(SdkSpecifications.completions())
            .build();

    private static final McpGateway GATEWAY =
            McpGateway.builder().upstream(LOCAL).upstream(CRM).allowAnonymous().build();
    private static final JettyContainer CONTAINER = new JettyContainer();
    private static int port;

    private SdkClient client;

    @BeforeAll
    static void start() throws Exception {
        GATEWAY.start().get(10, TimeUnit.SECONDS);
        port = CONTAINER.start(new McpServlet(GATEWAY), "/mcp");
    }

    @AfterAll
    static void stop() throws Exception {
        GATEWAY.close();
        CONTAINER.stop();
    }

    @BeforeEach
    void connect() {
        client = new SdkClient(port);
        client.mcp.initialize();
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    @Test
    void initializesAndPings() {
        assertThat(client.mcp.getCurrentInitializationResult().protocolVersion())
                .isEqualTo("2025-11-25");
        assertThat(client.mcp.getServerCapabilities().tools().listChanged()).isTrue();
        assertThat(client.mcp.ping()).isNotNull();
    }

    @Test
    void listsToolsWithAllThatTheirDefinitionsHold() {
        List<McpSchema.Tool> tools = client.mcp.listTools().tools();

        assertThat(tools)
                .extracting(McpSchema.Tool::name)
                .contains("local__ask", "crm__echo", "crm__report", "crm__weather");
        McpSchema.Tool echo = tools.stream()
                .filter(tool -> tool.name().equals("crm__echo"))
                .findFirst()
                .orElseThrow();
        McpSchema.Tool written = SdkSpecifications.tools().get(0).tool();
        assertThat(echo).usingRecursiveComparison().ignoringFields("name").isEqualTo(written);
    }

    @Test
    void callsATool() {
        assertThat(SdkClient.text(client.call("crm__echo", Map.of("text", "Grüße 👋\u2028"))))
                .isEqualTo("Grüße 👋\u2028");
    }

    @Test
    void argumentsThatDoNotFitTheSchemaAreRefusedBeforeTheHandler() {
        McpSchema.CallToolResult result = client.call("crm__echo", Map.of("text", 5));

        assertThat(result.isError()).isTrue();
        assertThat(SdkClient.text(result)).contains("input schema").contains("text");
    }

    @Test
    void resultsKeepStructuredContentAndMeta() {
        McpSchema.CallToolResult result = client.call("crm__weather", Map.of());

        assertThat(result.structuredContent()).isEqualTo(Map.of("degrees", 21.5));
        assertThat(client.call("crm__echo", Map.of("text", "")).meta())
                .isEqualTo(Map.of("com.example/station", "roof"));
        assertThat(SdkClient.text(result)).isEqualTo("{\"degrees\":21.5}");
    }

    @Test
    void resultsKeepAllKindsOfContent() {
        assertThat(client.call("crm__pictures", Map.of()).content())
                .extracting(McpSchema.Content::type)
                .containsExactly("image", "audio", "resource_link");
    }

    @Test
    void aToolsOwnErrorComesAsAResult() {
        McpSchema.CallToolResult result = client.call("crm__wrong", Map.of());

        assertThat(result.isError()).isTrue();
        assertThat(SdkClient.text(result)).isEqualTo("That is wrong.");
    }

    @Test
    void aProtocolErrorThatAHandlerThrowsKeepsItsCodeAndData() {
        assertThatThrownBy(() -> client.call("crm__refuse", Map.of())).isInstanceOfSatisfying(McpError.class, error -> {
            assertThat(error.getJsonRpcError().code()).isEqualTo(-32050);
            assertThat(error.getJsonRpcError().message()).isEqualTo("Not today.");
            assertThat(error.getJsonRpcError().data()).isEqualTo(Map.of("until", "tomorrow"));
        });
    }

    @Test
    void anUnknownToolIsAnError() {
        assertThatThrownBy(() -> client.call("crm__missing", Map.of()))
                .isInstanceOfSatisfying(
                        McpError.class,
                        error -> assertThat(error.getJsonRpcError().code()).isEqualTo(-32602));
    }

    @Test
    void progressComesUnderTheClientsToken() {
        McpSchema.CallToolResult result = client.callWithProgress("crm__report", "token 1");

        assertThat(SdkClient.text(result)).isEqualTo("reported to sdk client");
        // The SDK hands each notification to another thread: they all come, but in any order, and maybe after the
        // result.
        List<McpSchema.ProgressNotification> progress = SdkClient.all(client.progress, 2);
        assertThat(progress)
                .extracting(McpSchema.ProgressNotification::progressToken)
                .containsOnly("token 1");
        assertThat(progress)
                .extracting(McpSchema.ProgressNotification::progress, McpSchema.ProgressNotification::message)
                .containsExactlyInAnyOrder(
                        org.assertj.core.groups.Tuple.tuple(1.0, "half"),
                        org.assertj.core.groups.Tuple.tuple(2.0, null));
    }

    @Test
    void logMessagesComeFromTheLevelThatTheClientWants() {
        client.mcp.setLoggingLevel(McpSchema.LoggingLevel.INFO);

        client.call("crm__report", Map.of());
        client.mcp.setLoggingLevel(McpSchema.LoggingLevel.DEBUG);
        client.call("crm__report", Map.of());

        assertThat(SdkClient.all(client.logs, 3))
                .extracting(McpSchema.LoggingMessageNotification::level)
                .containsExactlyInAnyOrder(
                        McpSchema.LoggingLevel.INFO, McpSchema.LoggingLevel.INFO, McpSchema.LoggingLevel.DEBUG);
        assertThat(client.logs.stream().filter(log -> log.data().equals("at work")))
                .extracting(McpSchema.LoggingMessageNotification::logger)
                .containsOnly("reporter");
    }

    @Test
    void promptsAreListedFilledInAndCompleted() {
        assertThat(client.mcp.listPrompts().prompts())
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("name")
                .containsExactly(SdkSpecifications.prompts().get(0).prompt());
        McpSchema.GetPromptResult prompt = client.mcp.getPrompt(McpSchema.GetPromptRequest.builder("crm__greet")
                .arguments(Map.of("who", "Ben"))
                .build());
        assertThat(prompt.description()).isEqualTo("A greeting");
        assertThat(((McpSchema.TextContent) prompt.messages().get(0).content()).text())
                .isEqualTo("Greet Ben");
        assertThat(SdkClient.completion(
                        client, McpSchema.PromptReference.builder("crm__greet").build(), "who"))
                .containsExactly("Anna", "who");
    }

    @Test
    void resourcesAreListedReadAndCompleted() {
        assertThat(client.mcp.listResources().resources())
                .extracting(McpSchema.Resource::uri)
                .containsExactly("test://fixed");
        assertThat(client.mcp.listResourceTemplates().resourceTemplates())
                .extracting(McpSchema.ResourceTemplate::uriTemplate)
                .containsExactly("test://item/{id}");
        assertThat(client.mcp
                        .readResource(McpSchema.ReadResourceRequest.builder("test://fixed")
                                .build())
                        .contents())
                .usingRecursiveFieldByFieldElementComparator()
                .containsExactly(
                        McpSchema.TextResourceContents.builder("test://fixed", "fixed text")
                                .build(),
                        McpSchema.BlobResourceContents.builder("test://fixed#more", "AAEC")
                                .build());
        assertThat(client.mcp
                        .readResource(McpSchema.ReadResourceRequest.builder("test://item/7")
                                .build())
                        .contents()
                        .get(0)
                        .uri())
                .isEqualTo("test://item/7");
        assertThat(SdkClient.completion(client, new McpSchema.ResourceReference("test://item/{id}"), "id"))
                .containsExactly("Anna", "id");
    }

    @Test
    void aLocalToolAsksTheUserTheModelAndForRoots() {
        assertThat(SdkClient.text(client.call("local__ask", Map.of()))).isEqualTo("Hello, Ann");
        assertThat(SdkClient.text(client.call("local__sample", Map.of()))).isEqualTo("It says: Green.");
        assertThat(SdkClient.text(client.call("local__roots", Map.of()))).isEqualTo("file:///home/ann");
        assertThat(client.asked).hasSize(2).anyMatch(asked -> asked.contains("Who are you?"));
    }

    @Test
    void changesOfListsAreTold() {
        SdkClient.toldOf(
                () -> LOCAL.add(Tool.named("added").handler(call -> ToolResult.text("added"))),
                client.toolChanges,
                tool -> tool.name().equals("local__added"));
        SdkClient.toldOf(
                () -> CRM.add(SdkTools.tool(
                        SdkSpecifications.tool("late", (exchange, request) -> SdkSpecifications.text("late")))),
                client.toolChanges,
                tool -> tool.name().equals("crm__late"));

        assertThat(SdkClient.text(client.call("crm__late", Map.of()))).isEqualTo("late");
    }

    @Test
    void updatesOfAWatchedResourceAreTold() {
        client.mcp.subscribeResource(
                McpSchema.SubscribeRequest.builder("test://fixed").build());

        SdkClient.toldOf(
                () -> CRM.resourceUpdated("test://fixed"),
                client.resourceUpdates,
                contents -> contents.uri().equals("test://fixed"));

        client.mcp.unsubscribeResource(
                McpSchema.UnsubscribeRequest.builder("test://fixed").build());
    }
}
