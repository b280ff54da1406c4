package io.sallyport.examples.cluster;

import static java.util.Objects.requireNonNull;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.session.redis.RedisSessionStore;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * One node: a gateway in an embedded Jetty, whose sessions any other node goes on with that has the same store and key.
 *
 * <p>Takes the port as its argument, and from its environment what nodes share.
 */
public final class Node {

    /** The variable that holds the URL of the store, {@code jdbc:…} or {@code redis:…}. */
    static final String STORE = "SESSION_STORE";

    /** The variable that holds the key which seals sessions, 32 bytes in base64. */
    static final String KEY = "SESSION_KEY";

    /** How a line begins that says which call a tool has begun to work on. */
    static final String RAN = "RAN ";

    private Node() {}

    /** Serves until it is told to end, or killed. */
    public static void main(String[] args) throws Exception {
        McpGateway gateway = gateway(shared(STORE), shared(KEY));
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        server.addConnector(connector);
        server.setHandler(contextOf(gateway));

        gateway.start().get(30, TimeUnit.SECONDS);
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> gateway.close(Duration.ofSeconds(1)), "end"));
        System.out.println(Child.READY);
        Child.endWithParent();
    }

    private static String shared(String variable) {
        return requireNonNull(System.getenv(variable), variable);
    }

    private static McpGateway gateway(String store, String key) {
        return McpGateway.builder()
                .upstream(tools())
                .endpoint(Endpoint.at("/mcp").transparent())
                .sessionStore(storeAt(store))
                .sealer(Sealer.withKeys(new SecretKeySpec(Base64.getDecoder().decode(key), "AES")))
                // Others take over what a dead node has left after this time; the default of 5 s suits busier machines.
                .nodeLease(Duration.ofSeconds(2))
                .allowAnonymous() // this machine only; for others, an authenticator
                .build();
    }

    private static SessionStore storeAt(String url) {
        if (url.startsWith("redis:")) {
            return RedisSessionStore.at(URI.create(url)).build();
        }
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(8);
        // Without it requests would wait 30 s for a database that is gone, and so would the end of the node.
        config.setConnectionTimeout(2_000);
        return JdbcSessionStore.on(new HikariDataSource(config))
                .schema(SchemaMigrator.Mode.MIGRATE)
                .build();
    }

    private static ServletContextHandler contextOf(McpGateway gateway) {
        ServletHolder servlet = new ServletHolder(new McpServlet(gateway));
        servlet.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(servlet, "/mcp");
        return context;
    }

    /** A tool that must not be called twice, and a resource that may be read twice. */
    private static LocalServer tools() {
        return LocalServer.named("local")
                .tool(Tool.named("count")
                        .description("Counts slowly and reports each number.")
                        .param("to", "integer", "How far to count")
                        .param("call", "integer", "A number of its own for each call")
                        .handler(call -> {
                            // The pipe outlives this process: whoever reads it learns of each call that any node has
                            // run.
                            System.out.println(RAN + call.integer("call"));
                            int to = Math.toIntExact(call.integer("to"));
                            for (int i = 1; i <= to; i++) {
                                call.progress(i, to);
                                TimeUnit.MILLISECONDS.sleep(20);
                            }
                            return ToolResult.text("Counted to " + to + ".");
                        }))
                .resource(Resource.at("cluster://slow")
                        .description("Takes a while to read.")
                        .reader((uri, call) -> {
                            call.progress(1, 2);
                            TimeUnit.MILLISECONDS.sleep(200);
                            return ResourceContents.text(uri, "text/plain", "It was read.");
                        }))
                .build();
    }
}
