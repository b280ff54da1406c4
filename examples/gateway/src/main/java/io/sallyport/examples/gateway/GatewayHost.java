package io.sallyport.examples.gateway;

import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.UpstreamStatus;
import io.sallyport.gateway.servlet.HealthServlet;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.Principal;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * A gateway in an embedded Jetty: what a host of your own may look like. It is bound, started and closed, once each.
 */
final class GatewayHost {

    static final String PATH = "/mcp";

    private final McpGateway gateway;
    private final InetAddress address;
    private final Server server = new Server();
    private final ServerConnector connector;

    /** Creates a host, which from now on owns the gateway. */
    GatewayHost(McpGateway gateway, InetAddress address, int port) {
        this.gateway = gateway;
        this.address = address;
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost(address.getHostAddress());
        connector.setPort(port);
        server.addConnector(connector);
        server.setHandler(contextOf(gateway));
    }

    private static ServletContextHandler contextOf(McpGateway gateway) {
        ServletHolder servlet = new ServletHolder(new McpServlet(gateway));
        // A call may take longer than a thread should be held for it.
        servlet.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler();
        context.addServlet(servlet, PATH);
        // Beside what it tells of, so that it is well exactly where clients come in.
        context.addServlet(new ServletHolder(new HealthServlet(gateway, GatewayHost::isOperator)), "/health/*");
        return context;
    }

    /** Only this machine gets in here. A gateway that knows its users asks for more. */
    private static boolean isOperator(Principal principal, String action) {
        return principal.isAnonymous();
    }

    /** Takes the port, so that whoever cannot have it learns it before any upstream is started. */
    void bind() throws IOException {
        connector.open();
    }

    /**
     * Begins to serve and to connect to the upstreams.
     *
     * @param atMost how long to wait for the first attempt at each upstream; they are tried further in any case
     */
    void start(Duration atMost) throws Exception {
        CompletableFuture<Void> triedOnce = gateway.start();
        server.start();
        try {
            triedOnce.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException notYet) {
            // An upstream that is slow or down keeps nobody from using the others.
        }
    }

    /** Returns where clients on this machine find the gateway, once it is bound. */
    URI url() {
        return URI.create("http://" + host() + ":" + port() + PATH);
    }

    private String host() {
        if (address.isAnyLocalAddress()) {
            return "127.0.0.1";
        }
        // A client repeats what it reads here in Host, where the gateway knows local names by this spelling only.
        String name = address.isLoopbackAddress() && address instanceof Inet6Address ? "::1" : address.getHostAddress();
        return name.contains(":") ? "[" + name + "]" : name;
    }

    InetAddress address() {
        return address;
    }

    int port() {
        return connector.getLocalPort();
    }

    boolean isServing() {
        return gateway.isServing();
    }

    List<UpstreamStatus> upstreams() {
        return gateway.upstreams();
    }

    /** Takes no more requests, waits this long for those under way, and ends everything. */
    void close(Duration atMost) throws Exception {
        gateway.close(atMost);
        server.stop();
        // Only a server that was started closes what it listens on.
        connector.close();
    }
}
