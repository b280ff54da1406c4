package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sallyport.testing.Incident;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

class EgressGuardTest {

    @Test
    void aNameOfWhichAllAddressesAreOnTheInternetPassesInTheOrderOfTheAnswer() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .resolver(Egress.answers(Egress.GLOBAL_V6, Egress.GLOBAL))
                .build();

        assertThat(guard.resolve("mcp.example", 443))
                .containsExactly(Egress.ip(Egress.GLOBAL_V6), Egress.ip(Egress.GLOBAL));
        assertThat(guard.resolve("mcp.example")).containsExactly(Egress.ip(Egress.GLOBAL_V6), Egress.ip(Egress.GLOBAL));
    }

    @Test
    void onePrivateAddressAmongSeveralRefusesThemAll() {
        EgressGuard guard = EgressGuard.builder()
                .resolver(Egress.answers(Egress.GLOBAL, "10.1.2.3", Egress.GLOBAL_V6))
                .build();

        Egress.assertRefused(() -> guard.resolve("mcp.example", 443), "10.1.2.3 is in 10.0.0.0/8");
    }

    @Test
    void eachLookUpIsJudgedAnewSoThatAFlippedAnswerIsRefused() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .resolver(Egress.answersInTurn(Egress.GLOBAL, "169.254.169.254", Egress.GLOBAL))
                .build();

        assertThat(guard.resolve("rebinding.example", 443)).containsExactly(Egress.ip(Egress.GLOBAL));
        Egress.assertRefused(() -> guard.resolve("rebinding.example", 443), "cloud metadata service");
        assertThat(guard.resolve("rebinding.example", 443)).containsExactly(Egress.ip(Egress.GLOBAL));
    }

    @Test
    void eachAttemptLooksUpOnceAndHandsOutWhatWasJudged() throws Exception {
        InetAddress[] answer = {Egress.ip(Egress.GLOBAL)};
        Deque<String> asked = new ArrayDeque<>();
        EgressGuard guard = EgressGuard.builder()
                .resolver(name -> {
                    asked.add(name);
                    return answer;
                })
                .build();

        InetAddress[] found = guard.resolve("mcp.example", 443);
        answer[0] = Egress.ip("127.0.0.1"); // A resolver that keeps its array and writes to it.

        assertThat(asked).hasSize(1);
        assertThat(found).containsExactly(Egress.ip(Egress.GLOBAL));
    }

    @Test
    @Incident("S157")
    void aNameWithoutAddressIsUnknownNotRefused() {
        EgressGuard empty = EgressGuard.builder().resolver(Egress.answers()).build();
        EgressGuard unknown = EgressGuard.builder()
                .resolver(host -> {
                    throw new UnknownHostException(host + ": Name or service not known");
                })
                .build();

        assertThatThrownBy(() -> empty.resolve("gone.example", 443))
                .isExactlyInstanceOf(UnknownHostException.class)
                .hasMessageContaining("gone.example");
        assertThatThrownBy(() -> unknown.resolve("gone.example", 443))
                .isExactlyInstanceOf(UnknownHostException.class)
                .hasMessageContaining("gone.example");
    }

    @Test
    void aConnectionThatLeadsElsewhereIsRefusedWhenItStands() throws Exception {
        EgressGuard guard = EgressGuard.builder(URI.create("https://10.1.2.3/mcp"))
                .allowHost("tools.internal")
                .build();

        guard.check("mcp.example", Egress.socket(Egress.GLOBAL, 443));
        guard.check("10.1.2.3", Egress.socket("10.1.2.3", 443));
        guard.check("tools.internal", Egress.socket("192.168.0.7", 443));
        Egress.assertRefused(() -> guard.check("mcp.example", Egress.socket("10.1.2.3", 443)), "10.0.0.0/8");
        Egress.assertRefused(
                () -> guard.check("10.1.2.3", Egress.socket("10.1.2.4", 443)), "leads to 10.1.2.4 instead");
        Egress.assertRefused(
                () -> guard.check("10.1.2.3", Egress.socket(Egress.GLOBAL, 443)),
                "leads to " + Egress.GLOBAL + " instead");
        Egress.assertRefused(() -> guard.check("tools.internal", Egress.socket("169.254.169.254", 443)), "metadata");
        Egress.assertRefused(() -> guard.check("localhost", Egress.socket(Egress.GLOBAL, 443)), "not this machine");
    }

    @Test
    void aConnectionThatDoesNotTellItsAddressIsRefused() {
        EgressGuard guard = EgressGuard.strict();

        Egress.assertRefused(() -> guard.check("mcp.example", null), "does not tell");
        Egress.assertRefused(
                () -> guard.check("mcp.example", InetSocketAddress.createUnresolved("mcp.example", 443)),
                "does not tell");
        Egress.assertRefused(
                () -> guard.check("mcp.example", UnixDomainSocketAddress.of("/run/x.sock")), "does not tell");
    }

    @Test
    void theMessageTellsOperatorsHostAddressRuleAndRemedy() {
        EgressGuard guard =
                EgressGuard.builder().resolver(Egress.answers("10.1.2.3")).build();

        EgressRefusedException refused =
                catchThrowableOfType(EgressRefusedException.class, () -> guard.resolve("Tools.Internal", 443));

        assertThat(refused)
                .hasMessage("connection to \"Tools.Internal\" refused by the egress guard: "
                        + "10.1.2.3 is in 10.0.0.0/8 (private use, RFC 1918); name it with allowHost(\"tools.internal\") or "
                        + "allowAddresses(\"10.0.0.0/8\") for this upstream if it is meant");
        assertThat(refused.host()).isEqualTo("Tools.Internal");
        assertThat(refused.address())
                .hasValueSatisfying(address -> assertThat(address).isEqualTo(Egress.ip("10.1.2.3")));
        assertThat(refused.rule()).contains("10.0.0.0/8");
        assertThat(refused.remedy()).contains("allowAddresses");
    }

    @Test
    void aHostFromElsewhereCannotWriteLinesIntoTheLog() {
        assertThatThrownBy(() -> EgressGuard.strict().resolve("a\r\n2026 INFO all is well \"\u202e" + "x".repeat(200)))
                .message()
                .doesNotContain("\n", "\r", "\u202e")
                .contains("a\\u000d\\u000a2026")
                .hasSizeLessThan(400);
    }
}
