package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each range at its edges, written out here once more so that a slip in one of the two lists shows. */
class SpecialPurposeAddressesTest {

    /** Range; first; last; before it and after it: "open" if the internet begins there, else the range that is met. */
    private static final String EDGES = """
            0.0.0.0/8          | 0.0.0.0         | 0.255.255.255   | none                    | 1.0.0.0 open
            10.0.0.0/8         | 10.0.0.0        | 10.255.255.255  | 9.255.255.255 open      | 11.0.0.0 open
            100.64.0.0/10      | 100.64.0.0      | 100.127.255.255 | 100.63.255.255 open     | 100.128.0.0 open
            100.100.100.200/32 | 100.100.100.200 | 100.100.100.200 | 100.100.100.199 100.64.0.0/10 | 100.100.100.201 100.64.0.0/10
            127.0.0.0/8        | 127.0.0.0       | 127.255.255.255 | 126.255.255.255 open    | 128.0.0.0 open
            168.63.129.16/32   | 168.63.129.16   | 168.63.129.16   | 168.63.129.15 open      | 168.63.129.17 open
            169.254.0.0/16     | 169.254.0.0     | 169.254.255.255 | 169.253.255.255 open    | 169.255.0.0 open
            169.254.169.254/32 | 169.254.169.254 | 169.254.169.254 | 169.254.169.253 169.254.0.0/16 | 169.254.169.255 169.254.0.0/16
            169.254.170.0/24   | 169.254.170.0   | 169.254.170.255 | 169.254.169.255 169.254.0.0/16 | 169.254.171.0 169.254.0.0/16
            172.16.0.0/12      | 172.16.0.0      | 172.31.255.255  | 172.15.255.255 open     | 172.32.0.0 open
            192.0.0.0/24       | 192.0.0.0       | 192.0.0.255     | 191.255.255.255 open    | 192.0.1.0 open
            192.0.2.0/24       | 192.0.2.0       | 192.0.2.255     | 192.0.1.255 open        | 192.0.3.0 open
            192.88.99.0/24     | 192.88.99.0     | 192.88.99.255   | 192.88.98.255 open      | 192.88.100.0 open
            192.168.0.0/16     | 192.168.0.0     | 192.168.255.255 | 192.167.255.255 open    | 192.169.0.0 open
            198.18.0.0/15      | 198.18.0.0      | 198.19.255.255  | 198.17.255.255 open     | 198.20.0.0 open
            198.51.100.0/24    | 198.51.100.0    | 198.51.100.255  | 198.51.99.255 open      | 198.51.101.0 open
            203.0.113.0/24     | 203.0.113.0     | 203.0.113.255   | 203.0.112.255 open      | 203.0.114.0 open
            224.0.0.0/4        | 224.0.0.0       | 239.255.255.255 | 223.255.255.255 open    | 240.0.0.0 240.0.0.0/4
            240.0.0.0/4        | 240.0.0.0       | 255.255.255.255 | 239.255.255.255 224.0.0.0/4 | none
            ::/128             | ::              | ::              | none                    | ::1 ::1/128
            ::1/128            | ::1             | ::1             | :: ::/128               | ::2 ::/96
            ::/96              | ::2             | ::ffff:ffff     | ::1 ::1/128             | ::1:0:0 ::/3
            ::ffff:0:0:0/96    | ::ffff:0:0:0    | ::ffff:0:ffff:ffff | ::fffe:ffff:ffff:ffff ::/3 | ::ffff:1:0:0 ::/3
            64:ff9b::/96       | 64:ff9b::       | 64:ff9b::ffff:ffff | 64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff ::/3 | 64:ff9b::1:0:0 ::/3
            64:ff9b:1::/48     | 64:ff9b:1::     | 64:ff9b:1:ffff:ffff:ffff:ffff:ffff | 64:ff9b:0:ffff:ffff:ffff:ffff:ffff ::/3 | 64:ff9b:2:: ::/3
            100::/64           | 100::           | 100::ffff:ffff:ffff:ffff | ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::/3 | 100:0:0:1:: 100:0:0:1::/64
            100:0:0:1::/64     | 100:0:0:1::     | 100:0:0:1:ffff:ffff:ffff:ffff | 100::ffff:ffff:ffff:ffff 100::/64 | 100:0:0:2:: ::/3
            ::/3               | ::1:0:0         | 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | none     | 2000:: open
            2001::/23          | 2001:1::        | 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff | 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff open | 2001:200:: open
            2001::/32          | 2001::          | 2001:0:ffff:ffff:ffff:ffff:ffff:ffff | 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff open | 2001:1:: 2001::/23
            2001:db8::/32      | 2001:db8::      | 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff | 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff open | 2001:db9:: open
            2002::/16          | 2002::          | 2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff | 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff open | 2003:: open
            3fff::/20          | 3fff::          | 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff | 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff open | 3fff:1000:: open
            4000::/2           | 4000::          | 7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff open | 8000:: 8000::/1
            5f00::/16          | 5f00::          | 5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff | 5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000::/2 | 5f01:: 4000::/2
            8000::/1           | 8000::          | fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | 7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000::/2 | none
            fc00::/7           | fc00::          | fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 8000::/1 | fe00:: 8000::/1
            fd00:42::42/128    | fd00:42::42     | fd00:42::42     | fd00:42::41 fc00::/7    | fd00:42::43 fc00::/7
            fd00:ec2::/32      | fd00:ec2::      | fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff | fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff fc00::/7 | fd00:ec3:: fc00::/7
            fd20:ce::254/128   | fd20:ce::254    | fd20:ce::254    | fd20:ce::253 fc00::/7   | fd20:ce::255 fc00::/7
            fe80::/10          | fe80::          | febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff | fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff 8000::/1 | fec0:: fec0::/10
            fec0::/10          | fec0::          | feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe80::/10 | ff00:: ff00::/8
            ff00::/8           | ff00::          | ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff | feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::/10 | none
            """;

    static List<String> edges() {
        return EDGES.strip().lines().toList();
    }

    @ParameterizedTest
    @MethodSource("edges")
    void aRangeBeginsAndEndsWhereItsRegistrySaysSo(String row) {
        String[] columns = row.split("\\|");
        String range = columns[0].strip();

        assertThat(ruleFor(columns[1].strip())).isEqualTo(range);
        assertThat(ruleFor(columns[2].strip())).isEqualTo(range);
        for (int column = 3; column <= 4; column++) {
            String[] neighbour = columns[column].strip().split(" ");
            if (neighbour.length == 2) {
                assertThat(ruleFor(neighbour[0])).as(neighbour[0]).isEqualTo(neighbour[1]);
            }
        }
    }

    @Test
    void theEdgesOfEveryRangeAreWrittenOutHere() {
        Set<String> written = new TreeSet<>();
        edges().forEach(row -> written.add(row.split("\\|")[0].strip()));
        written.add("::ffff:0:0/96"); // In a test of its own: the JDK parses no such address.

        assertThat(SpecialPurposeAddresses.BLOCKS.stream()
                        .map(block -> block.range().toString()))
                .containsExactlyInAnyOrderElementsOf(written);
    }

    @Test
    void anIpv4MappedAddressIsRefusedIfAResolverAnswersWithOne() {
        byte[] below = new byte[16];
        below[9] = 1;
        byte[] mapped = new byte[16];
        mapped[10] = mapped[11] = (byte) 0xff;
        mapped[12] = mapped[13] = mapped[14] = mapped[15] = 8;

        assertThat(SpecialPurposeAddresses.find(mapped)).hasSize(1);
        assertThat(SpecialPurposeAddresses.find(mapped).get(0).block().range()).hasToString("::ffff:0:0/96");
        mapped[12] = 10;
        assertThat(SpecialPurposeAddresses.find(mapped)).hasSize(2);
        assertThat(SpecialPurposeAddresses.find(below).get(0).block().range()).hasToString("::/3");
    }

    @ParameterizedTest
    @CsvSource({
        "::a00:1, 10.0.0.1, 10.0.0.0/8",
        "::ffff:0:a00:1, 10.0.0.1, 10.0.0.0/8",
        "64:ff9b::a9fe:a9fe, 169.254.169.254, 169.254.169.254/32",
        "64:ff9b:1::c0a8:1, 192.168.0.1, 192.168.0.0/16",
        "2002:7f00:1::, 127.0.0.1, 127.0.0.0/8",
        "2001:0:a00:1::f7f7:f7f7, 10.0.0.1, 10.0.0.0/8",
        "2001:0:808:808::80ff:fffe, 127.0.0.1, 127.0.0.0/8",
        "2600:1f18::5efe:a00:1, 10.0.0.1, 10.0.0.0/8",
        "2600:1f18::200:5efe:a00:1, 10.0.0.1, 10.0.0.0/8",
        "2600:1f18::300:5efe:a00:1, 10.0.0.1, 10.0.0.0/8",
        "fd00::5efe:a9fe:a9fe, 169.254.169.254, 169.254.169.254/32",
    })
    void anIpv4AddressWithinAnIpv6AddressIsJudgedAsWell(String address, String embedded, String range) {
        assertThat(SpecialPurposeAddresses.find(bytes(address)))
                .filteredOn(SpecialPurposeAddresses.Finding::embedded)
                .singleElement()
                .satisfies(finding -> {
                    assertThat(AddressRange.text(finding.judged())).isEqualTo(embedded);
                    assertThat(finding.block().range()).hasToString(range);
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "8.8.8.8",
                "192.31.196.1",
                "192.52.193.1",
                "192.175.48.1",
                "2606:4700:4700::1111",
                "2001:4860:4860::8888",
                "2620:4f:8000::1",
                "2a00:1450::1",
                "2600:1f18::5efe:808:808",
                "2600:1f18::500:5efe:a00:1"
            })
    void aHostOnTheInternetFallsUnderNoRule(String address) {
        assertThat(SpecialPurposeAddresses.find(bytes(address))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/08",
                "10.0.0.0/8/8",
                "10.0.0/8",
                "10/8",
                "010.0.0.0/8",
                "10.0.0.1/8",
                "10.0.0.0 /8",
                "fd00::/129",
                "fd00::1/64",
                "::ffff:10.0.0.0/104",
                "fe80::%eth0/64",
                "[fd00::]/8",
                "localhost/8",
                "10.0.0.0/99999999999"
            })
    void aRangeThatIsNotSpelledPlainlyIsRefused(String text) {
        assertThatThrownBy(() -> AddressRange.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRangeKnowsItsEdgesAndWhatItHolds() {
        AddressRange range = AddressRange.parse("172.16.0.0/12");

        assertThat(AddressRange.text(range.first())).isEqualTo("172.16.0.0");
        assertThat(AddressRange.text(range.last())).isEqualTo("172.31.255.255");
        assertThat(range.contains(AddressRange.parse("172.31.0.0/16"))).isTrue();
        assertThat(range.contains(range)).isTrue();
        assertThat(range.contains(AddressRange.parse("172.0.0.0/8"))).isFalse();
        assertThat(range.contains(AddressRange.parse("172.32.0.0/16"))).isFalse();
        assertThat(range.contains(AddressRange.parse("::/12"))).isFalse();
        assertThat(AddressRange.parse("0.0.0.0/0").contains(range)).isTrue();
    }

    private static String ruleFor(String address) {
        return SpecialPurposeAddresses.find(bytes(address)).stream()
                .filter(finding -> !finding.embedded())
                .map(finding -> finding.block().range().toString())
                .findFirst()
                .orElse("open");
    }

    private static byte[] bytes(String address) {
        try {
            return InetAddress.getByName(address).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
