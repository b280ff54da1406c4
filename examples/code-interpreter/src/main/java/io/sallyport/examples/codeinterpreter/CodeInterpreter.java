package io.sallyport.examples.codeinterpreter;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.tools.SandboxTools;
import java.net.URI;
import java.time.Duration;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** A gateway with the tools of a sandbox, in an embedded Jetty, for programs on this machine. */
final class CodeInterpreter {

    /** As long as the slowest flavor lasts, and a little. */
    private static final Duration LONGEST_CALL = Duration.ofSeconds(330);

    private final McpGateway gateway;
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);

    CodeInterpreter(Sandbox sandbox, SandboxSessions sessions, int port) {
        gateway = McpGateway.builder()
                .upstream(SandboxTools.of(sandbox, sessions).build().server("sandbox"))
                .endpoint(Endpoint.at("/mcp").transparent())
                .callDeadline(LONGEST_CALL)
                .allowAnonymous()
                .build();
        ServletHolder servlet = new ServletHolder(new McpServlet(gateway));
        servlet.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(servlet, "/mcp");
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);
        server.setHandler(context);
    }

    /** Begins to serve, and returns where. */
    URI start() throws Exception {
        gateway.start().join();
        server.start();
        return URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/mcp");
    }

    /** Ends what runs, and serves no longer. */
    void close() throws Exception {
        gateway.close(Duration.ofSeconds(2));
        server.stop();
    }
}
