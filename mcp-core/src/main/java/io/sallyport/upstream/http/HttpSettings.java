package io.sallyport.upstream.http;

import io.sallyport.protocol.Era;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hc.core5.http.nio.ssl.TlsStrategy;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link HttpUpstream} was built with.
 *
 * @param headers the operator's own, sent with every request
 * @param passHeaders names of the client's headers that are passed on
 * @param era the era to speak; empty to find out
 * @param tls null without TLS
 * @param requestTimeout for what is asked by this layer itself, such as {@code initialize}
 * @param maxConnections calls under way at once; streams that listen are counted for themselves, up to as many
 */
record HttpSettings(
        String name,
        URI uri,
        OperatorHeaders headers,
        List<String> passHeaders,
        Optional<Era> era,
        HttpEgress egress,
        @Nullable TlsStrategy tls,
        Duration connectTimeout,
        Duration requestTimeout,
        Duration idleConnectionTimeout,
        Duration waitForConnection,
        int maxConnections) {

    boolean isTls() {
        return tls != null;
    }

    int port() {
        int port = uri.getPort();
        return port >= 0 ? port : isTls() ? 443 : 80;
    }

    /** Returns the host without the brackets of an IPv6 address. */
    String host() {
        String host = uri.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** Returns where requests go, as {@link io.sallyport.spi.SecretResolver.Use#host} has it. */
    String secretHost() {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        // Without TLS nobody knows who listens: such a host is never the same as the one behind https:.
        return isTls() && port() == 443 ? host : host + ":" + port();
    }

    /** Returns what follows the authority in a request. */
    String path() {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
    }

    /** Never the headers. */
    @Override
    public String toString() {
        return "HttpSettings[" + name + ", " + uri.getScheme() + "://" + uri.getRawAuthority() + "]";
    }
}
