package io.sallyport.upstream.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretTemplateTest {

    private static final SecretResolver.Use USE =
            new SecretResolver.Use("weather", Optional.of("weather.example"), SecretResolver.Use.HEADER);

    private final List<char[]> handedOut = new ArrayList<>();
    private final SecretResolver upper = (reference, use) -> {
        char[] value = reference
                .substring("secret://".length())
                .toUpperCase(java.util.Locale.ROOT)
                .toCharArray();
        handedOut.add(value);
        return Optional.of(value);
    };

    private static SecretTemplate template(String text) {
        return SecretTemplate.parse("header X", text);
    }

    @Test
    void putsAValueInThePlaceOfAReference() {
        assertThat(template("Bearer secret://a/b").resolve(upper, USE)).isEqualTo("Bearer A/B");
    }

    @Test
    void putsInAsManyValuesAsThereAreReferences() {
        assertThat(template("<secret://a/b#c:secret://d/e>!").resolve(upper, USE))
                .isEqualTo("<A/B#C:D/E>!");
    }

    @Test
    void leavesOtherTextAsItIs() {
        assertThat(template("${TOKEN} https://x/y#z").resolve(upper, USE)).isEqualTo("${TOKEN} https://x/y#z");
    }

    @Test
    void doesNotLookForReferencesInValues() {
        SecretResolver nested = (reference, use) -> Optional.of("secret://a/b".toCharArray());

        assertThat(template("secret://c/d").resolve(nested, USE)).isEqualTo("secret://a/b");
    }

    @Test
    void erasesTheValueThatItWasGiven() {
        template("secret://a/b").resolve(upper, USE);

        assertThat(handedOut.get(0)).containsOnly('\0');
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer secret://", "secret://a", "secret://a/b/c", "secret://a/b.", "x secret://a/b#"})
    @Incident("S39")
    void refusesWhatLooksLikeAReferenceAndIsNone(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template(text))
                .withMessageContaining("header X")
                .withMessageContaining("write secret://tenant/name");
    }

    @Test
    @Incident("S39")
    @Incident("S131")
    void failsWithoutAValueAndSaysWhichIsMissingAndWhere() {
        assertThatThrownBy(() -> template("Bearer secret://a/b").resolve(SecretResolver.none(), USE))
                .isInstanceOfSatisfying(UpstreamException.class, e -> {
                    assertThat(e.failure().kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
                    assertThat(e.failure().detail()).contains("header X", "secret://a/b");
                });
    }

    @Test
    void erasesWhatItHasWhenALaterValueIsMissing() {
        SecretResolver onlyFirst =
                (reference, use) -> reference.endsWith("b") ? upper.resolve(reference, use) : Optional.empty();

        assertThatThrownBy(() -> template("secret://a/b secret://c/d").resolve(onlyFirst, USE))
                .isInstanceOf(UpstreamException.class);
        assertThat(handedOut.get(0)).containsOnly('\0');
    }

    @Test
    void refusesAValueThatIsTooLong() {
        SecretResolver huge = (reference, use) -> Optional.of(new char[64 * 1024 + 1]);

        assertThatThrownBy(() -> template("secret://a/b").resolve(huge, USE)).hasMessageContaining("longer");
    }

    @Test
    void doesNotTellWhatAResolverFailedWith() {
        SecretResolver broken = (reference, use) -> {
            throw new IllegalStateException("canary-value");
        };
        try (CapturedLog log = CapturedLog.of("io.sallyport.upstream")) {
            assertThatThrownBy(() -> template("secret://a/b").resolve(broken, USE))
                    .isInstanceOf(UpstreamException.class)
                    .hasMessageNotContaining("canary-value");
            assertThat(log.lines()).hasSize(1).noneMatch(line -> line.contains("canary-value"));
        }
    }
}
