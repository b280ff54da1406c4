package io.sallyport.session.sdk;

import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.sallyport.spi.SessionStore;
import jakarta.servlet.http.HttpServlet;

/** A server of the SDK as a program of its own, on our provider or on the SDK's; prints the port that it serves at. */
final class ServerProgram {

    private ServerProgram() {}

    public static void main(String[] arguments) throws Exception {
        HttpServlet servlet = arguments[0].equals("ours") ? ours(SharedStores.at(arguments[1])) : theirs();
        Jetty jetty = new Jetty(servlet, "/*");
        System.out.println("READY " + jetty.port());
        // Until it is killed, or whoever started it is.
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        Runtime.getRuntime().halt(0);
    }

    private static HttpServlet ours(SessionStore store) {
        ClusteredStreamableServerTransportProvider provider = ClusteredStreamableServerTransportProvider.builder()
                .sessionStore(store)
                .jsonMapper(TestServer.MAPPER)
                .build();
        new TestServer(provider);
        return provider;
    }

    private static HttpServlet theirs() {
        HttpServletStreamableServerTransportProvider provider = HttpServletStreamableServerTransportProvider.builder()
                .jsonMapper(TestServer.MAPPER)
                .build();
        new TestServer(provider);
        return provider;
    }
}
