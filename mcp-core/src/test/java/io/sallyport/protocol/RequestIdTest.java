package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {

    static Stream<String> legalIds() {
        return MessageTest.legalIds();
    }

    @ParameterizedTest
    @MethodSource("legalIds")
    void keepsEveryLegalToken(String token) {
        assertThat(new RequestId(token).token()).isEqualTo(token);
        assertThat(new RequestId(token)).hasToString(token).isEqualTo(new RequestId(token));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "true",
                "{}",
                "[]",
                "x",
                "'1'",
                "-",
                "01",
                "-01",
                "00",
                "1.",
                "+1",
                "1e",
                " 1",
                "1 ",
                "1\n",
                "1,2",
                "1,\"method\":\"x\"",
                "\"",
                "\"a",
                "a\"",
                "\"a\"b\"",
                "\"a\",\"b\"",
                "\"a\" ",
                "\"\\\"",
                "\"\\x\"",
                "\"\n\"",
                "\"\u0000\"",
                "\"\uD83D\"",
                "1}",
                "\u0661"
            })
    void refusesWhatIsNotOneStringOrNumber(String token) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RequestId(token))
                .withMessageContaining("a request id is a JSON string or number, but was " + token);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 10, Long.MAX_VALUE, Long.MIN_VALUE})
    void writesOurOwnNumbers(long number) {
        assertThat(RequestId.of(number).token()).isEqualTo(Long.toString(number));
    }

    @Test
    @SuppressWarnings("NullAway") // That is what is tested.
    void refusesNull() {
        assertThatNullPointerException().isThrownBy(() -> new RequestId(null));
    }
}
