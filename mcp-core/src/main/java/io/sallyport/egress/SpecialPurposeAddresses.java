package io.sallyport.egress;

import static io.sallyport.egress.SpecialPurposeAddresses.Reach.LOOPBACK;
import static io.sallyport.egress.SpecialPurposeAddresses.Reach.OTHER;
import static io.sallyport.egress.SpecialPurposeAddresses.Reach.PRIVATE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The addresses that are not simply hosts on the internet.
 *
 * <p>Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), the IANA IPv6 Address
 * Space registry and the multicast registries, as of October 2025. Where we are stricter than they are:
 *
 * <ul>
 *   <li>2001::/23 and 192.0.0.0/24 are refused whole. The registries call parts of them globally reachable (anycast
 *       addresses of PCP and TURN, AMT, AS112, ORCHIDv2, drone identifiers); no MCP server lives there.
 *   <li>64:ff9b::/96 (NAT64) is globally reachable as well, but what it reaches is an IPv4 address of the sender's
 *       choice behind a translator that may stand inside the network.
 *   <li>IPv6 outside 2000::/3 is refused whole, so that a future special purpose there is covered before we hear of it.
 *   <li>The addresses at which clouds hand out a machine's credentials have rows of their own. Some lie in ranges that
 *       are opened for other reasons, one is an ordinary public address.
 * </ul>
 *
 * <p>AS112 and AMT outside these blocks (192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24, 2620:4f:8000::/48) are
 * globally reachable by registry and pass.
 */
final class SpecialPurposeAddresses {

    /** What an exception that names a host, not a range, may open. */
    enum Reach {
        LOOPBACK,
        PRIVATE,
        /** Only a range that is named opens it: nobody hosts a service here, but attacks go here. */
        OTHER
    }

    /** A row of the table. */
    record Block(AddressRange range, Reach reach, String purpose) {
        @Override
        public String toString() {
            return range + " (" + purpose + ")";
        }
    }

    /** A block that an address is in, be it itself or by the IPv4 address within it, which then is {@code judged}. */
    record Finding(Block block, byte[] judged, boolean embedded) {}

    static final List<Block> BLOCKS = narrowestFirst(
            block("0.0.0.0/8", OTHER, "\"this network\", RFC 791; connects to the local host on many systems"),
            block("10.0.0.0/8", PRIVATE, "private use, RFC 1918"),
            block("100.64.0.0/10", PRIVATE, "shared address space, RFC 6598"),
            block("100.100.100.200/32", OTHER, "cloud metadata service, Alibaba"),
            block("127.0.0.0/8", LOOPBACK, "loopback, RFC 1122"),
            block("168.63.129.16/32", OTHER, "cloud platform service, Azure"),
            block("169.254.0.0/16", OTHER, "link-local, RFC 3927"),
            block("169.254.169.254/32", OTHER, "cloud metadata service"),
            block("169.254.170.0/24", OTHER, "container credential service, AWS"),
            block("172.16.0.0/12", PRIVATE, "private use, RFC 1918"),
            block("192.0.0.0/24", OTHER, "IETF protocol assignments, RFC 6890"),
            block("192.0.2.0/24", OTHER, "documentation, RFC 5737"),
            block("192.88.99.0/24", OTHER, "6to4 relay anycast, RFC 7526"),
            block("192.168.0.0/16", PRIVATE, "private use, RFC 1918"),
            block("198.18.0.0/15", OTHER, "benchmarking, RFC 2544"),
            block("198.51.100.0/24", OTHER, "documentation, RFC 5737"),
            block("203.0.113.0/24", OTHER, "documentation, RFC 5737"),
            block("224.0.0.0/4", OTHER, "multicast, RFC 5771"),
            block("240.0.0.0/4", OTHER, "reserved and broadcast, RFC 1112, RFC 919"),
            block("::/128", OTHER, "unspecified, RFC 4291; connects to the local host on many systems"),
            block("::1/128", LOOPBACK, "loopback, RFC 4291"),
            block("::/96", OTHER, "IPv4-compatible, RFC 4291"),
            new Block(AddressRange.ipv4Mapped(), OTHER, "IPv4-mapped, RFC 4291"),
            block("::ffff:0:0:0/96", OTHER, "IPv4-translated, RFC 2765"),
            block("64:ff9b::/96", OTHER, "NAT64, RFC 6052"),
            block("64:ff9b:1::/48", OTHER, "NAT64 for local use, RFC 8215"),
            block("100::/64", OTHER, "discard only, RFC 6666"),
            block("100:0:0:1::/64", OTHER, "dummy prefix, RFC 9780"),
            block("2001::/23", OTHER, "IETF protocol assignments, RFC 2928"),
            block("2001::/32", OTHER, "Teredo, RFC 4380"),
            block("2001:db8::/32", OTHER, "documentation, RFC 3849"),
            block("2002::/16", OTHER, "6to4, RFC 3056"),
            block("3fff::/20", OTHER, "documentation, RFC 9637"),
            block("5f00::/16", OTHER, "segment routing, RFC 9602"),
            block("fc00::/7", PRIVATE, "unique local, RFC 4193"),
            block("fd00:ec2::/32", OTHER, "cloud metadata service, AWS"),
            block("fd00:42::42/128", OTHER, "cloud metadata service, Scaleway"),
            block("fd20:ce::254/128", OTHER, "cloud metadata service, Google"),
            block("fe80::/10", OTHER, "link-local, RFC 4291"),
            block("fec0::/10", OTHER, "site-local, RFC 3879"),
            block("ff00::/8", OTHER, "multicast, RFC 4291"),
            block("::/3", OTHER, "outside 2000::/3, the only global unicast, RFC 4291"),
            block("4000::/2", OTHER, "outside 2000::/3, the only global unicast, RFC 4291"),
            block("8000::/1", OTHER, "outside 2000::/3, the only global unicast, RFC 4291"));

    /** Where an IPv6 address of a range carries an IPv4 address. */
    private record Carrier(AddressRange range, int offset, boolean inverted) {}

    private static final List<Carrier> CARRIERS = List.of(
            new Carrier(AddressRange.parse("::/96"), 12, false),
            new Carrier(AddressRange.ipv4Mapped(), 12, false),
            new Carrier(AddressRange.parse("::ffff:0:0:0/96"), 12, false),
            new Carrier(AddressRange.parse("64:ff9b::/96"), 12, false),
            // The /48 may be cut into prefixes of several lengths; RFC 8215 expects /96, so we read it so.
            new Carrier(AddressRange.parse("64:ff9b:1::/48"), 12, false),
            new Carrier(AddressRange.parse("2002::/16"), 2, false),
            // Teredo carries the server, and the client with each bit turned over.
            new Carrier(AddressRange.parse("2001::/32"), 4, false),
            new Carrier(AddressRange.parse("2001::/32"), 12, true));

    private SpecialPurposeAddresses() {}

    /**
     * Returns the rules that an address falls under: at most one of its own and one for each IPv4 address that it
     * carries; none for a host on the internet.
     *
     * @param address 4 or 16 bytes
     */
    static List<Finding> find(byte[] address) {
        List<Finding> findings = new ArrayList<>(2);
        narrowest(address).ifPresent(block -> findings.add(new Finding(block, address, false)));
        for (byte[] embedded : embeddedIn(address)) {
            narrowest(embedded).ifPresent(block -> findings.add(new Finding(block, embedded, true)));
        }
        return findings;
    }

    /** Returns the narrowest block that holds the whole range, which is the one that an exception for it opens. */
    static Optional<Block> holding(AddressRange range) {
        return BLOCKS.stream().filter(block -> block.range().contains(range)).findFirst();
    }

    /** Returns the IPv4 addresses that tunnels and translators would take an IPv6 address for. */
    static List<byte[]> embeddedIn(byte[] address) {
        List<byte[]> found = new ArrayList<>(2);
        if (address.length != 16 || isUnspecifiedOrLoopback(address)) {
            return found;
        }
        for (Carrier carrier : CARRIERS) {
            if (carrier.range().contains(address)) {
                found.add(fourBytes(address, carrier.offset(), carrier.inverted()));
            }
        }
        if (isIsatap(address)) {
            found.add(fourBytes(address, 12, false));
        }
        return found;
    }

    /** :: and ::1 look IPv4-compatible, but are not. */
    private static boolean isUnspecifiedOrLoopback(byte[] address) {
        for (int i = 0; i < 15; i++) {
            if (address[i] != 0) {
                return false;
            }
        }
        return address[15] == 0 || address[15] == 1;
    }

    /** ISATAP (RFC 5214) marks the interface id, so it hides in any prefix; two flag bits of the mark vary. */
    private static boolean isIsatap(byte[] address) {
        return (address[8] & 0xfc) == 0 && address[9] == 0 && address[10] == 0x5e && address[11] == (byte) 0xfe;
    }

    private static byte[] fourBytes(byte[] address, int offset, boolean inverted) {
        byte[] four = Arrays.copyOfRange(address, offset, offset + 4);
        if (inverted) {
            for (int i = 0; i < four.length; i++) {
                four[i] = (byte) ~four[i];
            }
        }
        return four;
    }

    private static Optional<Block> narrowest(byte[] address) {
        return BLOCKS.stream().filter(block -> block.range().contains(address)).findFirst();
    }

    private static Block block(String range, Reach reach, String purpose) {
        return new Block(AddressRange.parse(range), reach, purpose);
    }

    private static List<Block> narrowestFirst(Block... blocks) {
        return Arrays.stream(blocks)
                .sorted(Comparator.comparingInt(block -> -block.range().prefix()))
                .toList();
    }
}
