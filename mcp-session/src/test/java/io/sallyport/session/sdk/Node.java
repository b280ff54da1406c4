package io.sallyport.session.sdk;

import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.McpHttp;
import java.net.URI;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** A server on our provider, with a container of its own. Whoever sends {@code X-User} is that one. */
final class Node implements AutoCloseable {

    /** What all nodes of this test seal with. */
    static final Sealer SEALER = Sealer.ephemeral();

    final ClusteredStreamableServerTransportProvider provider;
    final TestServer server;
    private final Jetty jetty;

    Node(SessionStore store) throws Exception {
        this(store, settings -> settings);
    }

    Node(SessionStore store, UnaryOperator<ClusteredStreamableServerTransportProvider.Builder> settings)
            throws Exception {
        provider = settings.apply(ClusteredStreamableServerTransportProvider.builder()
                        .sessionStore(store)
                        .sealer(SEALER)
                        .principal(request -> user(request.getHeader("X-User"))))
                .build();
        server = new TestServer(provider);
        jetty = new Jetty(provider, "/*");
    }

    static Principal user(String name) {
        String user = Objects.requireNonNullElse(name, "ann");
        return new Principal("test", user, user, Principal.DEFAULT_TENANT);
    }

    int port() {
        return jetty.port();
    }

    /** Returns a client that talks to this node only. */
    McpHttp http() {
        return new McpHttp(URI.create("http://127.0.0.1:" + port() + "/mcp"));
    }

    @Override
    public void close() {
        server.gate.release(100);
        jetty.close();
        provider.closeGracefully().block();
    }
}
