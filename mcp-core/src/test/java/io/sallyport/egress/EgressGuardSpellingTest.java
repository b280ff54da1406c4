package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The ways in which an address that must not be reached can be written. */
class EgressGuardSpellingTest {

    /** Separated by blanks; none of them is the plain spelling of an address, whatever address somebody sees in it. */
    private static final String LOOK_ALIKES = """
            2130706433 2130706433. 0x7f000001 0x7F000001 0X7f000001 0x7f000001. 017700000001 0017700000001
            0177.0.0.1 0177.0.0.01 0177.00.00.01 0177.0000.0.1 0x7f.0.0.1 0x7f.0x0.0x0.0x1 0X7F.0.0.1 0x7f.1 0177.1
            127.1 127.1. 127.0.1 127.0x1 127.0.0.0x1 127.0.0.01 127.0.0.1. 127.000.000.001 00127.0.0.1 127.0.0.001
            127.0.0.1.. .127.0.0.1 127..0.0.1 127.0.0.1.0x 127.0.0.1.0 127.0.0 127 0 0x0 00 0. 0x 0.0 0.0.0 000.0.0.0
            6425673729 4294967295 4294967296 12345678901 99999999999999999999 127.16777215 127.65536 1.2.3.4.5
            256.256.256.256 127.0.0.256 999.0.0.1 1.2.3 example.0x7f example.1 foo.127 0o17700000001 0o177.0.0.1
            0b01111111000000000000000000000001 0b1.0.0.1 +127.0.0.1 -127.0.0.1
            2852039166 0xa9fea9fe 0xA9FEA9FE 025177524776 169.254.43518 169.16689662 0251.0376.0251.0376
            0251.254.169.254 0xa9.0xfe.0xa9.0xfe 0xa9.254.169.254 169.254.0xa9fe 169.0xfea9fe 169.254.169.0376
            169.254.169.254. 169.254.169.0254 0251.0xfe.43518 7147006462 425.510.425.510
            167772161 0xa000001 0x0a000001 01200000001 10.1 10.0.1 012.0.0.1 0xa.0.0.1 012.1 10.0.0.01
            3232235521 0xc0a80001 030052000001 192.168.1 192.11010049 0300.0250.0.1 0xc0.0xa8.0.1 192.168.0.01
            2886729729 0xac100001 172.1048577 0254.020.0.1
            ::ffff:127.0.0.1 [::ffff:127.0.0.1] ::ffff:7f00:1 [::ffff:7f00:1] ::FFFF:7F00:1 0:0:0:0:0:ffff:127.0.0.1
            0:0:0:0:0:ffff:7f00:0001 ::ffff:169.254.169.254 [::ffff:a9fe:a9fe] ::ffff:0x7f.1 ::ffff:127.1
            ::127.0.0.1 [::127.0.0.1] ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 [64:ff9b::10.0.0.1] ::ffff:8.8.8.8
            ::1%lo ::1%1 ::1%25lo [::1%lo] [::1%25lo] fe80::1%eth0 [fe80::1%25eth0] [fe80::1%eth0] fe80::1% fe80::1%25
            00000::1 0:0:0:0:0:0:0:00001 ::00001 [::000001] ::1:: :::1 1::2::3 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7 ::g ::-1
            [::1 ::1] [[::1]] []::1 [127.0.0.1] [2130706433] [localhost] [] [v1.fe80::a] [::1]:80 [::1]. ::1.
            127.0.0.1:80 localhost:80 ::1/128 127.0.0.1/8
            127%2e0%2e0%2e1 %31%32%37.0.0.1 127.0.0.%31 %6c%6f%63%61%6c%68%6f%73%74 localhost%00 127.0.0.1%00
            127.0.0.1%00.example.com 127.0.0.1%0d%0a 127.0.0.1%20 127.0.0.1%23.example.com %5b::1%5d 127.0.0.1%2f
            １２７.０.０.１ １２７．０．０．１ 127．0．0．1 127。0。0。1 127｡0｡0｡1 ①②⑦.⓪.⓪.① 127.0.0.① ①②⑦。1
            １６９.２５４.１６９.２５４ ２１３０７０６４３３ ０ｘ７ｆ０００００１ ٢١٣٠٧٠٦٤٣٣ ١٢٧.٠.٠.١ १२७.०.०.१ ¹²⁷.⁰.⁰.¹ ₁₂₇.₀.₀.₁ 𝟏𝟐𝟕.𝟎.𝟎.𝟏
            ｌｏｃａｌｈｏｓｔ ⓛⓞⓒⓐⓛⓗⓞⓢⓣ locaⅼhost localhoſt lo\u00adcalhost 127.0.0.1\u200b 127\u2024.0.0.1 ：：１ [：：１] \u202e127.0.0.1
            user@127.0.0.1 127.0.0.1# 127.0.0.1? 127.0.0.1/ 127.0.0.1\\ \\127.0.0.1 //127.0.0.1 http://127.0.0.1
            {127.0.0.1} (127.0.0.1) 127.0.0.1;example.com 127.0.0.1,example.com 127,0,0,1 * *.example.com $(localhost)
            """;

    /** With the blanks and control characters that cannot stand in the list above. */
    private static final List<String> WITH_BLANKS = List.of(
            "",
            " ",
            ".",
            "..",
            "127.0.0.1 ",
            " 127.0.0.1",
            "127.0.0.1\t",
            "127.0.0.1\n",
            "127.0.0.1\r\nHost: x",
            "\0",
            "127.0.0.1\0",
            "127.0.0.1\0.example.com",
            "127.0.0.1 example.com",
            "local host",
            "localhost\0",
            "\u000b::1");

    /** Plain spellings, each of an address for which no range was named. */
    private static final String PLAIN = """
            127.0.0.1 127.0.0.2 127.255.255.254 0.0.0.0 0.0.0.1 10.0.0.1 100.64.0.1 100.100.100.200 168.63.129.16
            169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
            192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
            :: [::] ::1 [::1] 0:0:0:0:0:0:0:1 0::1 ::0001 0000:0000:0000:0000:0000:0000:0000:0001 ::7f00:1 ::a9fe:a9fe
            ::ffff:0:7f00:1 ::ffff:0:a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::808:808 64:FF9B::A00:1 64:ff9b:1::a00:1
            2002:7f00:1:: 2002:a9fe:a9fe::1 2002:808:808::1 2001:0:7f00:1:: 2001::f7f7:f7f7 2001:0:808:808::80ff:fffe
            2001:2::1 2001:10::1 2001:20::1 2001:db8::1 100::1 100:0:0:1::1 3fff::1 5f00::1 fc00::1 fd00::1
            fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:42::42 fe80::1 [FE80::1] febf::1 fec0::1 feff::1 ff02::1 ff0e::1
            2600:1f18::5efe:7f00:1 2600:1f18::200:5efe:a00:1 2600:1f18::5efe:a9fe:a9fe 200::1 4000::1 e000::1
            """;

    static List<String> lookAlikes() {
        List<String> all = new ArrayList<>(words(LOOK_ALIKES));
        all.addAll(WITH_BLANKS);
        return all;
    }

    static List<String> plain() {
        return words(PLAIN);
    }

    static Stream<String> namesOfLocalThings() {
        return Stream.of(
                "127.0.0.1.nip.io",
                "localtest.me",
                "localhost",
                "LOCALHOST",
                "LocalHost.",
                "app.localhost",
                "localhost.localdomain",
                "ip6-localhost",
                "metadata",
                "metadata.google.internal",
                "METADATA.GOOGLE.INTERNAL.",
                "host.docker.internal",
                "kubernetes.default.svc.cluster.local.",
                "7f000001",
                "7f000001.example.com",
                "0x7f000001.example.com",
                "127-0-0-1.example.com",
                "0xg",
                "0b2",
                "xn--12-8yi",
                "db_1");
    }

    @ParameterizedTest
    @MethodSource("lookAlikes")
    void refusesWhatLooksLikeAnAddressEvenIfTheAddressIsOpen(String host) {
        EgressGuard guard = openFor("127.0.0.0/8", "::1", "10.0.0.0/8", "169.254.169.254", "192.168.0.0/16")
                .resolver(EgressGuardSpellingTest::mustNotBeAsked)
                .build();

        // When
        Throwable thrown = catchThrowable(() -> guard.resolve(host, 443));

        assertThat(thrown).isInstanceOf(EgressRefusedException.class);
        assertThat(((EgressRefusedException) thrown).address()).isEmpty();
        assertThat(thrown.getMessage()).matches("[\\x20-\\x7e…]+");
        assertRefusedInUrl(guard, host);
    }

    @ParameterizedTest
    @MethodSource("plain")
    void refusesAPlainAddressThatNobodyNamed(String host) {
        EgressGuard guard = EgressGuard.builder()
                .resolver(EgressGuardSpellingTest::mustNotBeAsked)
                .build();

        // When
        Throwable thrown = catchThrowable(() -> guard.resolve(host, 443));

        assertThat(thrown).isInstanceOf(EgressRefusedException.class);
        assertThat(((EgressRefusedException) thrown).address()).isPresent();
        assertRefusedInUrl(guard, host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host);
    }

    @ParameterizedTest
    @MethodSource("namesOfLocalThings")
    void judgesANameByItsAddressHoweverTheNameLooks(String host) {
        List<String> asked = new ArrayList<>();
        EgressGuard guard = EgressGuard.builder()
                .resolver(name -> {
                    asked.add(name);
                    return new InetAddress[] {InetAddress.getLoopbackAddress()};
                })
                .build();

        // When
        Throwable thrown = catchThrowable(() -> guard.resolve(host, 443));

        assertThat(asked).containsExactly(host);
        assertThat(thrown)
                .isInstanceOf(EgressRefusedException.class)
                .hasMessageContaining("127.0.0.0/8")
                .hasMessageContaining("allowHost(");
    }

    @Test
    void knowsAtLeast150Spellings() {
        Set<String> all = new TreeSet<>(lookAlikes());
        all.addAll(plain());
        namesOfLocalThings().forEach(all::add);

        System.out.println("egress guard: " + all.size() + " spellings");
        assertThat(all).hasSizeGreaterThanOrEqualTo(150);
    }

    @Test
    void refusesAHostOfAnyLengthWithoutFalteringOverIt() {
        for (String piece : List.of("a.", "1.", ":", "a", "0x1.", "[", "-", "%31")) {
            String host = piece.repeat(100_000);
            assertThatThrownBy(() -> EgressGuard.strict().resolve(host, 443))
                    .isInstanceOf(EgressRefusedException.class)
                    .satisfies(thrown -> assertThat(thrown.getMessage()).hasSizeLessThan(400));
        }
    }

    @Test
    void takesTheLongestLegalNameAndNoLonger() throws Exception {
        String label = "a".repeat(63);
        String longest = label + "." + label + "." + label + "." + "a".repeat(61);
        InetAddress global = InetAddress.getByName("1.1.1.1");
        EgressGuard guard = EgressGuard.builder()
                .resolver(name -> new InetAddress[] {global})
                .build();

        assertThat(longest).hasSize(253);
        assertThat(guard.resolve(longest)).containsExactly(global);
        assertThat(guard.resolve(longest + ".")).containsExactly(global);
        assertThatThrownBy(() -> guard.resolve(longest + "a")).isInstanceOf(EgressRefusedException.class);
        assertThatThrownBy(() -> guard.resolve(label + "a.example")).isInstanceOf(EgressRefusedException.class);
    }

    /** Most of the spellings cannot stand in a URL at all; those that can are refused there, before any look-up. */
    private static void assertRefusedInUrl(EgressGuard guard, String host) {
        try {
            URI url = new URI("https://" + host + "/mcp");
            boolean isItsHost = url.getHost() == null || url.getHost().equals(host);
            if (isItsHost) { // Otherwise a port, a path or user info was cut off, and the rest is another host.
                assertThatThrownBy(() -> guard.check(url)).isInstanceOf(EgressRefusedException.class);
            }
        } catch (URISyntaxException e) {
            assertThat(e).hasMessageContaining("https");
        }
    }

    private static EgressGuard.Builder openFor(String... ranges) {
        EgressGuard.Builder builder = EgressGuard.builder().allowPlaintext();
        List.of(ranges).forEach(builder::allowAddresses);
        return builder;
    }

    private static InetAddress[] mustNotBeAsked(String host) throws UnknownHostException {
        throw new AssertionError("looked up: " + host);
    }

    private static List<String> words(String text) {
        return List.of(text.strip().split("\\s+"));
    }
}
