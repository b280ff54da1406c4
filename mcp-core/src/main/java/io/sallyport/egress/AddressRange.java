package io.sallyport.egress;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/** A range of IPv4 or IPv6 addresses with a common prefix. Immutable and thread-safe. */
final class AddressRange {

    private static final String OCTET = "(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])";

    /** The one spelling of an IPv4 address on which all parsers agree. */
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");

    /** Groups of hexadecimal digits only; the JDK decides whether they make an address. */
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}");

    private final String text;
    private final byte[] first;
    private final int prefix;

    private AddressRange(String text, byte[] first, int prefix) {
        this.text = text;
        this.first = first;
        this.prefix = prefix;
    }

    /**
     * Returns the range written as {@code 10.0.0.0/8}, or the one address written as {@code 10.1.2.3}.
     *
     * @throws IllegalArgumentException if it is not written so
     */
    static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = address(slash < 0 ? text : text.substring(0, slash))
                .orElseThrow(() -> new IllegalArgumentException("expected a range such as 10.0.0.0/8 or fd00::/8, "
                        + "but was " + EgressRefusedException.quote(text)));
        byte[] first = address.getAddress();
        int bits = first.length * 8;
        int prefix = bits;
        if (slash >= 0) {
            String length = text.substring(slash + 1);
            prefix = length.matches("0|[1-9][0-9]{0,2}") ? Integer.parseInt(length) : -1;
            if (prefix < 0 || prefix > bits) {
                throw new IllegalArgumentException(
                        "the prefix length must be 0 to " + bits + ", but was " + EgressRefusedException.quote(text));
            }
        }
        for (int bit = prefix; bit < bits; bit++) {
            if ((first[bit / 8] & 0x80 >> bit % 8) != 0) {
                throw new IllegalArgumentException("the range must begin at its first address, but " + text
                        + " has bits set after the first " + prefix);
            }
        }
        return new AddressRange(text, first, prefix);
    }

    /** The range of which the JDK makes IPv4 addresses when it parses one, so that it cannot be parsed here. */
    static AddressRange ipv4Mapped() {
        byte[] first = new byte[16];
        first[10] = first[11] = (byte) 0xff;
        return new AddressRange("::ffff:0:0/96", first, 96);
    }

    /**
     * Returns the address that a text means to every parser alike, never by looking a name up. IPv4 is written with four
     * decimal numbers without leading zeros, IPv6 in groups of hexadecimal digits; an IPv4 address dressed as IPv6 is
     * no such text.
     */
    static Optional<InetAddress> address(String text) {
        try {
            if (IPV4.matcher(text).matches()) {
                return Optional.of(InetAddress.getByName(text));
            }
            if (IPV6.matcher(text).matches()) {
                // The brackets forbid the JDK to take it for a name.
                InetAddress address = InetAddress.getByName("[" + text + "]");
                return address instanceof Inet6Address ? Optional.of(address) : Optional.empty();
            }
            return Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    boolean contains(byte[] address) {
        if (address.length != first.length) {
            return false;
        }
        int whole = prefix / 8;
        for (int i = 0; i < whole; i++) {
            if (address[i] != first[i]) {
                return false;
            }
        }
        int rest = prefix % 8;
        return rest == 0 || ((address[whole] ^ first[whole]) & 0xff00 >> rest & 0xff) == 0;
    }

    /** Returns whether all addresses of the other range are in this one. */
    boolean contains(AddressRange other) {
        return other.prefix >= prefix && contains(other.first);
    }

    int prefix() {
        return prefix;
    }

    byte[] first() {
        return first.clone();
    }

    byte[] last() {
        byte[] last = first.clone();
        for (int bit = prefix; bit < last.length * 8; bit++) {
            last[bit / 8] |= (byte) (0x80 >> bit % 8);
        }
        return last;
    }

    /** Returns how the range was written. */
    @Override
    public String toString() {
        return text;
    }

    /** Returns an address as text, without the zone that the JDK appends. */
    static String text(byte[] address) {
        try {
            InetAddress plain = address.length == 4
                    ? Inet4Address.getByAddress(address)
                    : Inet6Address.getByAddress(null, address, -1);
            return plain.getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not 4 or 16 bytes", e);
        }
    }
}
