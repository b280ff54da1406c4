package io.sallyport.gateway.internal;

import io.sallyport.protocol.McpHeaders;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides from {@code Host} and {@code Origin} who may come in at all: against pages of other sites and against names
 * that were made to resolve to this machine (DNS rebinding). Immutable.
 */
public final class HttpGuard {

    private static final int LONGEST_SHOWN = 300;

    private final Set<String> hosts = new TreeSet<>();
    private final Set<String> origins = new TreeSet<>();
    private final boolean localByDefault;

    /** Creates a guard for these public URLs (none: local names only) and these further origins. */
    public HttpGuard(List<URI> publicUrls, Set<String> allowedOrigins) {
        localByDefault = publicUrls.isEmpty();
        origins.addAll(allowedOrigins);
        for (URI url : publicUrls) {
            hosts.add(authority(url));
            origins.add(url.getScheme() + "://" + authority(url));
            if (hasDefaultPort(url)) {
                // Browsers leave it out, but others may write it, and mean the same (RFC 9110, section 4.2.3).
                hosts.add(authority(url) + ":" + defaultPort(url));
            }
        }
    }

    /** Returns an origin as browsers write it; nothing if the text is none. */
    public static Optional<String> origin(String text) {
        if (!text.matches("(?i)https?://[^/?#@]+")) {
            return Optional.empty();
        }
        try {
            URI url = new URI(text.toLowerCase(Locale.ROOT));
            return url.getHost() == null ? Optional.empty() : Optional.of(url.getScheme() + "://" + authority(url));
        } catch (URISyntaxException notOne) {
            return Optional.empty();
        }
    }

    /** Returns whether a public URL is one of this machine only. */
    public static boolean isLocal(URI url) {
        return isLocalName(url.getHost());
    }

    /** Returns the host and, if it is not the scheme's own, the port. */
    private static String authority(URI url) {
        String host = url.getHost().toLowerCase(Locale.ROOT);
        return hasDefaultPort(url) ? host : host + ":" + url.getPort();
    }

    private static boolean hasDefaultPort(URI url) {
        return url.getPort() == -1 || url.getPort() == defaultPort(url);
    }

    private static int defaultPort(URI url) {
        return "https".equals(url.getScheme()) ? 443 : 80;
    }

    /** Returns why a request is refused by its headers, in words for an operator; nothing if it may come in. */
    public Optional<String> refusal(McpHeaders.Source headers) {
        List<String> host = headers.values("Host");
        if (host.size() != 1 || !isKnownHost(host.get(0).toLowerCase(Locale.ROOT))) {
            return Optional.of("Host " + shown(host) + " is not among the public URLs " + hosts
                    + (localByDefault ? " and not a local name; set publicUrl(…)" : "; add it, or mend the proxy"));
        }
        List<String> origin = headers.values("Origin");
        if (!origin.isEmpty() && (origin.size() != 1 || !isAllowedOrigin(origin.get(0)))) {
            return Optional.of("Origin " + shown(origin) + " is not allowed; allowed are " + origins
                    + (localByDefault ? " and local ones" : "") + "; add it with allowOrigin(…)");
        }
        return Optional.empty();
    }

    /** Headers are as long as a stranger likes. */
    private static String shown(List<String> values) {
        String all = values.toString();
        return all.length() <= LONGEST_SHOWN ? all : all.substring(0, LONGEST_SHOWN) + "…";
    }

    private boolean isKnownHost(String host) {
        return localByDefault ? isLocalName(hostOf(host)) : hosts.contains(host);
    }

    /** Returns whether pages of this origin may use the gateway. */
    public boolean isAllowedOrigin(String origin) {
        String folded = origin.toLowerCase(Locale.ROOT);
        return origins.contains(folded) || localByDefault && isLocalOrigin(folded);
    }

    private static boolean isLocalOrigin(String origin) {
        int start = origin.startsWith("http://") ? 7 : origin.startsWith("https://") ? 8 : -1;
        return start > 0 && isLocalName(hostOf(origin.substring(start)));
    }

    /** Returns the host without its port; the whole, which is then no known host, if the port is none. */
    static String hostOf(String authority) {
        int port = authority.lastIndexOf(':');
        return port > authority.lastIndexOf(']') && isPort(authority, port + 1)
                ? authority.substring(0, port)
                : authority;
    }

    private static boolean isPort(String authority, int start) {
        for (int i = start; i < authority.length(); i++) {
            if (authority.charAt(i) < '0' || authority.charAt(i) > '9') {
                return false;
            }
        }
        int digits = authority.length() - start;
        return digits >= 1 && digits <= 5;
    }

    static boolean isLocalName(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.equals("127.0.0.1") || name.equals("[::1]");
    }
}
