package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sallyport.protocol.JsonValue.Kind;
import java.util.OptionalLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonValueTest {

    @Nested
    class Parsing {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{} | OBJECT",
                    "[] | ARRAY",
                    "\"\" | STRING",
                    "0 | NUMBER",
                    "-1.5e3 | NUMBER",
                    "true | BOOLEAN",
                    "false | BOOLEAN",
                    "null | NULL"
                })
        void readsEveryKind(String json, Kind kind) {
            assertThat(value(json).kind()).isEqualTo(kind);
            assertThat(value(" \n" + json + "\t\r ").toJson()).isEqualTo(json);
            assertThat(value(json).isObject()).isEqualTo(kind == Kind.OBJECT);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "1 2",
                    "1,2",
                    "1,\"w\":2",
                    "1}",
                    "{}}",
                    "{",
                    "[1",
                    "x",
                    "{\"a\":1,\"a\":2}",
                    "\uFEFF1"
                })
        void refusesWhatIsNotOneValue(String json) {
            assertThat(refusal(json, MessageLimits.forClients()).kind())
                    .isEqualTo(MalformedMessageException.Kind.NOT_JSON);
        }

        @Test
        void countsOffsetsFromTheBeginningOfTheText() {
            assertThat(refusal("[1,x]", MessageLimits.forClients()).offset()).isEqualTo(3);
            assertThat(refusal("1 2", MessageLimits.forClients()))
                    .hasMessage("something follows the value (at byte 2)");
        }

        @Test
        void holdsTheTextToTheLimitsThemselves() {
            MessageLimits limits = new MessageLimits(8, 2, 6, 3, 4);

            assertThat(parse("[[1234]]", limits).toJson()).isEqualTo("[[1234]]");
            assertThat(parse("\"123456\"", limits).toJson()).isEqualTo("\"123456\"");
            assertThat(parse("{\"abc\":1", limits.withMaxBytes(9), "}").toJson())
                    .isEqualTo("{\"abc\":1}");
            assertThat(refusal("[[1234] ]", limits).kind()).isEqualTo(MalformedMessageException.Kind.TOO_LARGE);
            assertThat(refusal("[[[1]]]", limits).kind()).isEqualTo(MalformedMessageException.Kind.BEYOND_LIMIT);
            assertThat(refusal("[12345]", limits).kind()).isEqualTo(MalformedMessageException.Kind.BEYOND_LIMIT);
        }

        @Test
        void reachesTheDeepestNestingThatCanBeConfigured() {
            MessageLimits limits = MessageLimits.forClients().withMaxDepth(MessageLimits.MAX_CONFIGURABLE_DEPTH);
            String deepest = "[".repeat(1000) + "]".repeat(1000);

            assertThat(parse(deepest, limits).toObject()).isNotNull();
            assertThat(refusal("[" + deepest + "]", limits).kind())
                    .isEqualTo(MalformedMessageException.Kind.BEYOND_LIMIT);
        }

        private static JsonValue parse(String json, MessageLimits limits, String... more) {
            try {
                return JsonValue.parse(json + String.join("", more), limits);
            } catch (MalformedMessageException e) {
                throw new AssertionError(e);
            }
        }

        private static MalformedMessageException refusal(String json, MessageLimits limits) {
            MalformedMessageException refusal =
                    catchThrowableOfType(MalformedMessageException.class, () -> JsonValue.parse(json, limits));
            assertThat(refusal).as("%s was accepted", json).isNotNull();
            return refusal;
        }
    }

    @Nested
    class Scalars {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "0 | 0",
                    "-0 | 0",
                    "-0.0 | 0",
                    "42 | 42",
                    "-42 | -42",
                    "1.0 | 1",
                    "1e3 | 1000",
                    "1.5e1 | 15",
                    "1500e-2 | 15",
                    "123456789012345678 | 123456789012345678",
                    "9223372036854775807 | 9223372036854775807",
                    "-9223372036854775808 | -9223372036854775808",
                    "0e999999999999 | ",
                    "9223372036854775808 | ",
                    "-9223372036854775809 | ",
                    "1.5 | ",
                    "1e-1 | ",
                    "1e19 | ",
                    "1e2147483647 | ",
                    "1e-2147483647 | ",
                    "1e999999999999 | ",
                    "\"1\" | ",
                    "true | ",
                    "null | ",
                    "[1] | "
                })
        void readWholeNumbersThatFit(String json, Long expected) {
            assertThat(value(json).asLong())
                    .isEqualTo(expected == null ? OptionalLong.empty() : OptionalLong.of(expected));
        }

        @Test
        void readStringsWithTheirEscapes() {
            assertThat(value("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\uD83D\\uDE00\u20ac\"")
                            .asString())
                    .hasValue("\"\\/\b\f\n\r\tA\u00e4\uD83D\uDE00\u20ac");
            assertThat(value("\"\"").asString()).hasValue("");
            assertThat(value("\"\\ud83d\"").asString()).hasValue("\uD83D");
            assertThat(value("\"plain\\n\"").asString()).hasValue("plain\n");
            assertThat(value("1").asString()).isEmpty();
            assertThat(value("{}").asString()).isEmpty();
        }

        @Test
        void readTruthValues() {
            assertThat(value("true").asBoolean()).hasValue(true);
            assertThat(value("false").asBoolean()).hasValue(false);
            assertThat(value("\"true\"").asBoolean()).isEmpty();
            assertThat(value("null").asBoolean()).isEmpty();
        }
    }

    @Nested
    class Containers {

        private final JsonValue object = value(
                "{ \"a\" : [ 1 , {\"x\":\"}\"} , \"]\" ] ,\n\"b\\n\":{\"c\":{\"d\":\"\\\"}\\\\\"}},\"\u00e4\":\"s\",\"e\":-1.0e0 , \"n\":null }");

        @Test
        void findMembersByName() {
            assertThat(object.get("a").orElseThrow().toJson()).isEqualTo("[ 1 , {\"x\":\"}\"} , \"]\" ]");
            assertThat(object.get("b\n").flatMap(b -> b.get("c")).flatMap(c -> c.getString("d")))
                    .hasValue("\"}\\");
            assertThat(object.getString("\u00e4")).hasValue("s");
            assertThat(object.get("e").orElseThrow().toJson()).isEqualTo("-1.0e0");
            assertThat(object.get("n").orElseThrow().kind()).isEqualTo(Kind.NULL);
            assertThat(object.get("A")).isEmpty();
            assertThat(object.get("b\\n")).isEmpty();
            assertThat(object.get("x")).isEmpty();
            assertThat(object.getString("e")).isEmpty();
        }

        @Test
        void listMembersInTheirOrder() {
            assertThat(object.members().keySet()).containsExactly("a", "b\n", "\u00e4", "e", "n");
            assertThat(value("{}").members()).isEmpty();
            assertThat(value("{ \n }").members()).isEmpty();
        }

        @Test
        void listElementsInTheirOrder() {
            assertThat(object.get("a").orElseThrow().elements())
                    .extracting(JsonValue::toJson)
                    .containsExactly("1", "{\"x\":\"}\"}", "\"]\"");
            assertThat(value("[]").elements()).isEmpty();
            assertThat(value("[ [ ] , [[]],true,false , null,-0]").elements())
                    .extracting(JsonValue::toJson)
                    .containsExactly("[ ]", "[[]]", "true", "false", "null", "-0");
        }

        @Test
        void areEmptyForOtherKinds() {
            assertThat(value("[{\"a\":1}]").members()).isEmpty();
            assertThat(value("[{\"a\":1}]").get("a")).isEmpty();
            assertThat(value("{\"a\":1}").elements()).isEmpty();
            assertThat(value("\"{}\"").members()).isEmpty();
            assertThat(value("1").elements()).isEmpty();
        }

        @Test
        void handOutListsThatDoNotReachBack() {
            object.members().clear();

            assertThat(object.members()).hasSize(5);
        }

        @Test
        void areMeasuredInBytes() {
            assertThat(value(" {\"\u00e4\":\"\uD83D\uDE00\"} ").size()).isEqualTo(2 + 4 + 1 + 6);
        }

        @Test
        void showWhatWasWritten() {
            assertThat(object.get("b\n")).hasToString("Optional[{\"c\":{\"d\":\"\\\"}\\\\\"}}]");
        }
    }

    @Test
    void trustedTextThatIsNotJsonIsAFaultOfTheProgram() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> JsonValue.trusted("{"))
                .withMessageContaining("not JSON: the message ends too early");
    }
}
