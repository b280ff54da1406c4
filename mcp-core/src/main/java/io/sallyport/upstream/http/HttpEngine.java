package io.sallyport.upstream.http;

import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.bootstrap.AsyncRequesterBootstrap;
import org.apache.hc.core5.http.impl.bootstrap.HttpAsyncRequester;
import org.apache.hc.core5.http.message.BasicHttpRequest;
import org.apache.hc.core5.http.nio.AsyncClientEndpoint;
import org.apache.hc.core5.http.protocol.HttpProcessorBuilder;
import org.apache.hc.core5.http.protocol.RequestContent;
import org.apache.hc.core5.http.protocol.RequestTargetHost;
import org.apache.hc.core5.http2.HttpVersionPolicy;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.pool.PoolReusePolicy;
import org.apache.hc.core5.reactor.IOReactorConfig;
import org.apache.hc.core5.reactor.IOSession;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * The connections to one upstream and the threads that serve them. Thread-safe; nothing blocks.
 *
 * <p>It is the bare requester of HttpCore and not HttpClient, because only this lets an answer be handed on by the thread
 * that read it, and a connection be closed at the very moment when a call is given up.
 */
final class HttpEngine {

    private static final int IO_THREADS = 2;
    private static final int URGENT_PLACES = 16;
    private static final int MAX_WAITING = 1024;
    private static final int MAX_HEADER_BYTES = 16 * 1024;
    private static final int MAX_HEADERS = 100;
    private static final long SWEEP_MILLIS = 1000;
    private static final int MAX_REFUSALS = 100;

    /** HTTP/2 is not spoken here; without this a server that offers it would get HTTP/1.1 on an HTTP/2 connection. */
    private static final TlsConfig HTTP_1 =
            TlsConfig.custom().setVersionPolicy(HttpVersionPolicy.FORCE_HTTP_1).build();

    private final HttpSettings settings;
    private final UpstreamRuntime runtime;
    private final HttpHost target;
    private final String path;

    /** Null if they hold secrets. */
    private final @Nullable CompletableFuture<List<Header>> constantHeaders;

    private final Timeout connectTimeout;
    private final HttpAsyncRequester requester;
    private final PinnedAddresses addresses;
    private final Permits calls;
    private final Permits listening;
    private final Permits urgent;
    private final Set<HttpExchange> exchanges = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private volatile boolean closed;

    /** What the guard said of addresses whose connections it refused; as many as a name has addresses, at most. */
    private final Map<SocketAddress, String> refusals = new ConcurrentHashMap<>();

    HttpEngine(HttpSettings settings, UpstreamRuntime runtime) {
        this.settings = settings;
        this.runtime = runtime;
        this.target = new HttpHost(
                settings.isTls() ? "https" : "http",
                settings.host(),
                settings.uri().getPort());
        this.path = settings.path();
        this.constantHeaders =
                settings.headers().needSecrets() ? null : CompletableFuture.completedFuture(resolveHeaders());
        this.connectTimeout = Timeout.of(settings.connectTimeout());
        this.addresses = new PinnedAddresses(settings.host(), settings.port(), settings.egress(), System::nanoTime);
        this.calls = permits(settings.maxConnections());
        this.listening = permits(settings.maxConnections());
        this.urgent = permits(URGENT_PLACES);
        int places = 2 * settings.maxConnections() + URGENT_PLACES;
        this.requester = AsyncRequesterBootstrap.bootstrap()
                .setIOReactorConfig(IOReactorConfig.custom()
                        .setIoThreadCount(IO_THREADS)
                        .setSoTimeout(Timeout.DISABLED)
                        .setTcpNoDelay(true)
                        .build())
                .setHttp1Config(Http1Config.custom()
                        .setMaxLineLength(MAX_HEADER_BYTES)
                        .setMaxHeaderCount(MAX_HEADERS)
                        .build())
                // Without this it would announce itself, and wait for leave to send each body.
                .setHttpProcessor(HttpProcessorBuilder.create()
                        .addAll(RequestContent.INSTANCE, RequestTargetHost.INSTANCE)
                        .build())
                .setDefaultMaxPerRoute(places)
                .setMaxTotal(places)
                .setPoolConcurrencyPolicy(PoolConcurrencyPolicy.STRICT)
                .setPoolReusePolicy(PoolReusePolicy.LIFO)
                .setTlsStrategy(settings.tls())
                .setTlsHandshakeTimeout(connectTimeout)
                .setIOSessionListener(new NewConnections())
                .create();
        requester.start();
    }

    private Permits permits(int places) {
        return new Permits(places, MAX_WAITING, settings.waitForConnection(), runtime.timer());
    }

    /** Sends a request. What comes back may come before this returns. */
    void start(HttpExchange.Spec spec, HttpExchange.Listener listener) {
        HttpExchange exchange = new HttpExchange(this, spec, listener);
        exchanges.add(exchange);
        exchange.begin();
        if (closed) {
            // Perhaps after close() has gone through the exchanges.
            exchange.breakOff(closedUnder(exchange));
        }
        sweepLater();
    }

    private static UpstreamFailure closedUnder(HttpExchange exchange) {
        String detail = "the upstream was closed by the gateway";
        return exchange.wasSent()
                ? UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, detail)
                : UpstreamFailure.notSent(Kind.UNREACHABLE, detail);
    }

    void forget(HttpExchange exchange) {
        exchanges.remove(exchange);
    }

    Permits permits(Lane lane) {
        return switch (lane) {
            case CALL -> calls;
            case LISTEN -> listening;
            case URGENT -> urgent;
        };
    }

    String describeOverload(Lane lane) {
        int places = lane == Lane.URGENT ? URGENT_PLACES : settings.maxConnections();
        return "all " + places + " connections to " + host() + " were taken for "
                + settings.waitForConnection().toMillis() + " ms; see maxConnections";
    }

    CompletableFuture<List<InetAddress>> addresses() {
        return addresses.get(runtime.executor());
    }

    /** Returns the operator's headers for one request, with the values that secrets have now. */
    CompletableFuture<List<Header>> operatorHeaders() {
        if (constantHeaders != null) {
            return constantHeaders;
        }
        try {
            return CompletableFuture.supplyAsync(this::resolveHeaders, runtime.executor());
        } catch (RejectedExecutionException full) {
            return CompletableFuture.failedFuture(new UpstreamException(
                    UpstreamFailure.notSent(Kind.OVERLOADED, "the executor takes no more tasks")));
        }
    }

    private List<Header> resolveHeaders() {
        return settings.headers().resolve(runtime.secrets(), settings.name(), settings.secretHost());
    }

    void forgetAddresses() {
        addresses.forget();
    }

    String host() {
        return settings.host();
    }

    HttpSettings settings() {
        return settings;
    }

    /** Returns how an address is named to operators. */
    String describe(InetAddress address) {
        String text = address.getHostAddress();
        String literal = text.indexOf(':') >= 0 ? "[" + text + "]" : text;
        String where = literal + ":" + settings.port();
        return host().equals(text) ? where : host() + " (" + where + ")";
    }

    void connect(InetAddress address, FutureCallback<AsyncClientEndpoint> callback) {
        // The name for TLS, the address to connect to: nothing is looked up again.
        HttpHost route = new HttpHost(target.getSchemeName(), address, target.getHostName(), settings.port());
        try {
            requester.connect(route, connectTimeout, HTTP_1, callback);
        } catch (IllegalStateException shutDown) {
            callback.failed(shutDown);
        }
    }

    HttpRequest request(HttpExchange.Spec spec, List<Header> operatorHeaders) {
        BasicHttpRequest request =
                new BasicHttpRequest(spec.method(), target, spec.path().isEmpty() ? path : spec.path());
        for (Header header : operatorHeaders) {
            request.addHeader(header);
        }
        for (Header header : spec.headers()) {
            request.addHeader(header);
        }
        return request;
    }

    /** Returns why the guard refused a connection to an address; empty if it did not. */
    Optional<String> refusal(InetAddress address) {
        return Optional.ofNullable(refusals.remove(new InetSocketAddress(address, settings.port())));
    }

    /** Returns how many connections are open and used by nobody. */
    int idleConnections() {
        return requester.getTotalStats().getAvailable();
    }

    void dropIdleConnections() {
        requester.closeIdle(TimeValue.ZERO_MILLISECONDS);
    }

    long now() {
        return System.nanoTime();
    }

    private void sweepLater() {
        if (!closed && sweeping.compareAndSet(false, true)) {
            try {
                runtime.timer().schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                // The gateway ends, and closes this upstream too.
                sweeping.set(false);
            }
        }
    }

    /** Closes connections that are not used, before the upstream does: to use one that it just closed fails a call. */
    private void sweep() {
        sweeping.set(false);
        if (closed) {
            return;
        }
        long idle = Math.max(0, settings.idleConnectionTimeout().toMillis() - SWEEP_MILLIS);
        requester.closeIdle(TimeValue.ofMilliseconds(idle));
        long now = now();
        for (HttpExchange exchange : exchanges) {
            exchange.stopLingering(now, TimeUnit.MILLISECONDS.toNanos(SWEEP_MILLIS));
        }
        if (!exchanges.isEmpty() || idleConnections() > 0) {
            sweepLater();
        }
    }

    /** Ends all exchanges, connections and threads. Idempotent. */
    void close() {
        closed = true;
        for (HttpExchange exchange : exchanges) {
            exchange.breakOff(closedUnder(exchange));
        }
        requester.close(CloseMode.IMMEDIATE);
        try {
            requester.awaitShutdown(TimeValue.ofSeconds(1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks at each new connection before anything is sent through it. */
    private final class NewConnections implements org.apache.hc.core5.reactor.IOSessionListener {

        @Override
        public void connected(IOSession session) {
            // The time allowed for connecting would otherwise go on as the time that an answer may be silent.
            session.setSocketTimeout(Timeout.DISABLED);
            SocketAddress remote = session.getRemoteAddress();
            try {
                settings.egress().check(settings.host(), remote);
            } catch (IOException | RuntimeException refused) {
                if (remote != null && refusals.size() < MAX_REFUSALS) {
                    refusals.put(remote, String.valueOf(refused.getMessage()));
                }
                // On the thread that would send the request next, so that not one byte of it leaves.
                session.close(CloseMode.IMMEDIATE);
            }
        }

        @Override
        public void startTls(IOSession session) {
            // Nothing to do.
        }

        @Override
        public void inputReady(IOSession session) {
            // Nothing to do.
        }

        @Override
        public void outputReady(IOSession session) {
            // Nothing to do.
        }

        @Override
        public void timeout(IOSession session) {
            // Nothing to do.
        }

        @Override
        public void exception(IOSession session, Exception cause) {
            // The exchange on the session is told.
        }

        @Override
        public void disconnected(IOSession session) {
            // The exchange on the session is told.
        }
    }
}
