package io.sallyport.upstream.http;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.Set;

/** Which headers an operator may set, and which of a client's may be passed on. */
final class HeaderRules {

    /** What belongs to one hop, or is set by the upstream itself. */
    private static final Set<String> SET_HERE = Set.of(
            "host",
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "expect",
            "content-length",
            "content-type",
            "content-encoding",
            "accept",
            "accept-encoding",
            "last-event-id");

    /** What is a secret between the client and the gateway, or speaks of the client's browser. */
    private static final Set<String> OF_THE_CLIENT = Set.of("authorization", "proxy-authorization", "cookie", "origin");

    private HeaderRules() {}

    /** Returns if an operator may set the header to this value. */
    static void requireSettable(String name, String value) {
        String folded = requireToken(name);
        if (SET_HERE.contains(folded) || folded.startsWith("mcp-")) {
            throw new IllegalArgumentException("the header " + name + " is set by the upstream itself");
        }
        if (!isPrintable(requireNonNull(value, "value"))) {
            throw new IllegalArgumentException(
                    "the value of the header " + name + " holds characters that no header may hold");
        }
    }

    /** Returns if a client's header of this name may be passed on. */
    static void requirePassable(String name) {
        String folded = requireToken(name);
        if (SET_HERE.contains(folded) || folded.startsWith("mcp-")) {
            throw new IllegalArgumentException("the header " + name
                    + " is not passed on: it belongs to the client's connection, or is set by the upstream itself");
        }
        if (OF_THE_CLIENT.contains(folded) || folded.startsWith("sec-")) {
            throw new IllegalArgumentException("the header " + name
                    + " is not passed on: it is between the client and the gateway; credentials for the upstream are set"
                    + " with header(…)");
        }
    }

    private static String requireToken(String name) {
        if (!requireNonNull(name, "name").matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
            throw new IllegalArgumentException("not the name of a header: \"" + name + "\"");
        }
        return name.toLowerCase(Locale.ROOT);
    }

    /** Returns whether a header may hold this value, and every server reads it in the same way. */
    static boolean isPrintable(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < 0x20 && c != '\t' || c > 0x7E) {
                return false;
            }
        }
        return true;
    }
}
