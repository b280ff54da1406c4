package io.sallyport.egress;

import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A host that a connection is meant for, after its spelling was judged: a name, or an address in the one spelling that
 * means the same to every parser.
 *
 * <p>Parsers disagree about the rest. {@code 0177.0.0.1} is 127.0.0.1 to the C library and 177.0.0.1 to the JDK;
 * {@code 0x7f.1} is an address to one and a name to the other; full-width digits become ASCII in whatever prepares
 * international names. Whoever checks with one parser and connects with another has checked nothing, so nothing that
 * looks like an address without being one passes. Immutable and thread-safe.
 */
final class TargetHost {

    private static final String LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";

    /** Letters, digits, hyphens; underscores as well, which container networks use. One trailing dot is the DNS root. */
    private static final Pattern NAME = Pattern.compile(LABEL + "(?:\\." + LABEL + ")*\\.?");

    private static final int LONGEST_NAME = 253;

    private static final int BRACKETS_OR_ROOT_DOT = 2;

    /**
     * No top-level domain is a number, so what ends in one is taken for an IPv4 address by somebody: as decimal, octal
     * or hexadecimal, with one to four parts (WHATWG URL, "ends in a number"). The last two notations are no resolver's,
     * but those of programming languages.
     */
    private static final Pattern ENDS_IN_NUMBER =
            Pattern.compile("(?:.*\\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*|0[oO][0-7]+|0[bB][01]+)\\.?");

    private static final String ADDRESS_REMEDY = "write an IPv4 address as four decimal numbers without leading zeros, "
            + "an IPv6 address in brackets and hexadecimal groups, without a zone";

    private final String text;
    private final String key;
    private final @Nullable InetAddress address;

    private TargetHost(String text, String key, @Nullable InetAddress address) {
        this.text = text;
        this.key = key;
        this.address = address;
    }

    /** Judges a host as it stands in a URL (IPv6 in brackets) or as an HTTP client asks for it (brackets or none). */
    static TargetHost parse(String host) throws EgressRefusedException {
        if (host.length() > LONGEST_NAME + BRACKETS_OR_ROOT_DOT) {
            // First, because the patterns recurse as deep as their input is long.
            throw notAName(host);
        }
        boolean bracketed = host.length() > 2 && host.startsWith("[") && host.endsWith("]");
        String bare = bracketed ? host.substring(1, host.length() - 1) : host;
        Optional<InetAddress> literal = AddressRange.address(bare);
        if (literal.isPresent() && (!bracketed || bare.contains(":"))) {
            InetAddress address = literal.get();
            return new TargetHost(bare, address.getHostAddress(), address);
        }
        if (bracketed || host.contains(":") || ENDS_IN_NUMBER.matcher(host).matches()) {
            throw new EgressRefusedException(
                    host, null, "it looks like an address, but not in its plain spelling", ADDRESS_REMEDY);
        }
        String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
        if (!NAME.matcher(host).matches() || name.length() > LONGEST_NAME) {
            throw notAName(host);
        }
        return new TargetHost(host, name.toLowerCase(Locale.ROOT), null);
    }

    private static EgressRefusedException notAName(String host) {
        return new EgressRefusedException(
                host,
                null,
                "it is neither a host name nor an address",
                "write the name in ASCII letters, digits and hyphens, an international one in its xn-- form");
    }

    /** Returns the address, if the host is one. */
    Optional<InetAddress> address() {
        return Optional.ofNullable(address);
    }

    /** Returns what to look up: the name as it was given, for a trailing dot keeps resolvers from appending domains. */
    String text() {
        return text;
    }

    /** Returns what is equal for equal hosts. */
    String key() {
        return key;
    }

    /** Returns whether the host is an address, not a name, and the address is such a one. */
    boolean isAddress(Predicate<InetAddress> such) {
        return address != null && such.test(address);
    }

    boolean isLocalhost() {
        return key.equals("localhost");
    }
}
