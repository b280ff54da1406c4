package io.sallyport.sandbox.remote;

import io.sallyport.egress.EgressGuard;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SchemePortResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.util.Timeout;

/** A client of Apache HttpClient that does what it is told, and nothing of its own accord. */
final class RemoteClient {

    private static final int MAX_HEADER_LINE_BYTES = 16 * 1024;
    private static final int MAX_HEADERS = 100;

    private RemoteClient() {}

    /** @param host the only one that it is for */
    static CloseableHttpClient of(EgressGuard guard, String host, Duration connectTimeout, int connections) {
        return HttpClients.custom()
                .setConnectionManager(new GuardedConnections(guard, host)
                        .setDnsResolver(new GuardedResolver(guard))
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(Timeout.of(connectTimeout))
                                .build())
                        .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                                .http1Config(Http1Config.custom()
                                        .setMaxLineLength(MAX_HEADER_LINE_BYTES)
                                        .setMaxHeaderCount(MAX_HEADERS)
                                        .build())
                                .build())
                        .setMaxConnTotal(connections)
                        .setMaxConnPerRoute(connections)
                        .build())
                .setDefaultRequestConfig(
                        RequestConfig.custom().setProtocolUpgradeEnabled(false).build())
                // One that has stood idle may be dead, and what was sent on it could not be sent again.
                .setConnectionReuseStrategy((request, response, context) -> false)
                // Whatever proxies the environment and the system's properties name: they are not for this.
                .setRoutePlanner(new DefaultRoutePlanner(null))
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .setUserAgent("sallyport")
                .build();
    }

    private record GuardedResolver(EgressGuard guard) implements DnsResolver {

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return guard.resolve(host);
        }

        @Override
        public List<InetSocketAddress> resolve(String host, int port) throws UnknownHostException {
            return Arrays.stream(guard.resolve(host, port))
                    .map(address -> new InetSocketAddress(address, port))
                    .toList();
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }

    /** Gives the pool sockets that ask the guard themselves. */
    private static final class GuardedConnections extends PoolingHttpClientConnectionManagerBuilder {

        private final EgressGuard guard;
        private final String host;

        GuardedConnections(EgressGuard guard, String host) {
            this.guard = guard;
            this.host = host;
        }

        @Override
        protected HttpClientConnectionOperator createConnectionOperator(
                SchemePortResolver ports, DnsResolver resolver, TlsSocketStrategy tls) {
            return new DefaultHttpClientConnectionOperator(
                    proxy -> new GuardedSocket(guard, host),
                    ports,
                    resolver,
                    name -> name.equals("https") ? tls : null);
        }
    }

    private static final class GuardedSocket extends Socket {

        private final EgressGuard guard;
        private final String host;

        GuardedSocket(EgressGuard guard, String host) {
            super(Proxy.NO_PROXY);
            this.guard = guard;
            this.host = host;
        }

        @Override
        public void connect(SocketAddress endpoint, int timeout) throws IOException {
            guard.check(host, endpoint);
            super.connect(endpoint, timeout);
            guard.check(host, getRemoteSocketAddress());
        }
    }
}
