package io.sallyport.upstream.http;

import static java.util.Objects.requireNonNull;

import io.sallyport.egress.EgressGuard;
import io.sallyport.egress.EgressRefusedException;
import io.sallyport.protocol.Era;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.net.URI;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An MCP server that is reached over HTTP, of either era.
 *
 * <pre>{@code
 * HttpUpstream.at("weather", URI.create("https://weather.example/mcp"))
 *         .header("Authorization", "Bearer " + token)
 *         .build()
 * }</pre>
 *
 * <p>Which era it speaks is found out by asking, remembered, and asked again after a failure. A modern upstream is
 * called without sessions. A legacy one gets a session for each {@link #open}; if it forgets the session, the session is
 * opened anew once, and the call that noticed is made again once, because the upstream rejected it. Streams that break
 * are resumed where the upstream numbers its events. Redirects are not followed, and there is no way to accept every
 * certificate.
 *
 * <p>A call is sent at most once, save two cases: it provably never left, or the upstream rejected it for its session.
 * Lists and reads may also be asked a second time when a connection breaks before the answer begins.
 *
 * <p>It owns its connections and the two threads that serve them; both begin with the first {@link #open} and end with
 * {@link #close}. It belongs to one gateway. Thread-safe.
 */
public final class HttpUpstream implements Upstream {

    private final HttpSettings settings;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock. */
    private @Nullable HttpOrigin origin;

    private boolean closed;

    private HttpUpstream(HttpSettings settings) {
        this.settings = settings;
    }

    /**
     * Begins an upstream.
     *
     * @param name see {@link Upstream#name}
     * @param uri the URL of its MCP endpoint
     */
    public static Builder at(String name, URI uri) {
        return new Builder(Upstream.requireValidName(name), requireNonNull(uri, "uri"));
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public Optional<String> secretHost() {
        return Optional.of(settings.secretHost());
    }

    /** Returns false: a legacy upstream tells its clients apart by their sessions, and a modern session costs nothing. */
    @Override
    public boolean sharesSessions() {
        return false;
    }

    @Override
    public boolean tiesSessions() {
        return false;
    }

    @Override
    public CompletionStage<UpstreamSession> open(SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
        HttpOrigin current;
        lock.lock();
        try {
            if (closed) {
                return CompletableFuture.failedFuture(new UpstreamException(
                        UpstreamFailure.notSent(Kind.UNREACHABLE, "the upstream has been closed")));
            }
            if (origin == null) {
                origin = new HttpOrigin(settings, runtime);
            }
            current = origin;
        } finally {
            lock.unlock();
        }
        CompletableFuture<UpstreamSession> opened = new CompletableFuture<>();
        // What a stage fails with is wrapped on the way; the caller is promised the exception itself.
        current.open(spec, listener).whenComplete((session, thrown) -> {
            if (session != null) {
                opened.complete(session);
            } else {
                opened.completeExceptionally(failureOf(PinnedAddresses.cause(thrown)));
            }
        });
        return opened;
    }

    private static Throwable failureOf(Throwable thrown) {
        if (!(thrown instanceof UpstreamException known)) {
            return thrown;
        }
        // Whatever became of what was asked to open the session, the call that it was for has not been made.
        return new UpstreamException(known.failure().beforeSending());
    }

    @Override
    public void close() {
        HttpOrigin last;
        lock.lock();
        try {
            closed = true;
            last = origin;
            origin = null;
        } finally {
            lock.unlock();
        }
        if (last != null) {
            last.close();
        }
    }

    HttpSettings settings() {
        return settings;
    }

    /** Returns how many connections are open and used by nobody. */
    int idleConnections() {
        lock.lock();
        try {
            return origin == null ? 0 : origin.engine().idleConnections();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the name and where it is; never a header. */
    @Override
    public String toString() {
        return "HttpUpstream[" + settings.name() + ", " + settings.uri().getScheme() + "://"
                + settings.uri().getRawAuthority() + "]";
    }

    /** Defines an upstream. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final URI uri;
        private OperatorHeaders headers = OperatorHeaders.none();
        private final List<String> passHeaders = new ArrayList<>();
        private final HttpTls tls = new HttpTls();
        private @Nullable HttpEgress egress;
        private Optional<Era> era = Optional.empty();
        private Duration connectTimeout = Duration.ofSeconds(5);
        private Duration requestTimeout = Duration.ofSeconds(10);
        private Duration idleConnectionTimeout = Duration.ofSeconds(4);
        private Duration waitForConnection = Duration.ofSeconds(2);
        private int maxConnections = 64;

        private Builder(String name, URI uri) {
            this.name = name;
            this.uri = uri;
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if (!scheme.equals("http") && !scheme.equals("https") || uri.getHost() == null) {
                throw new IllegalArgumentException(
                        "the URL of upstream \"" + name + "\" must be http://host… or https://host…");
            }
            if (uri.getRawUserInfo() != null) {
                throw new IllegalArgumentException("the URL of upstream \"" + name
                        + "\" holds credentials, which URLs show to everybody; use header(\"Authorization\", …)");
            }
            if (uri.getRawFragment() != null) {
                throw new IllegalArgumentException("the URL of upstream \"" + name + "\" has a fragment (#…)");
            }
        }

        /**
         * Adds a header to every request, such as {@code Authorization}. Its value is shown nowhere.
         *
         * <p>The value may hold references to secrets, such as {@code Bearer secret://default/weather#token}. They are
         * resolved for each request, so that a replaced secret is used from then on; without a value the request fails
         * and nothing is sent. The value becomes a string on the way, which cannot be erased. Never put anything of
         * clients into it: what looks like a reference is one.
         *
         * @throws IllegalArgumentException if it is no header, or one that is set here, or what begins with {@code
         *     secret://} is no reference
         */
        public Builder header(String headerName, String value) {
            headers = headers.with(headerName, value);
            return this;
        }

        /**
         * Names headers of clients that are passed on with their calls. Defaults to none. Values with characters beyond
         * printable ASCII are left out.
         *
         * @throws IllegalArgumentException if one of them must not be passed on
         */
        public Builder passHeaders(String... names) {
            for (String header : names) {
                HeaderRules.requirePassable(header);
                passHeaders.add(header);
            }
            return this;
        }

        /**
         * Sets where connections may go. Defaults to the internet and, if the URL names it literally, its own private or
         * loopback address; see {@link EgressGuard#of}.
         *
         * @throws IllegalArgumentException if the guard refuses the upstream's own URL
         */
        public Builder egress(EgressGuard guard) {
            try {
                guard.check(uri);
            } catch (EgressRefusedException e) {
                throw new IllegalArgumentException(e.getMessage(), e);
            }
            return egress(HttpEgress.of(guard));
        }

        /** For tests. */
        Builder egress(HttpEgress other) {
            this.egress = requireNonNull(other, "egress");
            return this;
        }

        /** Speaks this era only. Defaults to finding out. */
        public Builder era(Era only) {
            this.era = Optional.of(only);
            return this;
        }

        /** Sets the time allowed for a connection to one address, and again for its TLS handshake. Defaults to 5 s. */
        public Builder connectTimeout(Duration timeout) {
            this.connectTimeout = requirePositive("connectTimeout", timeout);
            return this;
        }

        /**
         * Sets the time allowed for what this layer itself asks: which era is spoken, opening a session, passing an
         * answer on. The time for calls is the gateway's. Defaults to 10 s.
         */
        public Builder requestTimeout(Duration timeout) {
            this.requestTimeout = requirePositive("requestTimeout", timeout);
            return this;
        }

        /**
         * Sets how long a connection may be idle before it is closed. Defaults to 4 s: many servers close after 5, and to
         * send a call into a connection that is being closed leaves nobody knowing whether it was carried out.
         */
        public Builder idleConnectionTimeout(Duration timeout) {
            this.idleConnectionTimeout = requirePositive("idleConnectionTimeout", timeout);
            return this;
        }

        /** Sets how long a call waits for one of the connections before it is refused. Defaults to 2 s. */
        public Builder waitForConnection(Duration wait) {
            this.waitForConnection = requirePositive("waitForConnection", wait);
            return this;
        }

        /**
         * Sets how many calls may be under way at once, each on a connection of its own; beyond it calls wait, see {@link
         * #waitForConnection}. Streams that stay open to listen do not count, but there are at most as many of them.
         * Defaults to 64.
         */
        public Builder maxConnections(int max) {
            if (max <= 0) {
                throw new IllegalArgumentException("maxConnections must be positive, but was " + max);
            }
            this.maxConnections = max;
            return this;
        }

        /**
         * Trusts servers whose certificates lead to one of these, instead of those that the Java runtime trusts.
         *
         * @throws IllegalArgumentException if there is none
         */
        public Builder trustAnchors(X509Certificate... anchors) {
            tls.trust(List.of(anchors));
            return this;
        }

        /**
         * As {@link #trustAnchors(X509Certificate...)}, from a file in PEM or DER form, which is read now.
         *
         * @throws IllegalArgumentException if it cannot be read, or holds none
         */
        public Builder trustAnchors(Path file) {
            List<X509Certificate> anchors = HttpTls.read(file);
            if (anchors.isEmpty()) {
                throw new IllegalArgumentException("there is no certificate in " + file);
            }
            tls.trust(anchors);
            return this;
        }

        /**
         * Presents a certificate to servers that ask for one.
         *
         * @param store holds the certificate and its key
         * @param password opens the key; not kept
         * @throws IllegalArgumentException if the key cannot be opened
         */
        public Builder clientCertificate(KeyStore store, char[] password) {
            tls.identify(store, password);
            return this;
        }

        /**
         * Returns the upstream. Nothing is connected yet.
         *
         * @throws IllegalArgumentException if the settings do not go together, or the egress guard refuses the URL
         */
        public HttpUpstream build() {
            return new HttpUpstream(settings());
        }

        /**
         * As {@link #build}, for a server of the transport that came before (revision 2024-11-05, "HTTP with SSE",
         * deprecated since): the URL is that of its stream. Each session has a stream of its own; where messages are
         * posted the server says, and it must be at the same scheme, host and port.
         *
         * @throws IllegalArgumentException as {@link #build}, and if {@link #era} or {@link #passHeaders} is set, which
         *     mean nothing here
         */
        public Upstream buildSse() {
            if (era.isPresent() || !passHeaders.isEmpty()) {
                throw new IllegalArgumentException(
                        "upstream \"" + name + "\": " + (era.isPresent() ? "era" : "passHeaders")
                                + " is set, which the older transport has no use for; leave it out");
            }
            return new SseUpstream(settings());
        }

        private HttpSettings settings() {
            boolean isTls = uri.getScheme().equalsIgnoreCase("https");
            if (!isTls && tls.isConfigured()) {
                throw new IllegalArgumentException("the URL of upstream \"" + name
                        + "\" begins with http:, but certificates are set, which only https: uses");
            }
            HttpEgress guarded = egress == null ? HttpEgress.of(EgressGuard.of(uri)) : egress;
            return new HttpSettings(
                    name,
                    uri,
                    headers,
                    List.copyOf(passHeaders),
                    era,
                    guarded,
                    isTls ? tls.strategy() : null,
                    connectTimeout,
                    requestTimeout,
                    idleConnectionTimeout,
                    waitForConnection,
                    maxConnections);
        }

        private static Duration requirePositive(String setting, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(setting + " must be positive, but was " + value);
            }
            return value;
        }
    }
}
