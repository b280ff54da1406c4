package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.catalogue.Exposure;
import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tools that an endpoint renames or leaves out. */
class ToolChoicesTest {

    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;

    @AfterEach
    void stop() throws Exception {
        if (gateway != null) {
            gateway.close();
        }
        container.stop();
    }

    private static LocalServer server(String name, String... tools) {
        LocalServer.Builder server = LocalServer.named(name);
        for (String tool : tools) {
            server.tool(Tool.named(tool)
                    .description("Tells who it is.")
                    .handler(call -> ToolResult.text(name + "." + tool)));
        }
        return server.build();
    }

    private McpHttp serve(McpGateway.Builder builder) throws Exception {
        gateway = builder.allowAnonymous().build();
        gateway.start().get(10, TimeUnit.SECONDS);
        return new McpHttp(URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
    }

    private static String call(McpHttp client, String tool) {
        return client.modern("tools/call", "{\"name\":\"" + tool + "\",\"arguments\":{}}")
                .body();
    }

    private static String unknown(String tool) {
        return "Unknown tool: " + tool;
    }

    @Test
    @Incident("X1")
    void aHiddenToolCannotBeCalledByAnyName() throws Exception {
        McpHttp client = serve(McpGateway.builder()
                .upstream(server("files", "read", "write"))
                .endpoint(Endpoint.at("/mcp").tool("files", "write", Exposure.HIDDEN.name("save"))));

        assertThat(client.modern("tools/list", "{}").body())
                .contains("files__read")
                .doesNotContain("write", "save");
        assertThat(call(client, "files__write")).contains(unknown("files__write"));
        assertThat(call(client, "save")).contains(unknown("save"));
        assertThat(call(client, "write")).contains(unknown("write"));
    }

    @Test
    @Incident("X1")
    void aRenamedToolHasItsNewNameOnlyAndPoliciesSeeItsOwn() throws Exception {
        McpHttp client = serve(McpGateway.builder()
                .upstream(server("files", "read", "write"))
                .endpoint(Endpoint.at("/mcp")
                        .tool("files", "write", Exposure.AS_IT_IS.name("save"))
                        .tool("files", "read", Exposure.AS_IT_IS.name("load")))
                .filter(McpFilter.onRequest(
                        Stage.AUTHORIZE,
                        (call, request) -> call.target().filter("write"::equals).isPresent()
                                ? Decision.refuse(Refusal.forbidden("Nobody writes."))
                                : Decision.proceed())));

        assertThat(call(client, "load")).contains("files.read");
        assertThat(call(client, "files__read")).contains(unknown("files__read"));
        assertThat(call(client, "save")).contains("Nobody writes.");
    }

    @Test
    @Incident("X2")
    void twoToolsOfOneNameAreRefusedWhereTheyAreConfigured() {
        Endpoint endpoint = Endpoint.at("/mcp").tool("a", "find", Exposure.AS_IT_IS.name("search"));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> endpoint.tool("b", "find", Exposure.AS_IT_IS.name("search")))
                .withMessage("two definitions are named \"search\" at /mcp; give one of them another name");
    }

    @Test
    @Incident("X2")
    void aNameStaysWithTheToolThatItWasGivenToAndTheOtherIsQuarantined() throws Exception {
        LocalServer later = server("later", "find");
        try (CapturedLog log = CapturedLog.of("io.sallyport.catalogue")) {
            McpHttp client = serve(McpGateway.builder()
                    .upstream(server("first", "find"))
                    .upstream(later)
                    .endpoint(Endpoint.at("/mcp").tool("later", "find", Exposure.AS_IT_IS.name("first__find"))));

            assertThat(call(client, "first__find")).contains("later.find");
            assertThat(client.modern("tools/list", "{}")
                            .result()
                            .get("tools")
                            .orElseThrow()
                            .elements())
                    .hasSize(1);
            assertThat(log.lines())
                    .anySatisfy(line ->
                            assertThat(line).contains("quarantined", "first", "gives \"first__find\" to another one"));
        }
    }

    @Test
    void aNameThatHidesNothingIsToldOf() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.catalogue")) {
            serve(McpGateway.builder()
                    .upstream(server("files", "read", "write"))
                    .endpoint(Endpoint.at("/mcp")
                            .tool("files", "wirte", Exposure.HIDDEN)
                            .tool("files", "read", Exposure.HIDDEN)));

            assertThat(log.messages())
                    .containsExactly("the configuration renames or hides what the upstream does not list");
        }
    }
}
