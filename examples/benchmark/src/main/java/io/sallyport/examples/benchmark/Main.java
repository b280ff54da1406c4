package io.sallyport.examples.benchmark;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.upstream.http.HttpUpstream;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Serves the {@link EchoServer} at {@code /mcp}; with {@code --upstream URL} a gateway with nothing but the server at that
 * URL behind it. For this machine only. {@code --port N} sets the port; 0, the default, is any that is free.
 */
public final class Main {

    private static final String PATH = "/mcp";

    private Main() {}

    /** Starts, prints where it serves, and serves until the process is told to end. */
    public static void main(String[] args) throws Exception {
        Map<String, String> options = options(args);
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(options.getOrDefault("--port", "0")));
        server.addConnector(connector);
        String upstream = options.get("--upstream");
        server.setHandler(upstream == null ? new EchoServer() : gatewayTo(URI.create(upstream)));
        server.start();
        System.out.println("READY http://127.0.0.1:" + connector.getLocalPort() + PATH);
    }

    /** The least that a gateway can be: one upstream under its own names, no filter. */
    private static Handler gatewayTo(URI upstream) {
        McpGateway gateway = McpGateway.builder()
                .upstream(HttpUpstream.at("echo", upstream).build())
                .endpoint(Endpoint.at(PATH).transparent())
                .allowAnonymous()
                .build();
        gateway.start().join();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> gateway.close(Duration.ofSeconds(2)), "end"));
        ServletHolder servlet = new ServletHolder(new McpServlet(gateway));
        servlet.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(servlet, PATH);
        return context;
    }

    private static Map<String, String> options(String[] args) {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        if (args.length % 2 != 0 || !Set.of("--port", "--upstream").containsAll(options.keySet())) {
            throw new IllegalArgumentException("usage: [--port N] [--upstream URL]");
        }
        return options;
    }
}
