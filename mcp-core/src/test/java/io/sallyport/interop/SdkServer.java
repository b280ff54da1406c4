package io.sallyport.interop;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.HttpServletSseServerTransportProvider;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.testing.JettyContainer;
import jakarta.servlet.http.HttpServlet;
import java.net.URI;
import java.util.function.Supplier;

/** A server of the official SDK, over either of its HTTP transports, with {@link SdkSpecifications}. */
final class SdkServer {

    /** A life of the server, from one start to the next. */
    private record Life(McpSyncServer mcp, HttpServlet servlet) {}

    private final Supplier<Life> lives;
    private final String[] paths;
    private volatile Life life;
    private JettyContainer container = new JettyContainer();
    private final int port;

    private SdkServer(Supplier<Life> lives, String... paths) throws Exception {
        this.lives = lives;
        this.paths = paths;
        life = lives.get();
        port = container.start(life.servlet(), paths);
    }

    @SuppressWarnings("deprecation") // That is the point.
    static SdkServer sse() throws Exception {
        return new SdkServer(
                () -> {
                    var provider = HttpServletSseServerTransportProvider.builder()
                            .messageEndpoint("/message")
                            .build();
                    return new Life(build(McpServer.sync(provider)), provider);
                },
                "/sse",
                "/message");
    }

    static SdkServer streamable() throws Exception {
        return new SdkServer(
                () -> {
                    var provider = HttpServletStreamableServerTransportProvider.builder()
                            .build();
                    return new Life(build(McpServer.sync(provider)), provider);
                },
                "/mcp");
    }

    private static McpSyncServer build(McpServer.SyncSpecification<?> specification) {
        return specification
                .serverInfo("sdk server", "2.1.0")
                .instructions("Ask it.")
                .capabilities(McpSchema.ServerCapabilities.builder()
                        .tools(true)
                        .prompts(true)
                        .resources(true, true)
                        .logging()
                        .completions()
                        .build())
                .tools(SdkSpecifications.tools())
                .tools(SdkSpecifications.askingTools())
                .prompts(SdkSpecifications.prompts())
                .resources(SdkSpecifications.resources())
                .resourceTemplates(SdkSpecifications.resourceTemplates())
                .completions(SdkSpecifications.completions())
                .build();
    }

    McpSyncServer mcp() {
        return life.mcp();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** Ends the server, with all its sessions, and starts another one at the same place. */
    void restart() throws Exception {
        stop();
        life = lives.get();
        container = new JettyContainer(port);
        container.start(life.servlet(), paths);
    }

    void stop() throws Exception {
        life.mcp().close();
        container.stop();
    }
}
