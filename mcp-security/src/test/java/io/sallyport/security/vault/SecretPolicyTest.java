package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.security.vault.SecretPolicy.Position;
import io.sallyport.spi.SecretResolver.Use;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretPolicyTest {

    private static final SecretPolicy POLICY = SecretPolicy.builder()
            .upstreams("github", "weather")
            .hosts("api.example", "localhost:8080", "[::1]:80")
            .positions(Position.HEADER, Position.ENVIRONMENT)
            .build();

    private static Use use(String upstream, String host, String position) {
        return new Use(upstream, Optional.ofNullable(host), position);
    }

    @Test
    void allowsNothingByDefault() {
        for (String position : new String[] {Use.HEADER, Use.ENVIRONMENT, Use.ARGUMENT}) {
            assertThat(SecretPolicy.nowhere().refusal(use("github", "api.example", position)))
                    .isPresent();
        }
    }

    @Test
    void isRedactedByDefault() {
        assertThat(SecretPolicy.nowhere().isRedacted()).isTrue();
    }

    @Test
    void allowsWhatItNames() {
        assertThat(POLICY.refusal(use("github", "localhost:8080", Use.HEADER))).isEmpty();
    }

    @Test
    void allowsAChildProcessWithoutAHost() {
        assertThat(POLICY.refusal(use("github", null, Use.ENVIRONMENT))).isEmpty();
    }

    @Test
    void refusesAnotherUpstream() {
        assertThat(POLICY.refusal(use("other", "api.example", Use.HEADER))).contains("upstream_not_allowed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "other.example",
                "api.example:80",
                "api.example:443",
                "api.example.",
                "xapi.example",
                "API.example"
            })
    void refusesAnotherHost(String host) {
        assertThat(POLICY.refusal(use("github", host, Use.HEADER))).contains("host_not_allowed");
    }

    @Test
    void refusesAHeaderThatGoesNobodyKnowsWhere() {
        assertThat(POLICY.refusal(use("github", null, Use.HEADER))).contains("host_not_allowed");
    }

    @ParameterizedTest
    @ValueSource(strings = {Use.ARGUMENT, "", "Header", "cookie"})
    void refusesAnotherPosition(String position) {
        assertThat(POLICY.refusal(use("github", "api.example", position))).contains("position_not_allowed");
    }

    @Test
    void isTheSameAfterEncodingAndDecoding() {
        SecretPolicy bare = SecretPolicy.builder().notRedacted().build();

        assertThat(SecretPolicy.decode(POLICY.encode())).isEqualTo(POLICY).hasToString(POLICY.toString());
        assertThat(SecretPolicy.decode(bare.encode())).isEqualTo(bare);
        assertThat(SecretPolicy.decode(SecretPolicy.nowhere().encode())).isEqualTo(SecretPolicy.nowhere());
    }

    @Test
    void hasOneEncodingWhateverTheOrderInWhichItWasSet() {
        SecretPolicy other = SecretPolicy.builder()
                .positions(Position.ENVIRONMENT, Position.HEADER)
                .hosts("localhost:8080", "[::1]:80", "api.example", "api.example")
                .upstreams("weather", "github")
                .build();

        assertThat(other.encode()).isEqualTo(POLICY.encode());
    }

    @Test
    void hasTheseBytesForEver() {
        SecretPolicy policy = SecretPolicy.builder()
                .upstreams("a")
                .hosts("b.c")
                .positions(Position.HEADER)
                .build();

        assertThat(policy.encode()).containsExactly(1, 0x81, 1, 0, 1, 'a', 1, 0, 3, 'b', '.', 'c');
    }

    @Test
    void decodesNothingThatIsCutOffOrHasMore() {
        byte[] encoded = POLICY.encode();
        for (int length = 0; length <= encoded.length + 1; length++) {
            if (length != encoded.length) {
                byte[] other = Arrays.copyOf(encoded, length);
                assertThatIllegalArgumentException().isThrownBy(() -> SecretPolicy.decode(other));
            }
        }
    }

    @Test
    void decodesNothingThatIsNotCanonical() {
        byte[] encoded = SecretPolicy.builder().upstreams("a", "b").build().encode();
        byte[] otherOrder = encoded.clone();
        otherOrder[5] = 'b';
        otherOrder[8] = 'a';
        byte[] unknownFlag = encoded.clone();
        unknownFlag[1] |= 0x40;

        assertThatIllegalArgumentException().isThrownBy(() -> SecretPolicy.decode(otherOrder));
        assertThatIllegalArgumentException().isThrownBy(() -> SecretPolicy.decode(unknownFlag));
    }

    @Test
    void decodesEachFlippedBitToAnotherPolicyOrToNothing() {
        byte[] encoded = POLICY.encode();
        for (int bit = 0; bit < 8 * encoded.length; bit++) {
            byte[] flipped = encoded.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(SecretPolicy.decode(flipped)).isNotEqualTo(POLICY);
            } catch (IllegalArgumentException expected) {
                // As it should be of most.
            }
        }
    }

    @Test
    void saysThatALaterVersionIsNotKnown() {
        byte[] encoded = POLICY.encode();
        encoded[0] = 2;

        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecretPolicy.decode(encoded))
                .withMessageContaining("version 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "API.example",
                "*.example",
                "https://api.example",
                "api.example/",
                "api.example:443",
                "api.example:0",
                "api.example:65536",
                "a b",
                "[::1",
                ".example",
                "-"
            })
    void refusesWhatIsNoHost(String host) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecretPolicy.builder().hosts(host))
                .withMessageContaining("\"" + host + "\"");
    }

    @Test
    void namesAtMost64Hosts() {
        SecretPolicy.Builder builder = SecretPolicy.builder();
        for (int i = 0; i < SecretPolicy.MOST_NAMES; i++) {
            builder.hosts("h" + i).hosts("h" + i);
        }

        assertThat(SecretPolicy.decode(builder.build().encode()).hosts()).hasSize(64);
        assertThatIllegalArgumentException().isThrownBy(() -> builder.hosts("more"));
    }
}
