package io.sallyport.egress;

import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;

/** What of a URL decides where a connection goes, after its spelling was judged. */
record TargetUrl(boolean plaintext, TargetHost host, int port) {

    private static final int HTTPS_PORT = 443;
    private static final int HTTP_PORT = 80;

    /** Judges the form of a URL; whether its host and port are allowed is not asked here. */
    static TargetUrl parse(URI url) throws EgressRefusedException {
        String authority = url.getRawAuthority() == null ? "" : url.getRawAuthority();
        // What stands before the host may be a password, so it is in no message.
        String shown = authority.substring(authority.lastIndexOf('@') + 1);
        String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !scheme.equals("http")) {
            throw refused(shown, "its scheme is " + EgressRefusedException.quote(scheme), "use https");
        }
        if (!shown.equals(authority)) {
            throw refused(
                    shown,
                    "the URL carries user info before its host",
                    "leave it out and configure credentials as such");
        }
        if (url.getHost() == null) {
            // The JDK finds no host in 127.1, a_b or full-width digits, but the parser of an HTTP client does.
            TargetHost.parse(shown.replaceFirst("(?<!:):[0-9]*$", ""));
            throw refused(
                    shown,
                    "the URL has no host that every parser understands",
                    "write a host name of letters, digits, hyphens and dots");
        }
        TargetHost host = TargetHost.parse(url.getHost());
        String plain = url.getPort() < 0 ? url.getHost() : url.getHost() + ":" + url.getPort();
        if (!plain.equals(authority)) {
            throw refused(shown, "its host and port are spelled unusually", "write them as " + plain);
        }
        boolean plaintext = scheme.equals("http");
        int standardPort = plaintext ? HTTP_PORT : HTTPS_PORT;
        return new TargetUrl(plaintext, host, url.getPort() < 0 ? standardPort : url.getPort());
    }

    /** Returns whether the host is this machine by its spelling alone. */
    boolean isLoopback() {
        return host.isLocalhost() || host.isAddress(InetAddress::isLoopbackAddress);
    }

    private static EgressRefusedException refused(String host, String rule, String remedy) {
        return new EgressRefusedException(host, null, rule, remedy);
    }
}
