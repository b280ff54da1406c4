package io.sallyport.examples.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.HttpServletSseServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.sallyport.gateway.McpGateway;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** A server of the older transport, as the official SDK serves it. */
@SuppressWarnings("deprecation") // The transport itself is.
class SseServerTest {

    private final HttpServletSseServerTransportProvider transport = HttpServletSseServerTransportProvider.builder()
            .jsonMapper(new JacksonMcpJsonMapper(JsonMapper.builder().build()))
            .messageEndpoint("/message")
            .sseEndpoint("/sse")
            .build();
    private final McpSyncServer mcp = McpServer.sync(transport)
            .serverInfo("old", "1")
            .capabilities(ServerCapabilities.builder().tools(false).build())
            .build();
    private final Server jetty = new Server();
    private final ServerConnector connector = new ServerConnector(jetty);

    @TempDir
    Path directory;

    @BeforeEach
    void start() throws Exception {
        ServletHolder servlet = new ServletHolder(transport);
        servlet.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(servlet, "/*");
        connector.setHost("127.0.0.1");
        jetty.addConnector(connector);
        jetty.setHandler(context);
        jetty.start();
    }

    @AfterEach
    void stop() throws Exception {
        mcp.close();
        jetty.stop();
    }

    @Test
    void isReachedByTheUrlOfTheFile() throws Exception {
        Path file = Files.writeString(
                directory.resolve("mcp.json"),
                "{\"mcpServers\": {\"old\": {\"url\": \"http://127.0.0.1:" + connector.getLocalPort() + "/sse\"}}}");
        Problems problems = new Problems();
        Configuration configuration = McpServersFile.read(file, Map.of(), problems);

        try (McpGateway gateway = McpGateway.builder()
                .upstream(configuration.servers().get(0).upstream())
                .allowAnonymous()
                .build()) {
            gateway.start().get(60, TimeUnit.SECONDS);

            assertThat(gateway.upstreams())
                    .singleElement()
                    .satisfies(old -> assertThat(old.state()).as("%s", old).isEqualTo("ready"));
        }
    }
}
