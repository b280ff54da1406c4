package io.sallyport.egress;

import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SchemePortResolver;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClients;
import org.apache.hc.client5.http.impl.nio.DefaultAsyncClientConnectionOperator;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.nio.AsyncClientConnectionOperator;
import org.apache.hc.client5.http.nio.ManagedAsyncClientConnection;
import org.apache.hc.core5.concurrent.CallbackContribution;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.URIScheme;
import org.apache.hc.core5.http.config.Lookup;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.nio.ssl.TlsStrategy;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.net.NamedEndpoint;
import org.apache.hc.core5.reactor.ConnectionInitiator;
import org.apache.hc.core5.reactor.IOSession;
import org.apache.hc.core5.reactor.IOSessionListener;
import org.apache.hc.core5.reactor.ssl.TransportSecurityLayer;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/** Where a guard fits into Apache HttpClient 5. */
final class HttpClientHooks {

    private HttpClientHooks() {}

    static CloseableHttpAsyncClient asyncClient(EgressGuard guard, boolean beforeConnecting) {
        return HttpAsyncClients.custom()
                .setConnectionManager(new GuardedConnections(guard, beforeConnecting)
                        .setDnsResolver(new GuardedResolver(guard))
                        .build())
                .build();
    }

    record GuardedResolver(EgressGuard guard) implements DnsResolver {

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
            return host; // Only Kerberos asks, and the JDK would look the name up unguarded.
        }
    }

    /** Gives the pool an operator that sees each connection before TLS and HTTP do. */
    private static final class GuardedConnections extends PoolingAsyncClientConnectionManagerBuilder {

        private final EgressGuard guard;
        private final boolean beforeConnecting;

        GuardedConnections(EgressGuard guard, boolean beforeConnecting) {
            this.guard = guard;
            this.beforeConnecting = beforeConnecting;
        }

        @Override
        protected AsyncClientConnectionOperator createConnectionOperator(
                TlsStrategy tls, SchemePortResolver ports, DnsResolver resolver) {
            Lookup<TlsStrategy> lookup = RegistryBuilder.<TlsStrategy>create()
                    .register(URIScheme.HTTPS.id, tls)
                    .build();
            return new DefaultAsyncClientConnectionOperator(lookup, ports, resolver) {
                @Override
                public Future<ManagedAsyncClientConnection> connect(
                        ConnectionInitiator initiator,
                        HttpHost host,
                        Path unixDomainSocket,
                        NamedEndpoint endpoint,
                        SocketAddress local,
                        Timeout timeout,
                        Object attachment,
                        HttpContext context,
                        FutureCallback<ManagedAsyncClientConnection> callback) {
                    ConnectionInitiator guarded = new GuardedInitiator(guard, initiator, beforeConnecting);
                    return super.connect(
                            guarded, host, unixDomainSocket, endpoint, local, timeout, attachment, context, callback);
                }
            };
        }
    }

    private record GuardedInitiator(EgressGuard guard, ConnectionInitiator initiator, boolean beforeConnecting)
            implements ConnectionInitiator {

        @Override
        public Future<IOSession> connect(
                NamedEndpoint host,
                SocketAddress remote,
                SocketAddress local,
                Timeout timeout,
                Object attachment,
                FutureCallback<IOSession> callback) {
            if (beforeConnecting) {
                try {
                    guard.check(host.getHostName(), remote);
                } catch (EgressRefusedException e) {
                    callback.failed(e);
                    return CompletableFuture.failedFuture(e);
                }
            }
            return initiator.connect(host, remote, local, timeout, attachment, new CallbackContribution<>(callback) {
                @Override
                public void completed(IOSession session) {
                    try {
                        guard.check(host.getHostName(), session.getRemoteAddress());
                        callback.completed(session);
                    } catch (EgressRefusedException e) {
                        session.close(CloseMode.IMMEDIATE);
                        callback.failed(e);
                    }
                }
            });
        }
    }

    /** For HttpCore's requester and TLS: the last moment before the handshake tells the host's name. */
    record GuardedTls(EgressGuard guard, TlsStrategy tls) implements TlsStrategy {

        @Override
        @Deprecated
        public boolean upgrade(
                TransportSecurityLayer layer,
                HttpHost host,
                SocketAddress local,
                SocketAddress remote,
                Object attachment,
                Timeout timeout) {
            throw new UnsupportedOperationException("the requester calls the other one");
        }

        @Override
        public void upgrade(
                TransportSecurityLayer layer,
                NamedEndpoint host,
                Object attachment,
                Timeout timeout,
                @Nullable FutureCallback<TransportSecurityLayer> callback) {
            IOSession session = (IOSession) layer;
            try {
                guard.check(host.getHostName(), session.getRemoteAddress());
                tls.upgrade(layer, host, attachment, timeout, callback);
            } catch (EgressRefusedException e) {
                session.close(CloseMode.IMMEDIATE);
                throw new UncheckedIOException(e); // The requester passes no callback, but takes what is thrown.
            }
        }
    }

    /** For HttpCore's requester without TLS. */
    record GuardedSessions(EgressGuard guard, String host) implements IOSessionListener {

        @Override
        public void connected(IOSession session) {
            try {
                guard.check(host, session.getRemoteAddress());
            } catch (EgressRefusedException e) {
                session.close(CloseMode.IMMEDIATE);
            }
        }

        @Override
        public void startTls(IOSession session) {}

        @Override
        public void inputReady(IOSession session) {}

        @Override
        public void outputReady(IOSession session) {}

        @Override
        public void timeout(IOSession session) {}

        @Override
        public void exception(IOSession session, Exception cause) {}

        @Override
        public void disconnected(IOSession session) {}
    }
}
