package io.sallyport.examples.conformance;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.Sealer;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.http.HttpUpstream;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Serves the {@link ConformanceServer} at {@code /mcp}, for this machine only.
 *
 * <p>{@code --port N} sets the port; 0, the default, is any that is free. With {@code --upstream URL} it serves what
 * stands at that URL instead: a second gateway in front of the first. With {@code --store URL} it shares its sessions
 * with all nodes that are given the same, whose ids are sealed with {@code --key}, 32 bytes in base64.
 */
public final class Main {

    private static final String PATH = "/mcp";

    private Main() {}

    /** Starts the gateway, prints where it is, and serves until the process is told to end. */
    public static void main(String[] args) throws Exception {
        Map<String, String> options = options(args);
        Upstream upstream = options.containsKey("--upstream")
                ? HttpUpstream.at("upstream", URI.create(options.get("--upstream")))
                        .build()
                : ConformanceServer.create();
        McpGateway.Builder builder = serving(upstream);
        if (options.containsKey("--store")) {
            byte[] key = Base64.getDecoder().decode(options.get("--key"));
            builder.sessionStore(SharedSessions.at(options.get("--store")))
                    .sealer(Sealer.withKeys(new SecretKeySpec(key, "AES")));
        }
        McpGateway gateway = builder.build();
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(options.getOrDefault("--port", "0")));
        server.addConnector(connector);
        server.setHandler(contextOf(gateway));

        gateway.start().join();
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> gateway.close(Duration.ofSeconds(2)), "end"));
        System.out.println("READY http://127.0.0.1:" + connector.getLocalPort() + PATH);
    }

    /** The suite knows the names of its tools, so nothing is put in front of them. */
    private static McpGateway.Builder serving(Upstream upstream) {
        return McpGateway.builder()
                .upstream(upstream)
                .endpoint(Endpoint.at(PATH).transparent())
                .allowAnonymous();
    }

    private static ServletContextHandler contextOf(McpGateway gateway) {
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
        if (args.length % 2 != 0
                || !Set.of("--port", "--upstream", "--store", "--key").containsAll(options.keySet())) {
            throw new IllegalArgumentException("usage: [--port N] [--upstream URL] [--store URL --key KEY]");
        }
        return options;
    }
}
