package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class EgressGuardPropertyTest {

    /** What is left for hosts on the internet: from, to. Found by hand, not from the table under test. */
    private static final List<String> GLOBAL = List.of(
            "1.0.0.0 9.255.255.255",
            "11.0.0.0 100.63.255.255",
            "100.128.0.0 126.255.255.255",
            "128.0.0.0 168.63.129.15",
            "168.63.129.17 169.253.255.255",
            "169.255.0.0 172.15.255.255",
            "172.32.0.0 191.255.255.255",
            "192.0.1.0 192.0.1.255",
            "192.0.3.0 192.88.98.255",
            "192.88.100.0 192.167.255.255",
            "192.169.0.0 198.17.255.255",
            "198.20.0.0 198.51.99.255",
            "198.51.101.0 203.0.112.255",
            "203.0.114.0 223.255.255.255",
            "2000:: 2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9:: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2003:: 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000:: 3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

    @Property(tries = 5_000)
    void refusesEveryAddressOfEveryRange(@ForAll("specialPurpose") byte[] address) throws Exception {
        InetAddress[] answer = {asItIs(address)};
        EgressGuard guard = EgressGuard.builder().resolver(name -> answer).build();

        assertThatThrownBy(() -> guard.resolve("upstream.example", 443))
                .isInstanceOf(EgressRefusedException.class)
                .hasMessageContaining(AddressRange.text(answer[0].getAddress()));
    }

    @Property(tries = 5_000)
    void letsEveryAddressOfTheInternetPass(@ForAll("global") byte[] address) throws Exception {
        InetAddress[] answer = {asItIs(address)};
        EgressGuard guard = EgressGuard.builder().resolver(name -> answer).build();

        assertThat(guard.resolve("upstream.example", 443)).containsExactly(answer);
    }

    @Property(tries = 10_000)
    void agreesAboutAnyAddressWithWhatIsLeftForTheInternet(@ForAll("any") byte[] address) {
        assertThat(SpecialPurposeAddresses.find(address).isEmpty())
                .as(AddressRange.text(address))
                .isEqualTo(isGlobal(address)
                        && SpecialPurposeAddresses.embeddedIn(address).isEmpty());
    }

    @Property
    void refusesAnAnswerOfWhichOneAddressIsPrivateWhereverItStands(
            @ForAll("global") byte[] global, @ForAll("specialPurpose") byte[] special, @ForAll("places") int place)
            throws Exception {
        InetAddress[] answer = new InetAddress[5];
        Arrays.fill(answer, asItIs(global));
        answer[place] = asItIs(special);
        EgressGuard guard = EgressGuard.builder().resolver(name -> answer).build();

        assertThatThrownBy(() -> guard.resolve("upstream.example", 443)).isInstanceOf(EgressRefusedException.class);
    }

    @Property
    void opensARangeForItsOwnAddressesOnly(@ForAll("specialPurpose") byte[] address) throws Exception {
        InetAddress[] answer = {asItIs(address)};
        EgressGuard guard = EgressGuard.builder()
                .allowAddresses("10.0.0.0/8")
                .resolver(name -> answer)
                .build();
        byte[] judged = answer[0].getAddress();

        if (judged.length == 4 && judged[0] == 10) {
            assertThat(guard.resolve("upstream.example", 443)).containsExactly(answer);
        } else {
            assertThatThrownBy(() -> guard.resolve("upstream.example", 443)).isInstanceOf(EgressRefusedException.class);
        }
    }

    /** Whatever a host looks like: it is refused, or it is looked up as it stands, or it is an address that is kept. */
    @Property(tries = 5_000)
    void neverLooksUpAnythingElseThanTheHostItself(@ForAll("hosts") String host) throws Exception {
        InetAddress answer = InetAddress.getByName("1.1.1.1");
        EgressGuard guard = EgressGuard.builder()
                .resolver(name -> {
                    assertThat(name).isEqualTo(host).matches("[A-Za-z0-9._-]+");
                    return new InetAddress[] {answer};
                })
                .build();
        try {
            InetAddress[] found = guard.resolve(host, 443);
            assertThat(found).hasSize(1);
            assertThat(isGlobal(found[0].getAddress())).isTrue();
        } catch (EgressRefusedException expected) {
            assertThat(expected.host()).isNotNull();
        }
    }

    @Provide
    Arbitrary<Integer> places() {
        return Arbitraries.integers().between(0, 4);
    }

    @Provide
    Arbitrary<String> hosts() {
        return Arbitraries.strings()
                .withChars("0123456789abcdefxX.:%[]-_@/１。 ")
                .ofMinLength(0)
                .ofMaxLength(24);
    }

    @Provide
    Arbitrary<byte[]> any() {
        Arbitrary<byte[]> anywhere = Arbitraries.oneOf(
                Arbitraries.bytes().array(byte[].class).ofSize(4),
                Arbitraries.bytes().array(byte[].class).ofSize(16));
        return Arbitraries.oneOf(anywhere, specialPurpose(), global());
    }

    @Provide
    Arbitrary<byte[]> specialPurpose() {
        return Arbitraries.of(SpecialPurposeAddresses.BLOCKS)
                .flatMap(block -> between(block.range().first(), block.range().last()))
                // None is global; should the table ever say so, the property about any address tells.
                .filter(address -> !isGlobal(address));
    }

    @Provide
    Arbitrary<byte[]> global() {
        return Arbitraries.of(GLOBAL)
                .map(row -> row.split(" "))
                .flatMap(edges -> between(bytes(edges[0]), bytes(edges[1])))
                .filter(address -> SpecialPurposeAddresses.embeddedIn(address).isEmpty());
    }

    private static Arbitrary<byte[]> between(byte[] first, byte[] last) {
        Arbitrary<BigInteger> numbers =
                Arbitraries.bigIntegers().between(new BigInteger(1, first), new BigInteger(1, last));
        return Combinators.combine(numbers, Arbitraries.just(first.length)).as(EgressGuardPropertyTest::toBytes);
    }

    /** Unlike the JDK's usual factory, makes no IPv4 address of an IPv4-mapped one. */
    private static InetAddress asItIs(byte[] address) throws UnknownHostException {
        return address.length == 4 ? InetAddress.getByAddress(address) : Inet6Address.getByAddress(null, address, -1);
    }

    private static byte[] toBytes(BigInteger number, int length) {
        byte[] digits = number.toByteArray();
        byte[] address = new byte[length];
        int copied = Math.min(digits.length, length);
        System.arraycopy(digits, digits.length - copied, address, length - copied, copied);
        return address;
    }

    private static boolean isGlobal(byte[] address) {
        BigInteger number = new BigInteger(1, address);
        return GLOBAL.stream().map(row -> row.split(" ")).anyMatch(edges -> {
            byte[] first = bytes(edges[0]);
            return first.length == address.length
                    && number.compareTo(new BigInteger(1, first)) >= 0
                    && number.compareTo(new BigInteger(1, bytes(edges[1]))) <= 0;
        });
    }

    private static byte[] bytes(String address) {
        try {
            return InetAddress.getByName(address).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
