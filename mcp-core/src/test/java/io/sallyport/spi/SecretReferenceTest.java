package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretReferenceTest {

    private static final String LONGEST = "a".repeat(64);

    @Test
    void hasATenantAndAName() {
        assertThat(SecretReference.parse("secret://acme/github"))
                .isEqualTo(new SecretReference("acme", "github", Optional.empty()));
    }

    @Test
    void mayNameAField() {
        assertThat(SecretReference.parse("secret://acme/db#pass.word").field()).contains("pass.word");
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret://a/b", "secret://a/b#c", "secret://A-1/b_2.c#D"})
    void printsAsItWasWritten(String text) {
        assertThat(SecretReference.parse(text)).hasToString(text);
    }

    @Test
    void hasPartsOfUpTo64Characters() {
        String text = "secret://" + LONGEST + "/" + LONGEST + "#" + LONGEST;

        assertThat(SecretReference.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "secret://",
                "secret://a",
                "secret:///b",
                "secret://a/",
                "secret://a/b#",
                "secret://a/b/c",
                "secret://a/b#c#d",
                "secret://a/b.",
                "secret://-a/b",
                "secret://../b",
                "secret://a/b?v=1",
                "secret://a/b c",
                "secret://a/b\n",
                "secret://a/ü",
                "SECRET://a/b",
                " secret://a/b"
            })
    void isStrict(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> SecretReference.parse(text));
    }

    @Test
    void refusesAPartThatIsTooLong() {
        assertThatIllegalArgumentException().isThrownBy(() -> SecretReference.parse("secret://a/" + LONGEST + "a"));
    }

    @Test
    void saysWhatIsWrongWithAPart() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SecretReference("a b", "c", Optional.empty()))
                .withMessageContaining("tenant")
                .withMessageContaining("a b");
    }
}
