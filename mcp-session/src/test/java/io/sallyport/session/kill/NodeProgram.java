package io.sallyport.session.kill;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.session.JettyEe10Container;
import io.sallyport.session.jdbc.JdbcSessionStore;
import io.sallyport.session.redis.RedisSessionStore;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.upstream.local.InputRequest;
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

/** A node as a program of its own: a gateway whose sessions are in a store that it shares. */
final class NodeProgram {

    /** So many at once are never needed, and no session has to make room for another. */
    private static final SessionStore.Bounds BOUNDS =
            new SessionStore.Bounds(Duration.ofMinutes(30), Duration.ofHours(8), 100_000, 100_000);

    /** After how long without a sign of life a node is taken for dead. */
    static final Duration LEASE = Duration.ofSeconds(2);

    private NodeProgram() {}

    /** Takes the URL of the store, the key to seal with in base64, and where to fail. */
    public static void main(String[] arguments) throws Exception {
        byte[] key = Base64.getDecoder().decode(arguments[1]);
        McpGateway gateway = McpGateway.builder()
                .upstream(tools())
                .endpoint(Endpoint.at("/mcp").transparent())
                .sessionStore(new FailpointStore(store(arguments[0]), arguments[2]))
                .sealer(Sealer.withKeys(new SecretKeySpec(key, "AES")))
                .nodeLease(LEASE)
                .maxStreamsPerPrincipal(10_000)
                .allowAnonymous()
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        System.out.println(
                "READY http://127.0.0.1:" + new JettyEe10Container().start(new McpServlet(gateway), "/mcp") + "/mcp");
        // Until it is killed, or whoever started it is.
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        Runtime.getRuntime().halt(0);
    }

    private static SessionStore store(String url) {
        if (url.startsWith("redis:")) {
            return RedisSessionStore.at(URI.create(url)).bounds(BOUNDS).build();
        }
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(8);
        return JdbcSessionStore.on(new HikariDataSource(config))
                .bounds(BOUNDS)
                .schema(SchemaMigrator.Mode.MIGRATE)
                .build();
    }

    private static LocalServer tools() {
        return LocalServer.named("local")
                .tool(Tool.named("count")
                        .param("to", "integer", "How far to count")
                        .handler(call -> {
                            long to = call.arguments().get("to").asLong().orElseThrow();
                            for (long i = 1; i <= to; i++) {
                                call.progress(i, to, "at " + i);
                                // Calls that take a while are those that a kill meets.
                                TimeUnit.MILLISECONDS.sleep(10);
                            }
                            return ToolResult.text("counted to " + to);
                        }))
                .tool(Tool.named("note").handler(call -> {
                    call.log("info", "noted");
                    return ToolResult.text("noted, if you like");
                }))
                .tool(Tool.named("ask")
                        .handler(call -> call.filledIn("name")
                                .map(form -> ToolResult.text(
                                        "Hello, " + form.getString("name").orElse("nobody")))
                                .orElseGet(() -> ToolResult.inputRequired(InputRequest.elicitation(
                                        "name",
                                        "Who are you?",
                                        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}")))))
                .resource(Resource.at("test://slow").reader((uri, call) -> {
                    call.progress(1, 2, "reading");
                    TimeUnit.MILLISECONDS.sleep(50);
                    return ResourceContents.text(uri, "text/plain", "was read");
                }))
                .build();
    }
}
