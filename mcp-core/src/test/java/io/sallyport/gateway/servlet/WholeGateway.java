package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.protocol.Era;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.http.HttpUpstream;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import io.sallyport.upstream.stdio.StdioCommand;
import io.sallyport.upstream.stdio.StdioUpstream;
import jakarta.servlet.http.HttpServlet;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * A host with all that a gateway can have, from its start to its end. Given what starts a servlet in a container and
 * returns its port; only types of the JDK and of the container, so that it may live in a class loader of its own.
 */
public final class WholeGateway implements Consumer<ToIntFunction<HttpServlet>> {

    /** A legacy MCP server for the shell. */
    private static final String SERVER = """
            while read -r line; do
              id=${line#*\\"id\\":}
              id=${id%%,*}
              case $line in
                *'"method":"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
                *'"method":"tools/list"'*) result='{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}' ;;
                *'"method":"tools/call"'*) result='{"content":[{"type":"text","text":"stdio says so"}]}' ;;
                *'"id":'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}\\n' "$id"; continue ;;
                *) continue ;;
              esac
              printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$result"
            done
            """;

    @Override
    public void accept(ToIntFunction<HttpServlet> container) {
        try (McpGateway far = McpGateway.builder()
                .upstream(local("far"))
                .endpoint(Endpoint.at("/mcp").transparent())
                .allowAnonymous()
                .build()) {
            far.start().get(30, TimeUnit.SECONDS);
            URI uri = URI.create("http://127.0.0.1:" + container.applyAsInt(new McpServlet(far)) + "/mcp");
            try (McpGateway gateway = McpGateway.builder()
                    .upstream(local("near"))
                    .upstream(HttpUpstream.at("modern", uri).build())
                    .upstream(HttpUpstream.at("legacy", uri).era(Era.LEGACY).build())
                    .upstream(StdioUpstream.of(
                                    "stdio",
                                    StdioCommand.builder("/bin/sh")
                                            .arguments("-c", SERVER)
                                            .build())
                            .build())
                    .allowAnonymous()
                    .build()) {
                gateway.start().get(30, TimeUnit.SECONDS);
                use(container.applyAsInt(new McpServlet(gateway)));
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static LocalServer local(String name) {
        return LocalServer.named(name)
                .tool(Tool.named("echo").handler(call -> ToolResult.text(name + " says so")))
                .build();
    }

    private static void use(int port) throws Exception {
        String session = RawClient.initialize(port, "{\"elicitation\":{}}");
        try (RawClient stream = RawClient.send(port, "GET", "", McpHttp.legacyHeaders(session))) {
            stream.readUntil("retry: ");
            for (String upstream : List.of("near", "modern", "legacy", "stdio")) {
                String says = upstream.matches("modern|legacy") ? "far says so" : upstream + " says so";
                String params = "{\"name\":\"" + upstream + "__echo\",\"arguments\":{}}";
                assertThat(RawClient.send(
                                        port,
                                        "POST",
                                        McpHttp.legacyBody(1, "tools/call", params),
                                        McpHttp.legacyHeaders(session))
                                .readAll())
                        .contains(says);
                assertThat(RawClient.send(
                                        port,
                                        "POST",
                                        McpHttp.modernBody("tools/call", params, "{}"),
                                        McpHttp.modernHeaders("tools/call", params))
                                .readAll())
                        .contains(says);
            }
        }
    }
}
