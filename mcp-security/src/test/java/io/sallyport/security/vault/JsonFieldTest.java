package io.sallyport.security.vault;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonFieldTest {

    private static Optional<String> find(String json, String member) {
        return JsonField.find(json.toCharArray(), member).map(String::new);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"a\":\"x\"}|x",
                " { \"b\" : [1, {\"a\":2}, \"]\"], \"a\" : \"x\" } |x",
                "{\"b\":{\"a\":\"no\"},\"a\":\"yes\"}|yes",
                "{\"\\u0061\":\"x\"}|x",
                "{\"a\":\"\\u00e9\\u20ACx\\/\\\\\\\"\"}|é€x/\\\"",
                "{\"a\":-12.5e+3}|-12.5e+3",
                "{\"b\":true,\"c\":false,\"d\":null,\"e\":\"\",\"a\":\"x\"}|x"
            })
    void findsAMember(String json, String value) {
        assertThat(find(json, "a")).contains(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"b\":\"x\"}", "{\"a\":true}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[\"x\"]}"})
    void findsNothingThatIsNoTextAndNoNumber(String json) {
        assertThat(find(json, "a")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain text",
                "\"a\"",
                "[\"a\"]",
                "{\"a\":\"x\"",
                "{\"a\":\"x\",}",
                "{\"a\":\"x\"} more",
                "{\"a\":\"x\" \"b\":1}",
                "{a:\"x\"}",
                "{\"a\":\"x}",
                "{\"a\":\"\\q\"}",
                "{\"a\":\"\\u00g0\"}",
                "{\"a\":\"\\u00",
                "{\"a\":\"x\",\"b\":01}",
                "{\"a\":\"x\",\"b\":1.}",
                "{\"a\":\"x\",\"b\":tru}",
                "{\"a\":\"x\",\"b\":[1}",
                "{\"a\":\"x\",\"a\":\"y\"}",
                "{\"a\":\"x\ny\"}"
            })
    void findsNothingInWhatIsNoJsonObject(String json) {
        assertThat(find(json, "a")).isEmpty();
    }

    @Test
    void findsNothingInWhatIsTooDeep() {
        String deep = "[".repeat(10_000) + "]".repeat(10_000);

        assertThat(find("{\"a\":\"x\",\"b\":" + deep + "}", "a")).isEmpty();
    }

    @Test
    void doesNotFailOnAnyBeginning() {
        String json = "{\"b\":[1.5e-3,{\"c\":\"\\u00e9\"}],\"a\":\"x\\n\"}";
        for (int length = 0; length < json.length(); length++) {
            assertThat(find(json.substring(0, length), "a")).isEmpty();
        }
    }
}
