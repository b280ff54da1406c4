package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.entry;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    @Nested
    class Reading {

        static Stream<Arguments> values() {
            return Stream.of(
                    Arguments.of("1", 1),
                    Arguments.of("-0", 0),
                    Arguments.of("2147483648", 2147483648L),
                    Arguments.of("9223372036854775808", new BigInteger("9223372036854775808")),
                    Arguments.of("1.0", 1.0),
                    Arguments.of("1e3", 1000.0),
                    Arguments.of("1e400", Double.POSITIVE_INFINITY),
                    Arguments.of("true", true),
                    Arguments.of("null", null),
                    Arguments.of("\"\\u00e4\"", "\u00e4"),
                    Arguments.of("[1,[]]", List.of(1, List.of())),
                    Arguments.of("{\"a\":{}}", Map.of("a", Map.of())));
        }

        @ParameterizedTest
        @MethodSource("values")
        void givesJdkTypes(String json, Object expected) {
            assertThat(Json.read(value(json))).isEqualTo(expected);
            assertThat(value("[" + json + "]").elements().get(0).toObject()).isEqualTo(expected);
        }

        @Test
        void keepsTheOrderOfMembers() {
            Object read = Json.read(value("{\"z\":1,\"a\":2,\"m\":3}"));

            assertThat(((Map<?, ?>) read).keySet().stream().map(String::valueOf))
                    .containsExactly("z", "a", "m");
        }

        @Test
        void readsWhateverTheScannerWasConfiguredToAccept() throws MalformedMessageException {
            MessageLimits wide = new MessageLimits(10_000_000, 1000, 10_000_000, 10_000_000, 10_000_000);
            String number = "1".repeat(5000);
            String name = "n".repeat(200_000);

            assertThat(Json.read(JsonValue.parse(number, wide))).isEqualTo(new BigInteger(number));
            assertThat(Json.read(JsonValue.parse("{\"" + name + "\":1}", wide))).isEqualTo(Map.of(name, 1));
            assertThat(Json.read(JsonValue.parse("[".repeat(1000) + "]".repeat(1000), wide)))
                    .isInstanceOf(List.class);
        }

        @Test
        void readsWhatEscapesLeaveOfSurrogates() {
            assertThat(Json.read(value("{\"\\ud83d\\ude00\":\"\\ud83d\"}")))
                    .isEqualTo(Map.of("\uD83D\uDE00", "\uD83D"));
        }
    }

    @Nested
    class Writing {

        @Test
        void writesJdkTypes() {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("null", null);
            object.put("true", true);
            object.put("int", 1);
            object.put("long", Long.MIN_VALUE);
            object.put("double", 1.5);
            object.put("large", 1e300);
            object.put("float", 0.5f);
            object.put("big", new BigInteger("123456789012345678901234567890"));
            object.put("decimal", new BigDecimal("1E+3"));
            object.put("text", "a\"b");
            object.put("list", List.of(1, List.of(), Map.of()));
            object.put("set", Set.of("x"));
            object.put("nulls", Arrays.asList(1, null));
            object.put("", "");

            assertThat(Json.write(object))
                    .isEqualTo("{\"null\":null,\"true\":true,\"int\":1,\"long\":-9223372036854775808,\"double\":1.5,"
                            + "\"large\":1.0E300,\"float\":0.5,\"big\":123456789012345678901234567890,\"decimal\":1E+3,"
                            + "\"text\":\"a\\\"b\",\"list\":[1,[],{}],\"set\":[\"x\"],\"nulls\":[1,null],\"\":\"\"}");
            assertThat(value(Json.write(object)).members()).hasSize(object.size());
        }

        @Test
        void writesScannedValuesAsTheyStand() {
            assertThat(Json.write(Map.of("v", value(" { \"n\":1.0e0 , \"u\":\"\\u0041\" } "))))
                    .isEqualTo("{\"v\":{ \"n\":1.0e0 , \"u\":\"\\u0041\" }}");
        }

        @Test
        void refusesWhatJsonCannotSay() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Json.write(Double.NaN))
                    .withMessageContaining("NaN");
            assertThatIllegalArgumentException().isThrownBy(() -> Json.write(List.of(Double.POSITIVE_INFINITY)));
            assertThatIllegalArgumentException().isThrownBy(() -> Json.write(Float.NEGATIVE_INFINITY));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Json.write(Map.of("a", new StringBuilder())))
                    .withMessageContaining("cannot write a java.lang.StringBuilder as JSON");
            assertThatIllegalArgumentException().isThrownBy(() -> Json.write(new int[] {1}));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Json.write(Map.of(1, 2)))
                    .withMessageContaining("names are strings");
            assertThatIllegalArgumentException().isThrownBy(() -> Json.write(Collections.singletonMap(null, 2)));
        }
    }

    @Nested
    class Quoting {

        @Test
        void escapesWhatMustBeEscapedAndNothingElse() {
            assertThat(Json.quote("\"\\/\b\f\n\r\t\u0000\u001F\u007F\u0080\u00e4\u2028\uFFFF"))
                    .isEqualTo("\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000\\u001f\\u007f\u0080\u00e4\u2028\uFFFF\"");
            assertThat(Json.quote("")).isEqualTo("\"\"");
        }

        @ParameterizedTest
        @ValueSource(strings = {"\uD83D\uDE00", "a\uD83D\uDE00b", "\uD83D\uDE00\uD83D\uDE01"})
        void writesWholeSurrogatePairsAsTheyAre(String text) {
            assertThat(Json.quote(text)).isEqualTo("\"" + text + "\"");
        }

        @Test
        void writesHalfPairsAsEscapesBecauseUtf8CannotSayThem() {
            assertThat(Json.quote("\uD83D")).isEqualTo("\"\\ud83d\"");
            assertThat(Json.quote("\uDE00\uD83D")).isEqualTo("\"\\ude00\\ud83d\"");
            assertThat(Json.quote("a\uD83Db")).isEqualTo("\"a\\ud83db\"");
            assertThat(Json.quote("\uD83D\uD83D\uDE00")).isEqualTo("\"\\ud83d\uD83D\uDE00\"");
            assertThat(Json.quote("\uD83D\uDE00\uDE00")).isEqualTo("\"\uD83D\uDE00\\ude00\"");
        }

        @Test
        void roundTripsEveryCharacter() {
            for (int c = 0; c <= 0xFFFF; c++) {
                String text = "<" + (char) c + ">";
                assertThat(value(Json.quote(text)).asString()).hasValue(text);
            }
        }
    }

    @Nested
    class Errors {

        @Test
        void copyTheirData() {
            Map<String, Object> data = new LinkedHashMap<>(Map.of("a", 1));
            McpError error = new McpError(1, "m", data);
            data.put("b", 2);

            assertThat(error.data()).hasSize(1);
            assertThat(error.toJson())
                    .containsExactly(entry("code", 1), entry("message", "m"), entry("data", Map.of("a", 1)));
            assertThat(McpError.of(1, "m").toJson()).containsExactly(entry("code", 1), entry("message", "m"));
        }
    }
}
