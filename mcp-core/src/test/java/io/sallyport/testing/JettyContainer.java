package io.sallyport.testing;

import jakarta.servlet.http.HttpServlet;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Jetty 12.1 with Servlet 6.1. */
public final class JettyContainer implements Container {

    private final Server server = new Server();
    private final int port;

    /** Takes any free port. */
    public JettyContainer() {
        this(0);
    }

    /** Takes a port that was free a moment ago, such as that of a container that was stopped. */
    public JettyContainer(int port) {
        this.port = port;
    }

    @Override
    public int start(HttpServlet servlet, String... paths) throws Exception {
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(servlet);
        holder.setAsyncSupported(true);
        for (String path : paths) {
            context.addServlet(holder, path);
        }
        server.setHandler(context);
        server.start();
        return connector.getLocalPort();
    }

    @Override
    public void stop() throws Exception {
        server.stop();
    }
}
