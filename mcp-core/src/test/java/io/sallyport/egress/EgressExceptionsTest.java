package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is open because somebody named it, and how little that is. */
class EgressExceptionsTest {

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:8080/mcp, 127.0.0.1, 8080",
        "http://[::1]:8080/mcp, ::1, 8080",
        "http://[::1]:8080/mcp, [::1], 8080",
        "http://[0:0:0:0:0:0:0:1]/mcp, ::1, 80",
        "https://10.1.2.3/mcp, 10.1.2.3, 443",
        "https://192.168.1.20:3000/mcp, 192.168.1.20, 3000",
        "https://172.16.0.9:8443/mcp, 172.16.0.9, 8443",
        "https://100.101.102.103/mcp, 100.101.102.103, 443",
        "https://[fd12:3456::1]:8443/mcp, fd12:3456::1, 8443",
    })
    void aLocalAddressWrittenIntoTheConfigurationIsNamed(URI url, String host, int port) throws Exception {
        EgressGuard guard = EgressGuard.of(url);

        guard.check(url);
        InetAddress[] found = guard.resolve(host, port);
        guard.check(host, new InetSocketAddress(found[0], port));

        assertThat(found).hasSize(1);
        assertThat(guard.resolve(host)).containsExactly(found);
    }

    @Test
    void aWrittenAddressIsNamedForItsOwnPortOnly() {
        EgressGuard guard = EgressGuard.of(URI.create("http://127.0.0.1:8080/mcp"));

        Egress.assertRefused(() -> guard.resolve("127.0.0.1", 80), "127.0.0.0/8");
        Egress.assertRefused(() -> guard.check(URI.create("http://127.0.0.1:443/")), "127.0.0.0/8");
        Egress.assertRefused(() -> guard.check(URI.create("http://127.0.0.1:8081/")), "port 8081");
        Egress.assertRefused(() -> guard.check("127.0.0.1", Egress.socket("127.0.0.1", 80)), "127.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("127.0.0.2", 8080), "127.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("10.0.0.1", 8080), "10.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("localhost", 8080), "127.0.0.0/8");
    }

    @Test
    void aNameInTheConfigurationIsNotNamedForPrivateAnswers() {
        EgressGuard guard = EgressGuard.builder(URI.create("https://mcp.example:8443/mcp"))
                .resolver(Egress.answers("10.1.2.3"))
                .build();

        Egress.assertRefused(
                () -> guard.resolve("mcp.example", 8443),
                "allowHost(\"mcp.example\") or allowAddresses(\"10.0.0.0/8\")");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://169.254.169.254/", "https://0.0.0.0/", "https://[fe80::1]/", "https://[::]/",
                "https://100.100.100.200/", "https://[fd00:ec2::254]/", "https://[64:ff9b::a00:1]/",
                        "https://224.0.0.1/"
            })
    void anAddressWhereNoServiceIsExpectedIsNotNamedByTheConfigurationEither(URI url) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.of(url))
                .withMessageContaining("allowAddresses(")
                .withCauseInstanceOf(EgressRefusedException.class);
    }

    @Test
    void localhostInTheConfigurationIsNamedForLoopbackOnly() throws Exception {
        URI url = URI.create("http://localhost:8080/mcp");
        EgressGuard guard = EgressGuard.builder(url)
                .resolver(Egress.answers("::1", "127.0.0.1"))
                .build();
        EgressGuard poisoned = EgressGuard.builder(url)
                .resolver(Egress.answers("127.0.0.1", "10.0.0.1"))
                .build();
        EgressGuard abroad =
                EgressGuard.builder(url).resolver(Egress.answers(Egress.GLOBAL)).build();

        assertThat(guard.resolve("LOCALHOST.", 8080)).containsExactly(Egress.ip("::1"), Egress.ip("127.0.0.1"));
        Egress.assertRefused(() -> guard.resolve("localhost", 80), "/128");
        Egress.assertRefused(() -> poisoned.resolve("localhost", 8080), "10.0.0.1, which is not this machine");
        Egress.assertRefused(() -> abroad.resolve("localhost", 8080), Egress.GLOBAL + ", which is not this machine");
    }

    @Test
    void allowHostOpensLocalAddressesForThatNameOnly() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .allowHost("Tools.internal.")
                .resolver(host -> host.startsWith("meta") || host.equals("tools.internal.")
                        ? new InetAddress[] {Egress.ip("169.254.169.254")}
                        : new InetAddress[] {Egress.ip("10.1.2.3"), Egress.ip("fd00::1"), Egress.ip("127.0.0.1")})
                .build();

        assertThat(guard.resolve("tools.INTERNAL", 443)).hasSize(3);
        Egress.assertRefused(() -> guard.resolve("other.internal", 443), "10.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("sub.tools.internal", 443), "10.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("10.1.2.3", 443), "10.0.0.0/8");
        // The name was allowed, but not to hand out the machine's credentials.
        Egress.assertRefused(() -> guard.resolve("tools.internal.", 443), "allowAddresses(\"169.254.169.254\")");
    }

    @Test
    void allowAddressesOpensARangeUnderAnyName() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .allowAddresses("10.20.0.0/16")
                .resolver(Egress.answersInTurn("10.20.255.255", "10.21.0.0", "10.19.255.255"))
                .build();

        assertThat(guard.resolve("a.example", 443)).containsExactly(Egress.ip("10.20.255.255"));
        Egress.assertRefused(() -> guard.resolve("a.example", 443), "10.21.0.0 is in 10.0.0.0/8");
        Egress.assertRefused(() -> guard.resolve("a.example", 443), "10.19.255.255 is in 10.0.0.0/8");
        assertThat(guard.resolve("10.20.0.1", 443)).containsExactly(Egress.ip("10.20.0.1"));
    }

    @ParameterizedTest
    @CsvSource({
        "169.254.0.0/16, 169.254.169.254",
        "169.254.0.0/16, 169.254.170.2",
        "100.64.0.0/10, 100.100.100.200",
        "fc00::/7, fd00:ec2::254",
        "fc00::/7, fd20:ce::254",
        "64:ff9b::/96, 64:ff9b::a00:1",
        "2002::/16, 2002:7f00:1::",
        "::/96, ::1",
    })
    void aRangeDoesNotOpenWhatHasARuleOfItsOwn(String range, String address) {
        EgressGuard guard = EgressGuard.builder()
                .allowAddresses(range)
                .resolver(Egress.answers(address))
                .build();

        Egress.assertRefused(() -> guard.resolve("a.example", 443), "refused by the egress guard");
    }

    @Test
    void anAddressThatCarriesAnotherIsOpenIfBothAre() throws Exception {
        EgressGuard nat64 = EgressGuard.builder()
                .allowAddresses("64:ff9b::/96")
                .resolver(Egress.answersInTurn("64:ff9b::5db8:d70e", "64:ff9b::a00:1"))
                .build();
        EgressGuard both = EgressGuard.builder()
                .allowAddresses("64:ff9b::/96")
                .allowAddresses("10.0.0.0/8")
                .resolver(Egress.answers("64:ff9b::a00:1"))
                .build();

        assertThat(nat64.resolve("v4only.example", 443)).hasSize(1);
        Egress.assertRefused(() -> nat64.resolve("v4only.example", 443), "carries 10.0.0.1, which is in 10.0.0.0/8");
        assertThat(both.resolve("inside.example", 443)).hasSize(1);
    }

    @Test
    void theMetadataServiceIsReachedOnlyByItsOwnAddress() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .allowAddresses("169.254.169.254")
                .allowPlaintext()
                .build();

        guard.check(URI.create("http://169.254.169.254/latest"));
        assertThat(guard.resolve("169.254.169.254", 80)).hasSize(1);
        Egress.assertRefused(() -> guard.resolve("169.254.169.253", 80), "169.254.0.0/16");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0/0", "::/0", "8.8.8.8", "10.0.0.0/7", "2600::/16", "::/2", "128.0.0.0/1"})
    void aRangeThatIsNotWithinOneRuleIsNoException(String range) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.builder().allowAddresses(range))
                .withMessageContaining(range);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "*.example", "127.1", "10.0.0.1", "[::1]", "a b", "exämple.com", "localhost:80"})
    void onlyANameIsAHostToAllow(String host) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.builder().allowHost(host));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 65_536})
    void onlyAPortIsAPortToAllow(int port) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EgressGuard.builder().allowPort(port))
                .withMessageContaining("" + port);
    }

    @Test
    void theRemedyOfARefusalIsAcceptedAsAnException() throws Exception {
        for (String address : List.of(
                "10.1.2.3",
                "127.0.0.1",
                "::1",
                "fd00::1",
                "169.254.169.254",
                "fe80::1",
                "fd20:ce::254",
                "64:ff9b::808:808",
                "4000::1",
                "168.63.129.16",
                "255.255.255.255")) {
            EgressGuard.Builder builder = EgressGuard.builder().resolver(Egress.answers(address));
            EgressRefusedException refused = catchThrowableOfType(
                    EgressRefusedException.class, () -> builder.build().resolve("a.example", 443));
            String range = refused.remedy().replaceFirst(".*allowAddresses\\(\"([^\"]+)\"\\).*", "$1");

            assertThat(builder.allowAddresses(range).build().resolve("a.example", 443))
                    .hasSize(1);
        }
    }

    @Test
    void tellsWhatIsOpen() {
        assertThat(EgressGuard.builder(URI.create("http://127.0.0.1:8080/mcp"))
                        .allowHost("tools")
                        .allowAddresses("10.0.0.0/8")
                        .build())
                .hasToString("EgressGuard[url=127.0.0.1:8080, hosts=[tools], addresses=[10.0.0.0/8], "
                        + "ports=[80, 443, 8080], plaintext=false]");
    }
}
