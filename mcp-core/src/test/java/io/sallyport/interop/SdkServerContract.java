package io.sallyport.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.Upstream;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** A client and a server of the official SDK with the gateway between them: all that they say to each other arrives. */
@TestInstance(Lifecycle.PER_CLASS) // A server, a gateway and two containers for all tests.
abstract class SdkServerContract {

    private final JettyContainer container = new JettyContainer();
    private SdkServer server;
    private McpGateway gateway;
    private int port;
    private SdkClient client;

    abstract SdkServer server() throws Exception;

    abstract Upstream upstream(SdkServer server);

    @BeforeAll
    void start() throws Exception {
        server = server();
        gateway = McpGateway.builder()
                .upstream(upstream(server))
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        port = container.start(new McpServlet(gateway), "/mcp");
    }

    @AfterAll
    void stop() throws Exception {
        gateway.close();
        container.stop();
        server.stop();
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
    void theServerIntroducesItself() {
        assertThat(client.mcp.getServerInfo().name()).isEqualTo("sdk server");
        assertThat(client.mcp.getServerInstructions()).isEqualTo("Ask it.");
    }

    @Test
    void definitionsAndResultsComeAsTheyAre() {
        assertThat(client.mcp.listTools().tools())
                .usingRecursiveFieldByFieldElementComparator()
                .contains(SdkSpecifications.tools().get(0).tool());
        McpSchema.CallToolResult echo = client.call("echo", Map.of("text", "Grüße 👋"));
        assertThat(SdkClient.text(echo)).isEqualTo("Grüße 👋");
        assertThat(echo.meta()).isEqualTo(Map.of("com.example/station", "roof"));
        McpSchema.CallToolResult weather = client.call("weather", Map.of());
        assertThat(weather.structuredContent()).isEqualTo(Map.of("degrees", 21.5));
        assertThat(client.call("pictures", Map.of()).content())
                .extracting(McpSchema.Content::type)
                .containsExactly("image", "audio", "resource_link");
    }

    @Test
    void errorsComeAsTheyAre() {
        assertThat(client.call("wrong", Map.of()).isError()).isTrue();
        assertThatThrownBy(() -> client.call("refuse", Map.of())).isInstanceOfSatisfying(McpError.class, error -> {
            assertThat(error.getJsonRpcError().code()).isEqualTo(-32050);
            assertThat(error.getJsonRpcError().message()).isEqualTo("Not today.");
            assertThat(error.getJsonRpcError().data()).isEqualTo(Map.of("until", "tomorrow"));
        });
    }

    @Test
    void progressComesUnderTheClientsToken() {
        assertThat(SdkClient.text(client.callWithProgress("report", 17))).isEqualTo("reported to sdk client");

        assertThat(SdkClient.all(client.progress, 2))
                .extracting(
                        McpSchema.ProgressNotification::progressToken,
                        McpSchema.ProgressNotification::progress,
                        McpSchema.ProgressNotification::message)
                .containsExactlyInAnyOrder(tuple(17, 1.0, "half"), tuple(17, 2.0, null));
    }

    @Test
    void logMessagesComeFromTheLevelThatTheClientWants() {
        client.mcp.setLoggingLevel(McpSchema.LoggingLevel.INFO);
        client.call("report", Map.of());
        client.mcp.setLoggingLevel(McpSchema.LoggingLevel.DEBUG);
        client.call("report", Map.of());

        assertThat(SdkClient.all(client.logs, 3))
                .extracting(McpSchema.LoggingMessageNotification::data)
                .containsExactlyInAnyOrder("at work", "at work", "details");
    }

    @Test
    void theServerAsksTheUserTheModelAndForRoots() {
        assertThat(SdkClient.text(client.call("ask", Map.of()))).isEqualTo("Hello, Ann");
        assertThat(SdkClient.text(client.call("sample", Map.of()))).isEqualTo("It says: Green.");
        assertThat(SdkClient.text(client.call("roots", Map.of()))).isEqualTo("file:///home/ann");
        assertThat(client.asked).hasSize(2);
    }

    @Test
    void eachClientIsAskedForItsOwnCalls() {
        try (SdkClient other = new SdkClient(port)) {
            other.mcp.initialize();
            other.call("echo", Map.of("text", "here I am"));

            client.call("ask", Map.of());

            assertThat(client.asked).hasSize(1);
            assertThat(other.asked).isEmpty();
        }
    }

    @Test
    void promptsAreListedFilledInAndCompleted() {
        assertThat(client.mcp.listPrompts().prompts())
                .usingRecursiveFieldByFieldElementComparator()
                .contains(SdkSpecifications.prompts().get(0).prompt());
        McpSchema.GetPromptResult prompt = client.mcp.getPrompt(McpSchema.GetPromptRequest.builder("greet")
                .arguments(Map.of("who", "Ben"))
                .build());
        assertThat(((McpSchema.TextContent) prompt.messages().get(0).content()).text())
                .isEqualTo("Greet Ben");
        assertThat(SdkClient.completion(
                        client, McpSchema.PromptReference.builder("greet").build(), "who"))
                .containsExactly("Anna", "who");
    }

    @Test
    void resourcesAreListedReadAndCompleted() {
        assertThat(client.mcp.listResources().resources())
                .extracting(McpSchema.Resource::uri)
                .contains("test://fixed");
        assertThat(client.mcp
                        .readResource(McpSchema.ReadResourceRequest.builder("test://item/7")
                                .build())
                        .contents())
                .extracting(McpSchema.ResourceContents::uri)
                .containsExactly("test://item/7");
        assertThat(SdkClient.completion(client, new McpSchema.ResourceReference("test://item/{id}"), "id"))
                .containsExactly("Anna", "id");
    }

    @Test
    void changesOfListsAreTold() {
        SdkClient.toldOf(
                () -> server.mcp()
                        .addTool(SdkSpecifications.tool("late", (exchange, call) -> SdkSpecifications.text("late"))),
                client.toolChanges,
                tool -> tool.name().equals("late"));
        SdkClient.toldOf(
                () -> server.mcp().addPrompt(SdkSpecifications.prompt("late")),
                client.promptChanges,
                prompt -> prompt.name().equals("late"));
        SdkClient.toldOf(
                () -> server.mcp().addResource(SdkSpecifications.resource("test://late")),
                client.resourceChanges,
                resource -> resource.uri().equals("test://late"));

        assertThat(SdkClient.text(client.call("late", Map.of()))).isEqualTo("late");
    }

    @Test
    void updatesOfAWatchedResourceAreTold() {
        client.mcp.subscribeResource(
                McpSchema.SubscribeRequest.builder("test://fixed").build());

        SdkClient.toldOf(
                this::update, client.resourceUpdates, contents -> contents.uri().equals("test://fixed"));

        client.mcp.unsubscribeResource(
                McpSchema.UnsubscribeRequest.builder("test://fixed").build());
    }

    private void update() {
        server.mcp().notifyResourcesUpdated(new McpSchema.ResourcesUpdatedNotification("test://fixed"));
    }

    @Test
    void afterTheServerWasStartedAnewItsClientsGoOn() throws Exception {
        client.mcp.subscribeResource(
                McpSchema.SubscribeRequest.builder("test://fixed").build());
        client.call("echo", Map.of("text", "before"));

        server.restart();

        Waiting.until(
                "calls go through again",
                () -> answerToEcho().filter("after"::equals).orElse(null));
        SdkClient.toldOf(
                this::update, client.resourceUpdates, contents -> contents.uri().equals("test://fixed"));
    }

    private Optional<String> answerToEcho() {
        try {
            return Optional.of(SdkClient.text(client.call("echo", Map.of("text", "after"))));
        } catch (McpError notYet) {
            return Optional.empty();
        }
    }

    @Test
    void aModernClientCallsTheLegacyServer() {
        McpHttp.Answer answer = modern("echo", "{\"text\":\"modern\"}", "\"info\"");

        assertThat(answer.result().getString("resultType")).contains("complete");
        assertThat(answer.result().toJson()).contains("modern");
    }

    @Test
    void aModernClientGetsTheLogMessagesThatItsRequestWants() {
        assertThat(logged(modern("report", "{}", "null"))).isEmpty();
        assertThat(logged(modern("report", "{}", "\"debug\""))).containsExactly("at work", "details");
        assertThat(logged(modern("report", "{}", "\"info\""))).containsExactly("at work");
    }

    private McpHttp.Answer modern(String tool, String arguments, String logLevel) {
        McpHttp http = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
        String params = "{\"name\":\"" + tool + "\",\"arguments\":" + arguments + "}";
        String body = McpHttp.modernBody("tools/call", params, "{}")
                .replace("/logLevel\":\"info\"", logLevel.equals("null") ? "/unused\":0" : "/logLevel\":" + logLevel);
        return http.post(body, McpHttp.modernHeaders("tools/call", params));
    }

    private static List<String> logged(McpHttp.Answer answer) {
        return answer.messages().stream()
                .filter(message -> message.getString("method").equals(Optional.of("notifications/message")))
                .map(message ->
                        message.get("params").orElseThrow().getString("data").orElseThrow())
                .toList();
    }
}
