package io.sallyport.session.sdk;

import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.sallyport.spi.Sealer;
import jakarta.servlet.http.HttpServlet;
import java.util.Base64;
import javax.crypto.spec.SecretKeySpec;

/** A server of the SDK as a program of its own, on our provider or on the SDK's; prints the port that it serves at. */
final class ServerProgram {

    private ServerProgram() {}

    /** Takes whose provider it is, and for ours the URL of the store and the key to seal with in base64. */
    public static void main(String[] arguments) throws Exception {
        HttpServlet servlet = arguments[0].equals("ours") ? ours(arguments[1], arguments[2]) : theirs();
        Jetty jetty = new Jetty(servlet, "/*");
        System.out.println("READY " + jetty.port());
        // Until it is killed, or whoever started it is.
        while (System.in.read() >= 0) {
            Thread.onSpinWait();
        }
        Runtime.getRuntime().halt(0);
    }

    private static HttpServlet ours(String store, String key) {
        ClusteredStreamableServerTransportProvider provider = ClusteredStreamableServerTransportProvider.builder()
                .sessionStore(SharedStores.at(store))
                .sealer(Sealer.withKeys(new SecretKeySpec(Base64.getDecoder().decode(key), "AES")))
                .build();
        new TestServer(provider);
        return provider;
    }

    private static HttpServlet theirs() {
        HttpServletStreamableServerTransportProvider provider =
                HttpServletStreamableServerTransportProvider.builder().build();
        new TestServer(provider);
        return provider;
    }
}
