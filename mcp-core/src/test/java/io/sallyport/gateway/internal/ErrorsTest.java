package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.filter.Refusal;
import io.sallyport.protocol.McpError;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorsTest {

    @Test
    @Incident("S213")
    void saysInAFixedFormWhatAProgramNeedsToKnow() {
        Refusal refusal = Refusal.of(Refusal.Kind.OVERLOADED, "limits", "No room.")
                .retryAfter(Duration.ofMillis(1500))
                .remedy("Come back later.");

        // When
        McpError error = Errors.of(refusal, "c0ffee");

        assertThat(error.code()).isEqualTo(50301);
        assertThat(error.data())
                .isEqualTo(Map.of(
                        "code",
                        "overloaded",
                        "component",
                        "limits",
                        "cause",
                        "No room.",
                        "retryable",
                        true,
                        "retryAfterMs",
                        1500L,
                        "remedy",
                        "Come back later.",
                        "correlationId",
                        "c0ffee"));
    }

    @ParameterizedTest
    @CsvSource({
        "UNREACHABLE, upstream_unavailable",
        "AUTH, upstream_auth",
        "SECRET, secret_unavailable",
        "PROTOCOL, upstream_protocol",
        "TOO_LARGE, upstream_protocol",
        "SESSION_LOST, upstream_state_lost",
        "INTERRUPTED, upstream_unavailable",
        "OVERLOADED, upstream_overloaded",
        "INTERNAL, internal"
    })
    @Incident("S213")
    void eachFailureOfAnUpstreamHasItsWord(Kind kind, String word) {
        Refusal refusal = Errors.refusal(UpstreamFailure.notSent(kind, "10.0.0.7 said no"), "files");

        assertThat(refusal.kind().word()).isEqualTo(word);
        assertThat(refusal.message()).as("nothing of the detail").doesNotContain("10.0.0.7");
    }

    @ParameterizedTest
    @CsvSource({
        "UNREACHABLE, outcome_unknown",
        "AUTH, upstream_auth",
        "SECRET, secret_unavailable",
        "PROTOCOL, upstream_protocol",
        "TOO_LARGE, upstream_protocol",
        "SESSION_LOST, outcome_unknown",
        "INTERRUPTED, outcome_unknown",
        "OVERLOADED, outcome_unknown",
        "INTERNAL, internal"
    })
    @Incident("S91")
    @Incident("S183")
    void whatMayHaveBeenCarriedOutKeepsTheWordThatSaysMore(Kind kind, String word) {
        Refusal refusal = Errors.refusal(UpstreamFailure.maybeExecuted(kind, "…"), "files");

        assertThat(refusal.kind().word()).isEqualTo(word);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    @Incident("S183")
    void nobodyIsToldToRepeatWhatMayHaveBeenCarriedOut(Kind kind) {
        UpstreamFailure failure = UpstreamFailure.maybeExecuted(kind, "…").retryAfter(Duration.ofSeconds(1));

        // When
        Refusal refusal = Errors.refusal(failure, "files");

        assertThat(refusal.kind().retryable()).isFalse();
        assertThat(refusal.retryAfter()).isEmpty();
        assertThat(refusal.remedy().orElseThrow()).endsWith("look before repeating it.");
    }

    @Test
    @Incident("S74")
    void passesOnAfterHowLongAnUpstreamWantsToBeAskedAgain() {
        UpstreamFailure busy =
                UpstreamFailure.notSent(Kind.OVERLOADED, "HTTP 429").retryAfter(Duration.ofSeconds(7));

        assertThat(Errors.refusal(busy, "files").retryAfter()).contains(Duration.ofSeconds(7));
        assertThat(Errors.refusal(busy.beforeSending(), "files").retryAfter()).contains(Duration.ofSeconds(7));
    }
}
