package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.accepts;
import static io.sallyport.protocol.Wire.hex;
import static io.sallyport.protocol.Wire.holding;
import static io.sallyport.protocol.Wire.join;
import static io.sallyport.protocol.Wire.offsetHeld;
import static io.sallyport.protocol.Wire.parse;
import static io.sallyport.protocol.Wire.refusal;
import static io.sallyport.protocol.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.sallyport.protocol.MalformedMessageException.Kind;
import io.sallyport.testing.Incident;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageScannerTest {

    /** Bounds that a test can write out in full; what a message needs around the tested thing fits. */
    private static final MessageLimits SMALL = new MessageLimits(200, 8, 20, 12, 10);

    @Nested
    class Grammar {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "null",
                    "true",
                    "false",
                    "\"\"",
                    "\"text\"",
                    "{}",
                    "[]",
                    "{ }",
                    "[ ]",
                    "[1,2]",
                    "[ 1 , 2 ]",
                    "{\"a\":1,\"b\":2}",
                    "{ \"a\" : 1 , \"b\" : 2 }",
                    "{\"\":1}",
                    "[[],{},[{}]]",
                    "\t\r\n 1 \t\r\n",
                    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF\\uabCD\"",
                    "\"/\u007F\u0080\u2028\u2029\uFEFF\uFFFF\""
                })
        void acceptsWhatRfc8259Allows(String value) {
            assertThat(accepts(utf8(holding(value)))).isTrue();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "0",
                    "-0",
                    "7",
                    "-7",
                    "10",
                    "1234567890",
                    "0.0",
                    "-0.10",
                    "1.5e10",
                    "1E5",
                    "1e+5",
                    "1e-5",
                    "0e0",
                    "-1.0E-0",
                    "1e999999999999"
                })
        void acceptsEveryFormOfNumber(String number) {
            assertThat(accepts(utf8(holding(number)))).isTrue();
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "+1",
                    "01",
                    "-01",
                    "00",
                    "1.",
                    ".5",
                    "-.5",
                    "-",
                    "1e",
                    "1e+",
                    "1e-",
                    "1.e5",
                    "1e5.5",
                    "0x10",
                    "1_000",
                    "1f",
                    "--1",
                    "1 2",
                    "NaN",
                    "Infinity",
                    "-Infinity",
                    "\u0661"
                })
        void refusesWhatIsNoNumber(String number) {
            assertThat(refusal(holding(number)).kind()).isEqualTo(Kind.NOT_JSON);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"True", "TRUE", "tru", "truex", "fals", "falsey", "nul", "nullx", "None", "undefined", "t"})
        void refusesWhatIsAlmostALiteral(String literal) {
            assertThat(refusal(holding(literal)).kind()).isEqualTo(Kind.NOT_JSON);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    ",",
                    ":",
                    "}",
                    "]",
                    "[1,]",
                    "[,1]",
                    "[1,,2]",
                    "[1 2]",
                    "[1}",
                    "{1}",
                    "[1;2]",
                    "{,}",
                    "{\"a\"}",
                    "{\"a\":}",
                    "{\"a\":1,}",
                    "{,\"a\":1}",
                    "{\"a\":1,,\"b\":2}",
                    "{\"a\" 1}",
                    "{\"a\"=1}",
                    "{\"a\":1]",
                    "{\"a\":1 \"b\":2}",
                    "{a:1}",
                    "{1:1}",
                    "{null:1}",
                    "{\"a\"::1}",
                    "[1]]",
                    "{}}",
                    "{} {}",
                    "// no\n1",
                    "/* no */1",
                    "1 # no",
                    "\u00A01",
                    "\u000B1",
                    "\u000C1",
                    "\u0000"
                })
        void refusesWhatRfc8259DoesNotAllow(String value) {
            assertThat(refusal(holding(value)).kind()).isEqualTo(Kind.NOT_JSON);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\"\\\"",
                    "\"\\a\"",
                    "\"\\'\"",
                    "\"\\U0041\"",
                    "\"\\x41\"",
                    "\"\\0\"",
                    "\"\\u\"",
                    "\"\\u1\"",
                    "\"\\u123\"",
                    "\"\\u12G4\"",
                    "\"\\u-123\"",
                    "\"\\u 123\"",
                    "\"\\\n\"",
                    "\"open",
                    "'text'",
                    "`text`",
                    "\"a\" \"b\""
                })
        void refusesWhatIsNoString(String string) {
            assertThat(refusal(holding(string)).kind()).isEqualTo(Kind.NOT_JSON);
        }

        @Test
        void refusesDigitsOfOtherScriptsInAnEscape() {
            assertThat(refusal(holding("\"\\u\u0661\u0662\u0663\u0664\"")).getMessage())
                    .contains("four hexadecimal digits");
        }

        @Test
        void refusesEveryControlCharacterInsideAString() {
            for (int c = 0; c < 0x20; c++) {
                assertThat(refusal(holding("\"" + (char) c + "\"")).getMessage())
                        .as("U+%04X", c)
                        .contains("a control character inside a string");
            }
        }

        @Test
        void refusesEveryBeginningOfAMessageAsCutShort() {
            byte[] whole =
                    utf8("{\"jsonrpc\":\"2.0\",\"id\":-1.5e+3,\"method\":\"\\u0041\",\"x\":[true,false,null,{}]}");

            for (int length = 1; length < whole.length; length++) {
                byte[] beginning = Arrays.copyOf(whole, length);
                MalformedMessageException refusal = refusal(beginning);
                assertThat(refusal.getMessage()).contains("the message ends too early");
                assertThat(refusal.offset()).isEqualTo(length);
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"x", "{}", ",", "}", "]", "\u0000", "\u00A0", "null"})
        void refusesWhatFollowsTheMessage(String more) {
            assertThat(refusal(holding("1") + more).getMessage()).contains("something follows the message");
        }

        @Test
        void acceptsWhiteSpaceAroundTheMessage() {
            assertThat(parse(" \t\r\n" + holding("1") + "\n\n")).isInstanceOf(Request.class);
        }

        @Test
        void saysAtWhichByteTheFaultIs() {
            // An umlaut has two bytes, an emoji four: bytes are counted, not characters.
            MalformedMessageException refusal = refusal(holding("[\"\u00E4\uD83D\uDE00\",x]"));

            assertThat(refusal.offset()).isEqualTo(offsetHeld() + "[\"".length() + 2 + 4 + "\",".length());
            assertThat(refusal).hasMessageEndingWith("(at byte " + refusal.offset() + ")");
        }
    }

    @Nested
    @Incident("S85")
    class Utf8 {

        static Stream<Arguments> wellFormed() {
            return Stream.of(
                    arguments("the first of two bytes", "c280"),
                    arguments("the last of two bytes", "dfbf"),
                    arguments("the first of three bytes", "e0a080"),
                    arguments("just before the surrogates", "ed9fbf"),
                    arguments("just after the surrogates", "ee8080"),
                    arguments("the byte order mark inside a string", "efbbbf"),
                    arguments("a noncharacter", "efbfbf"),
                    arguments("the first of four bytes", "f0908080"),
                    arguments("an emoji", "f09f9880"),
                    arguments("U+10FFFF", "f48fbfbf"));
        }

        static Stream<Arguments> illFormed() {
            return Stream.of(
                    arguments("a lone continuation byte, the first", "80"),
                    arguments("a lone continuation byte, the last", "bf"),
                    arguments("a continuation byte too many", "c28080"),
                    arguments("NUL, overlong in two bytes", "c080"),
                    arguments("a slash, overlong in two bytes", "c0af"),
                    arguments("a quote, overlong in two bytes", "c0a2"),
                    arguments("U+007F, overlong in two bytes", "c1bf"),
                    arguments("NUL, overlong in three bytes", "e08080"),
                    arguments("U+07FF, overlong in three bytes", "e09fbf"),
                    arguments("NUL, overlong in four bytes", "f0808080"),
                    arguments("U+FFFF, overlong in four bytes", "f08fbfbf"),
                    arguments("the first surrogate", "eda080"),
                    arguments("the last high surrogate", "edafbf"),
                    arguments("the first low surrogate", "edb080"),
                    arguments("the last surrogate", "edbfbf"),
                    arguments("a pair of surrogates", "eda0bdedb880"),
                    arguments("U+110000", "f4908080"),
                    arguments("beyond U+13FFFF", "f5808080"),
                    arguments("five bytes", "f888808080"),
                    arguments("six bytes", "fc8480808080"),
                    arguments("FE", "fe"),
                    arguments("FF", "ff"),
                    arguments("Latin-1", "e4"),
                    arguments("two bytes, the second missing", "c3"),
                    arguments("three bytes, the third missing", "e282"),
                    arguments("three bytes, two missing", "e2"),
                    arguments("four bytes, the fourth missing", "f09f98"),
                    arguments("four bytes, three missing", "f0"),
                    arguments("the second of three bytes is no continuation", "e22882"),
                    arguments("the third of three bytes is no continuation", "e28228"),
                    arguments("the fourth of four bytes is no continuation", "f09f9828"),
                    arguments("a new character where a continuation is due", "e282c2a9"));
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("wellFormed")
        void acceptsWellFormedCharactersAndHandsThemOn(String what, String bytes) {
            byte[] message = holding(join(utf8("\""), hex(bytes), utf8("\"")));

            Message parsed = parse(message, MessageLimits.forClients());

            assertThat(parsed.get(Part.PARAMS, "arguments").orElseThrow().asString())
                    .hasValue(new String(hex(bytes), StandardCharsets.UTF_8));
            assertThat(parsed.asByteBuffer()).isEqualTo(ByteBuffer.wrap(message));
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("illFormed")
        void refusesIllFormedBytesInAStringAndSaysWhere(String what, String bytes) {
            MalformedMessageException refusal = refusal(holding(join(utf8("\"ab"), hex(bytes), utf8("\""))));

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_JSON);
            assertThat(refusal.getMessage()).startsWith("not UTF-8");
            assertThat(refusal.offset()).isBetween(offsetHeld() + 3, offsetHeld() + 3 + bytes.length() / 2);
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("illFormed")
        void refusesIllFormedBytesInAName(String what, String bytes) {
            assertThat(refusal(holding(join(utf8("{\""), hex(bytes), utf8("\":1}"))))
                            .getMessage())
                    .startsWith("not UTF-8");
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource({"illFormed", "wellFormed"})
        void refusesAnythingButAsciiOutsideStrings(String what, String bytes) {
            assertThat(refusal(holding(join(hex(bytes), utf8("1")))).kind()).isEqualTo(Kind.NOT_JSON);
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("wellFormed")
        void refusesACharacterThatTheEndOfTheBodyCutsInTwo(String what, String bytes) {
            byte[] character = hex(bytes);
            byte[] half = Arrays.copyOf(character, character.length - 1);

            assertThat(refusal(join(utf8("{\"a\":\""), half)).getMessage()).startsWith("not UTF-8");
        }

        @ParameterizedTest
        @ValueSource(ints = {0x24, 0xA2, 0x939, 0x20AC, 0xD55C, 0x10348, 0x1F600})
        void readsACharacterTheSameFromBytesAndFromEscapes(int codePoint) {
            String text = Character.toString(codePoint);
            StringBuilder escaped = new StringBuilder();
            text.chars().forEach(unit -> escaped.append(String.format("\\u%04x", unit)));

            assertThat(Wire.value("\"" + escaped + "\"").asString()).hasValue(text);
            assertThat(Wire.value("\"" + text + "\"").asString()).hasValue(text);
        }

        @Test
        void acceptsHalfOfASurrogatePairInAValue() {
            // Clients cut texts in the middle of an emoji; the grammar allows it and the escape passes as it is.
            String message = holding("\"cut \\ud83d\"");

            assertThat(parse(message).toJson()).isEqualTo(message);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"\\ud83d", "\\ude00", "\\ude00\\ud83d", "a\\ud83db", "\\ud83d\\ud83d\\ude00", "\\uD800x"})
        void refusesHalfOfASurrogatePairInAName(String name) {
            MalformedMessageException refusal = refusal(holding("{\"" + name + "\":1}"));

            assertThat(refusal.getMessage()).contains("a member name holds half of a surrogate pair");
            assertThat(refusal.offset()).isEqualTo(offsetHeld() + 2);
        }

        @Test
        void acceptsAWholeSurrogatePairInAName() {
            assertThat(accepts(utf8(holding("{\"\\ud83d\\ude00\":1}")))).isTrue();
        }
    }

    @Nested
    class Duplicates {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"a\":1,\"a\":1}",
                    "{\"a\":1,\"b\":2,\"a\":3}",
                    "{\"\":1,\"\":2}",
                    "{\"a\":1,\"\\u0061\":2}",
                    "{\"\\u0061\":1,\"a\":2}",
                    "{\"\\u0061\":1,\"\\u0061\":2}",
                    "{\"/\":1,\"\\/\":2}",
                    "{\"\\n\":1,\"\\u000a\":2}",
                    "{\"\\u00e4\":1,\"\\u00E4\":2}",
                    "{\"\u00e4\":1,\"\\u00e4\":2}",
                    "{\"\uD83D\uDE00\":1,\"\\ud83d\\ude00\":2}",
                    "[[{\"a\":1,\"a\":2}]]",
                    "{\"b\":{\"a\":1,\"a\":2}}",
                    "{\"a\":{\"b\":1},\"a\":2}",
                    "{\"a\":{\"a\":1,\"c\":{\"a\":1}},\"a\":2}",
                    "{\"a\":[{\"a\":1},{\"a\":1}],\"b\":1,\"a\":2}"
                })
        void refusesANameThatStandsTwiceInOneObject(String object) {
            MalformedMessageException refusal = refusal(holding(object));

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_JSON);
            assertThat(refusal.getMessage()).contains("a member name stands twice");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"a\":{\"a\":{\"a\":1}}}",
                    "[{\"a\":1},{\"a\":1}]",
                    "{\"x\":{\"a\":1},\"y\":{\"a\":1},\"a\":1}",
                    "{\"a\":1,\"A\":2}",
                    "{\"a\":1,\"\\u0041\":2}",
                    "{\"k\":1,\"\u212A\":2,\"K\":3}",
                    "{\"s\":1,\"\u017F\":2,\"S\":3}",
                    "{\"a\":1,\"a \":2,\" a\":3}",
                    "{\"e\u0301\":1,\"\u00e9\":2}",
                    "{\"a\\\\n\":1,\"a\\n\":2}"
                })
        void acceptsNamesThatOnlyResembleEachOther(String object) {
            assertThat(accepts(utf8(holding(object)))).isTrue();
        }

        @Test
        void saysWhereTheSecondNameStands() {
            assertThat(refusal(holding("{\"a\":1,\"a\":2}")).offset()).isEqualTo(offsetHeld() + "{\"a\":1,\"".length());
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 11, 12, 13, 14, 24, 25, 96, 97, 384, 385, 5000})
        void refusesARepetitionOfAnyMemberHoweverManyThereAre(int members) {
            List<String> names = new ArrayList<>();
            IntStream.range(0, members).forEach(i -> names.add("\"n" + i + "\":" + i));
            assertThat(accepts(object(names))).isTrue();

            for (int repeated : new int[] {0, members / 2, members - 1}) {
                for (String spelling : List.of("\"n" + repeated + "\":0", "\"\\u006E" + repeated + "\":0")) {
                    List<String> more = new ArrayList<>(names);
                    more.add(spelling);
                    assertThat(refusal(object(more)).getMessage())
                            .as("%s after %s members", spelling, members)
                            .contains("a member name stands twice");
                }
            }
        }

        @Test
        void keepsTheNamesOfOuterObjectsApartAcrossLargeInnerOnes() {
            String large = "{" + names("n", 40) + "}";
            String nested = "{" + names("n", 20) + ",\"inner\":{" + names("n", 30) + ",\"deep\":" + large
                    + "},\"list\":[" + large + "," + large + "]";
            assertThat(accepts(utf8(holding(nested + "}")))).isTrue();

            for (String last : List.of(",\"n0\":1}", ",\"n19\":1}", ",\"inner\":1}", ",\"list\":1}")) {
                assertThat(refusal(holding(nested + last)).getMessage()).contains("a member name stands twice");
            }
        }

        @ParameterizedTest
        @CsvSource({
            "method, Method",
            "method, METHOD",
            "method, metHod",
            "id, iD",
            "id, \u0130d",
            "params, param\u017F",
            "extra, EXTRA",
            "extr\u00e4, EXTR\u00c4",
            "ke, \u212Ae",
            "ke, \\u212ae",
            "s, \\u017f",
        })
        void refusesNamesOfTheMessageThatDifferInCaseOnly(String name, String other) {
            String message = "{\"" + name + "\":\"1\",\"" + other + "\":\"1\"}";

            assertThat(refusal(message).getMessage()).contains("a member name stands twice");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"params\":{%s}}",
                    "{\"params\":{\"_meta\":{%s}}}",
                    "{\"result\":{%s}}",
                    "{\"result\":{\"_meta\":{%s}}}",
                    "{\"error\":{%s}}",
                    "{\"p\\u0061rams\":{\"_m\\u0065ta\":{%s}}}"
                })
        void refusesNamesThatDifferInCaseOnlyInEveryPartOfTheEnvelope(String part) {
            for (String twice : List.of("\"x\":1,\"X\":2", "\"k\":1,\"\u212A\":2", "\"\u017F\":1,\"S\":2")) {
                assertThat(refusal(String.format(part, twice)).getMessage()).contains("a member name stands twice");
                assertThat(refusal(String.format(part, names("n", 30) + "," + twice))
                                .getMessage())
                        .contains("a member name stands twice");
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"arguments\":{%s}}}",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"_meta\":{\"_meta\":{%s}}}}",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"params\":{%s}}}",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"_meta\":{%s}}",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{%s}]}}",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"\",\"data\":{%s}}}"
                })
        void acceptsNamesThatDifferInCaseEverywhereElse(String message) {
            assertThat(accepts(utf8(String.format(message, "\"x\":1,\"X\":2,\"k\":3,\"\u212A\":4"))))
                    .isTrue();
        }

        @Test
        void acceptsAnyNumberOfNamesThatDifferInCaseOnly() {
            List<String> names = new ArrayList<>();
            for (int bits = 0; bits < 1 << 10; bits++) {
                StringBuilder name = new StringBuilder("abcdefghij");
                for (int i = 0; i < 10; i++) {
                    if ((bits >> i & 1) != 0) {
                        name.setCharAt(i, Character.toUpperCase(name.charAt(i)));
                    }
                }
                names.add("\"" + name + "\":1");
            }

            assertThat(accepts(object(names))).isTrue();
        }

        @Test
        void refusesAFloodOfNamesThatWereMadeToCollide() {
            List<String> names = collidingNames(200);
            // Fewer than that can be told apart one by one, and nobody is refused for them.
            assertThat(accepts(object(names.subList(0, 100)))).isTrue();

            MalformedMessageException refusal = refusal(object(names));

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_JSON);
            assertThat(refusal.getMessage()).contains("member names that collide");
        }

        @Test
        void findsARepetitionAmongNamesThatCollide() {
            List<String> names = new ArrayList<>(collidingNames(60));
            names.add(names.get(0));

            assertThat(refusal(object(names)).getMessage()).contains("a member name stands twice");
        }

        private static byte[] object(List<String> members) {
            return utf8(holding("{" + String.join(",", members) + "}"));
        }

        private static String names(String prefix, int count) {
            return String.join(
                    ",",
                    IntStream.range(0, count)
                            .mapToObj(i -> "\"" + prefix + i + "\":" + i)
                            .toList());
        }

        private static List<String> collidingNames(int count) {
            List<String> names = CollidingNames.MEMBERS;
            assertThat(names).hasSizeGreaterThanOrEqualTo(count);
            return names.subList(0, count);
        }
    }

    /**
     * Members whose names have one hash: beginnings hashed forwards meet endings hashed backwards. Only whoever knows the
     * seed can make them, which a stranger does not.
     */
    private static final class CollidingNames {

        private static final int TEXTS = 1 << 20;
        private static final int INVERSE = BigInteger.valueOf(0x01000193)
                .modInverse(BigInteger.ONE.shiftLeft(32))
                .intValue();

        static final List<String> MEMBERS = members();

        private static List<String> members() {
            long[] beginnings = new long[TEXTS];
            long[] endings = new long[TEXTS];
            for (int i = 0; i < TEXTS; i++) {
                byte[] text = text(i);
                beginnings[i] = (long) JsonStrings.hash(text, 0, text.length, true, false) << 32 | i;
                int before = 0;
                for (int c = text.length - 1; c >= 0; c--) {
                    before = before * INVERSE ^ text[c];
                }
                endings[i] = (long) before << 32 | i;
            }
            Arrays.sort(beginnings);
            Arrays.sort(endings);
            List<String> members = new ArrayList<>();
            for (int b = 0, e = 0; b < TEXTS && e < TEXTS; ) {
                int order = Long.compare(beginnings[b] >> 32, endings[e] >> 32);
                if (order == 0) {
                    members.add("\"" + new String(text((int) beginnings[b]), StandardCharsets.US_ASCII)
                            + new String(text((int) endings[e]), StandardCharsets.US_ASCII) + "\":1");
                }
                b += order <= 0 ? 1 : 0;
                e += order >= 0 ? 1 : 0;
            }
            return members;
        }

        private static byte[] text(int number) {
            byte[] text = new byte[4];
            for (int i = 0; i < text.length; i++) {
                text[i] = (byte) ('`' + (number >> 5 * i & 31));
            }
            return text;
        }
    }

    @Nested
    class Limits {

        @Test
        void acceptsAMessageOfTheLargestSizeAndRefusesOneByteMore() {
            byte[] message = utf8(holding("\"" + "x".repeat(10) + "\""));
            MessageLimits limits = SMALL.withMaxBytes(message.length);
            assertThat(parse(message, limits).size()).isEqualTo(message.length);

            MalformedMessageException refusal = refusal(message, SMALL.withMaxBytes(message.length - 1));

            assertThat(refusal.kind()).isEqualTo(Kind.TOO_LARGE);
            assertThat(refusal.getMessage())
                    .contains("has " + message.length + " bytes, at most " + (message.length - 1) + " are allowed");
        }

        @Test
        void looksAtTheSizeBeforeAnythingElse() {
            assertThat(refusal(new byte[201], SMALL).kind()).isEqualTo(Kind.TOO_LARGE);
        }

        @ParameterizedTest
        @ValueSource(strings = {"[", "{\"a\":", "[{\"b\":"})
        void acceptsTheLargestDepthAndRefusesOneMore(String opening) {
            // The message and its params are two levels of the eight.
            String deepest = nest(opening, 6);
            assertThat(parse(utf8(holding(deepest)), SMALL)).isInstanceOf(Request.class);

            MalformedMessageException refusal = refusal(utf8(holding(nest(opening, 7))), SMALL);

            assertThat(refusal.kind()).isEqualTo(Kind.BEYOND_LIMIT);
            assertThat(refusal.getMessage()).contains("nested more than 8 deep");
        }

        @Test
        void refusesExcessiveDepthWithoutTheRestOfIt() {
            assertThat(refusal(utf8("{\"a\":" + "[".repeat(190)), SMALL).kind()).isEqualTo(Kind.BEYOND_LIMIT);
        }

        @Test
        void readsTheDeepestNestingThatCanBeConfigured() {
            MessageLimits limits = MessageLimits.forClients().withMaxDepth(MessageLimits.MAX_CONFIGURABLE_DEPTH);

            assertThat(parse(utf8(holding(nest("[", 998))), limits)).isInstanceOf(Request.class);
            assertThat(refusal(utf8(holding(nest("[", 999))), limits).kind()).isEqualTo(Kind.BEYOND_LIMIT);
        }

        @Test
        void countsDepthAnewForEverySibling() {
            assertThat(parse(utf8(holding("[" + nest("[", 5) + "," + nest("[", 5) + "]")), SMALL))
                    .isInstanceOf(Request.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"x", "\u00e4", "\uD83D\uDE00", "\\n", "\\u00e4"})
        void measuresAStringInBytesAsWritten(String piece) {
            int size = utf8(piece).length;
            String longest = piece.repeat(20 / size) + "x".repeat(20 % size);
            assertThat(parse(utf8(holding("\"" + longest + "\"")), SMALL)).isInstanceOf(Request.class);

            MalformedMessageException refusal = refusal(utf8(holding("\"" + longest + "x\"")), SMALL);

            assertThat(refusal.kind()).isEqualTo(Kind.BEYOND_LIMIT);
            assertThat(refusal.getMessage()).contains("a string has more than 20 bytes");
            assertThat(refusal.offset()).isEqualTo(offsetHeld() + 1 + 20);
        }

        @Test
        void acceptsTheLongestNameAndRefusesOneByteMore() {
            assertThat(parse(utf8(holding("{\"" + "n".repeat(12) + "\":1}")), SMALL))
                    .isInstanceOf(Request.class);

            MalformedMessageException refusal = refusal(utf8(holding("{\"" + "n".repeat(13) + "\":1}")), SMALL);

            assertThat(refusal.kind()).isEqualTo(Kind.BEYOND_LIMIT);
            assertThat(refusal.getMessage()).contains("a member name has more than 12 bytes");
        }

        @ParameterizedTest
        @ValueSource(strings = {"1234567890", "-123456789", "-1.5678e+9", "0.12345678", "1e99999999"})
        void acceptsTheLongestNumberAndRefusesOneDigitMore(String longest) {
            assertThat(parse(utf8(holding(longest)), SMALL)).isInstanceOf(Request.class);

            MalformedMessageException refusal = refusal(utf8(holding(longest + "1")), SMALL);

            assertThat(refusal.kind()).isEqualTo(Kind.BEYOND_LIMIT);
            assertThat(refusal.getMessage()).contains("a number has more than 10 characters");
        }

        @ParameterizedTest
        @CsvSource({"string, 1048000", "depth, 62", "name, 4096", "number, 1000"})
        void servesClientsUpToTheDocumentedLimits(String what, int most) {
            assertThat(accepts(utf8(holding(ofSize(what, most))))).isTrue();
        }

        @ParameterizedTest
        @CsvSource({
            "string, 1048576, TOO_LARGE",
            "depth, 63, BEYOND_LIMIT",
            "name, 4097, BEYOND_LIMIT",
            "number, 1001, BEYOND_LIMIT"
        })
        void refusesClientsBeyondTheDocumentedLimits(String what, int tooMuch, Kind kind) {
            assertThat(refusal(holding(ofSize(what, tooMuch))).kind()).isEqualTo(kind);
        }

        @Test
        void readsManyMembersInEveryPart() {
            StringBuilder members = new StringBuilder();
            IntStream.range(0, 3000).forEach(i -> members.append("\"n" + i + "\":" + i + ","));
            members.append("\"last\":0");
            Message message =
                    parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{" + members + ",\"_meta\":{" + members + "}}}");

            assertThat(message.get(Part.RESULT, "n2999").orElseThrow().toJson()).isEqualTo("2999");
            assertThat(message.get(Part.RESULT_META, "n1234").orElseThrow().toJson())
                    .isEqualTo("1234");
            assertThat(message.get(Part.RESULT_META, "last").orElseThrow().toJson())
                    .isEqualTo("0");
        }

        private static String ofSize(String what, int size) {
            return switch (what) {
                case "string" -> "\"" + "x".repeat(size) + "\"";
                case "depth" -> nest("[", size);
                case "name" -> "{\"" + "n".repeat(size) + "\":1}";
                default -> "1".repeat(size);
            };
        }

        private static String nest(String opening, int depth) {
            StringBuilder nested = new StringBuilder();
            int levels = 0;
            for (int i = 0; levels < depth; i = (i + 1) % opening.length()) {
                char c = opening.charAt(i);
                if (c == '[' || c == '{') {
                    levels++;
                    nested.append(c == '{' ? "{\"a\":" : "[");
                }
            }
            nested.append('1');
            for (int i = nested.length() - 1; i >= 0; i--) {
                if (nested.charAt(i) == '[' || nested.charAt(i) == '{') {
                    nested.append(nested.charAt(i) == '[' ? ']' : '}');
                }
            }
            return nested.toString();
        }
    }

    @Nested
    class LineBreaks {

        @ParameterizedTest
        @ValueSource(strings = {"\n", "\r", "\r\n"})
        void areNoticedAtEveryPlaceBetweenTokens(String lineBreak) {
            String spots = "@{@\"jsonrpc\"@:@\"2.0\"@,@\"method\"@:@\"m\"@,@\"params\"@:@{@}@,@\"x\"@:@[@1@,@[@]@]@}@";
            int places = spots.length() - spots.replace("@", "").length();
            for (int place = 0; place < places; place++) {
                assertThat(parse(keepOnly(spots, place, lineBreak)).envelope.hasLineBreaks)
                        .as("place %s", place)
                        .isTrue();
            }
        }

        @Test
        void areNotSeenWhereThereAreNone() {
            assertThat(parse(" {\"jsonrpc\":\t\"2.0\", \"method\":\"a\\nb\\r\\u000a\u2028\u0085\"} ")
                            .envelope
                            .hasLineBreaks)
                    .isFalse();
        }

        private static String keepOnly(String spots, int place, String lineBreak) {
            StringBuilder text = new StringBuilder();
            int seen = 0;
            for (int i = 0; i < spots.length(); i++) {
                if (spots.charAt(i) != '@') {
                    text.append(spots.charAt(i));
                } else if (seen++ == place) {
                    text.append(lineBreak);
                }
            }
            return text.toString();
        }
    }

    @Nested
    @Incident("S158")
    class Hints {

        static Stream<Arguments> bodies() {
            String json = "{\"jsonrpc\":\"2.0\",\"method\":\"m\"}";
            return Stream.of(
                    arguments("nothing", new byte[0], "the body is empty"),
                    arguments("white space", utf8(" \r\n\t"), "the body holds nothing but white space"),
                    arguments("HTML", utf8("<!DOCTYPE html><html>"), "the body is HTML or XML, not JSON"),
                    arguments("HTML after a line", utf8("\n  <html>"), "the body is HTML or XML, not JSON"),
                    arguments("UTF-8 BOM", utf8("\uFEFF" + json), "begins with a byte order mark; send plain UTF-8"),
                    arguments("UTF-16 BOM", json.getBytes(StandardCharsets.UTF_16), "is UTF-16; send UTF-8"),
                    arguments(
                            "UTF-16 LE BOM",
                            ("\uFEFF" + json).getBytes(StandardCharsets.UTF_16LE),
                            "is UTF-16; send UTF-8"),
                    arguments("UTF-16 BE", json.getBytes(StandardCharsets.UTF_16BE), "is UTF-16 or UTF-32; send UTF-8"),
                    arguments("UTF-16 LE", json.getBytes(StandardCharsets.UTF_16LE), "is UTF-16 or UTF-32; send UTF-8"),
                    arguments(
                            "UTF-32 BE", json.getBytes(Charset.forName("UTF-32BE")), "is UTF-16 or UTF-32; send UTF-8"),
                    arguments("a quoted body", utf8("'" + json + "'"), "a single quote; is this a shell's quoting?"),
                    arguments("quoted names", utf8("{'jsonrpc':'2.0'}"), "a single quote; is this a shell's quoting?"),
                    arguments(
                            "quoted values", utf8("{\"jsonrpc\":'2.0'}"), "a single quote; is this a shell's quoting?"),
                    arguments(
                            "quotes that the shell ate",
                            utf8("{jsonrpc:2.0}"),
                            "expected a member name in double quotes"),
                    arguments("a form", utf8("jsonrpc=2.0"), "the body does not begin with '{'"),
                    arguments("a number", utf8("42"), "the body does not begin with '{'"),
                    arguments("a string", utf8("\"text\""), "the body does not begin with '{'"));
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("bodies")
        void tellWhatTheBodyLooksLike(String what, byte[] body, String hint) {
            MalformedMessageException refusal = refusal(body);

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_JSON);
            assertThat(refusal.kind().code()).isEqualTo(ErrorCodes.PARSE_ERROR);
            assertThat(refusal.getMessage()).contains(hint);
        }

        @ParameterizedTest
        @ValueSource(strings = {"[]", "[{\"jsonrpc\":\"2.0\",\"method\":\"m\"}]", " [1", "["})
        @Incident("S161")
        void tellThatABatchIsNotAllowed(String batch) {
            MalformedMessageException refusal = refusal(batch);

            assertThat(refusal.kind()).isEqualTo(Kind.BATCH);
            assertThat(refusal.kind().code()).isEqualTo(ErrorCodes.INVALID_REQUEST);
            assertThat(refusal.getMessage()).contains("a batch (JSON array) was sent; send one message per request");
        }

        @Test
        void neverQuoteTheBody() {
            assertThat(refusal("hunter2 is the password").getMessage()).doesNotContain("hunter2");
            assertThat(refusal(holding("{\"hunter2\":1,\"hunter2\":2}")).getMessage())
                    .doesNotContain("hunter2");
            assertThat(refusal("{\"jsonrpc\":\"hunter2\"}").getMessage()).doesNotContain("hunter2");
        }
    }
}
