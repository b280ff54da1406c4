package io.sallyport.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RefusalTest {

    @Test
    void wordsCodesAndStatusesAreThoseThatClientsKnow() {
        String table = Arrays.stream(Refusal.Kind.values())
                .map(kind -> kind.word() + " " + kind.code() + " " + kind.status() + " " + kind.retryable())
                .collect(Collectors.joining("\n"));

        assertThat(table).isEqualTo("""
                        unauthenticated 40100 401 false
                        forbidden 40300 403 false
                        rate_limited 42900 429 true
                        overloaded 50301 503 true
                        unavailable 50301 503 true
                        upstream_unavailable 50300 200 true
                        upstream_overloaded 50301 200 true
                        upstream_protocol 50300 200 false
                        upstream_auth 50300 200 false
                        secret_unavailable 50300 200 false
                        upstream_state_lost 50901 200 true
                        outcome_unknown 50900 200 false
                        deadline_exceeded 50400 200 false
                        session_not_found -32001 404 false
                        internal -32603 200 false""");
    }

    @Test
    void noCodeButThoseThatClientsKnowAnywayIsInTheRangeOfTheProtocol() {
        assertThat(Arrays.stream(Refusal.Kind.values())
                        .filter(kind -> kind != Refusal.Kind.INTERNAL && kind != Refusal.Kind.SESSION_NOT_FOUND)
                        .map(Refusal.Kind::code))
                .noneMatch(code -> code >= -32768 && code <= -32000);
    }

    @Test
    void shortFormsSayWhoRefuses() {
        Refusal limited = Refusal.rateLimited("Too fast.", Duration.ofSeconds(3));

        assertThat(limited.kind()).isEqualTo(Refusal.Kind.RATE_LIMITED);
        assertThat(limited.component()).isEqualTo("limits");
        assertThat(limited.retryAfter()).contains(Duration.ofSeconds(3));
        assertThat(limited.remedy()).isEmpty();
        assertThat(Refusal.forbidden("No.").remedy("Ask Ann.").remedy()).contains("Ask Ann.");
        assertThat(Refusal.forbidden("No.").component()).isEqualTo("policy");
        assertThat(Refusal.forbidden("No.").retryAfter()).isEmpty();
    }

    @Test
    void headersAreKeptInTheirOrderAndTheLastOfANameCounts() {
        Refusal refusal = Refusal.rateLimited("Too fast.", Duration.ofSeconds(3))
                .header("RateLimit", "\"a\";r=1")
                .header("X-Other", "")
                .header("RateLimit", "\"a\";r=0")
                .remedy("Wait.")
                .retryAfter(Duration.ofSeconds(4));

        assertThat(refusal.headers()).containsExactly(Map.entry("RateLimit", "\"a\";r=0"), Map.entry("X-Other", ""));
        assertThat(Refusal.forbidden("No.").headers()).isEmpty();
    }

    @Test
    void noHeaderBringsAnother() {
        Refusal refusal = Refusal.forbidden("No.");

        assertThatThrownBy(() -> refusal.header("A", "b\r\nSet-Cookie: c"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the value of A");
        assertThatThrownBy(() -> refusal.header("A: b\nC", "d"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name must be");
    }

    @Test
    void aDecisionHasWhatItNeeds() {
        assertThatThrownBy(() -> Decision.refuse(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> Decision.answer(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> Decision.proceedWith(null)).isInstanceOf(NullPointerException.class);
    }
}
