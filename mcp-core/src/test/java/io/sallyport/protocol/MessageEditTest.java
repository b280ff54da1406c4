package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.parse;
import static io.sallyport.protocol.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageEditTest {

    /** Number forms, escapes, order and white space that a typed round trip would lose. */
    private static final String CALL =
            " {\n  \"id\" : 1.0,\t\"params\" : { \"z\":1e3 , \"\\u006eame\":\"t\\/x\", \"_meta\" : {"
                    + " \"a\" : 1.50 , \"b\":-0 }, \"arguments\":{ \"n\" : 12345678901234567890 } } ,\r\n \"method\":\"tools/call\","
                    + "\"jsonrpc\":\"2.0\" }\n";

    private final Message call = parse(CALL);

    @Test
    void changesNothingWithoutChanges() {
        assertThat(call.edit().apply()).isSameAs(call);
    }

    @Test
    void leavesTheMessageItselfAsItWas() {
        call.edit().set(Part.MESSAGE, "id", "2").remove(Part.PARAMS, "z").apply();

        assertThat(call.toJson()).isEqualTo(CALL);
    }

    @Test
    void replacesAValueWhereItStands() {
        assertThat(call.edit().set(Part.MESSAGE, "id", "\"new\"").apply().toJson())
                .isEqualTo(CALL.replace("1.0", "\"new\""));
    }

    @Test
    void replacesAValueWhoseNameIsWrittenWithEscapes() {
        assertThat(call.edit().set(Part.PARAMS, "name", "\"server__t\"").apply().toJson())
                .isEqualTo(CALL.replace("\"t\\/x\"", "\"server__t\""));
    }

    @Test
    void replacesAValueInANestedPart() {
        assertThat(call.edit().set(Part.PARAMS_META, "b", "{\"x\":[]}").apply().toJson())
                .isEqualTo(CALL.replace("-0", "{\"x\":[]}"));
    }

    @Test
    void replacesAWholePart() {
        assertThat(call.edit().set(Part.PARAMS, "_meta", "{\"only\":1}").apply().toJson())
                .isEqualTo(CALL.replace("{ \"a\" : 1.50 , \"b\":-0 }", "{\"only\":1}"));
    }

    @Test
    void addsAMemberBehindTheLast() {
        assertThat(call.edit().set(Part.PARAMS_META, "c", "3").apply().toJson())
                .isEqualTo(CALL.replace("\"b\":-0 }", "\"b\":-0,\"c\":3 }"));
        assertThat(call.edit().set(Part.MESSAGE, "x", "3").apply().toJson())
                .isEqualTo(CALL.replace("\"2.0\" }", "\"2.0\",\"x\":3 }"));
    }

    @Test
    void addsSeveralMembersInTheOrderInWhichTheyWereSet() {
        assertThat(call.edit()
                        .set(Part.PARAMS_META, "y", "1")
                        .set(Part.PARAMS_META, "x", "2")
                        .set(Part.PARAMS_META, "y", "3")
                        .apply()
                        .toJson())
                .isEqualTo(CALL.replace("\"b\":-0 }", "\"b\":-0,\"y\":3,\"x\":2 }"));
    }

    @Test
    void quotesTheNameOfANewMember() {
        Message edited = call.edit().set(Part.PARAMS, "a\"\n\\", "1").apply();

        assertThat(edited.get(Part.PARAMS, "a\"\n\\").orElseThrow().toJson()).isEqualTo("1");
        assertThat(edited.toJson()).contains(",\"a\\\"\\n\\\\\":1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a   | { \"b\" :2 , \"c\":3 }",
                "b   | { \"a\":1 , \"c\":3 }",
                "c   | { \"a\":1 , \"b\" :2 }",
                "d   | { \"a\":1 , \"b\" :2 , \"c\":3 }",
                "a b | { \"c\":3 }",
                "b c | { \"a\":1 }",
                "a c | { \"b\" :2 }",
                "a b c | { }",
            })
    void removesMembersWithTheirCommas(String names, String left) {
        Message message = parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{ \"a\":1 , \"b\" :2 , \"c\":3 }}");
        MessageEdit edit = message.edit();
        for (String name : names.split(" ")) {
            edit.remove(Part.PARAMS, name);
        }

        String params = edit.apply().get(Part.PARAMS).orElseThrow().toJson();

        assertThat(params.replaceAll("\\s+", " ")).isEqualTo(left);
    }

    @Test
    void removesAndAddsInOneGo() {
        assertThat(call.edit()
                        .remove(Part.PARAMS_META, "a")
                        .remove(Part.PARAMS_META, "b")
                        .set(Part.PARAMS_META, "c", "3")
                        .remove(Part.PARAMS, "z")
                        .set(Part.MESSAGE, "id", "2")
                        .apply()
                        .toJson())
                .isEqualTo(CALL.replace(" \"a\" : 1.50 , \"b\":-0 }", "\"c\":3 }")
                        .replace(" \"z\":1e3 , \"\\u006eame\"", "  \"\\u006eame\"")
                        .replace("1.0", "2"));
    }

    @Test
    void lastChangeOfAMemberCounts() {
        assertThat(call.edit()
                        .set(Part.PARAMS, "z", "1")
                        .remove(Part.PARAMS, "z")
                        .set(Part.PARAMS, "z", "2")
                        .apply()
                        .toJson())
                .isEqualTo(CALL.replace("1e3", "2"));
    }

    @Test
    void addsPartsThatTheMessageDoesNotHave() {
        Message bare = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}");

        assertThat(bare.edit().set(Part.PARAMS, "a", "1").apply().toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":1}}");
        assertThat(bare.edit().set(Part.PARAMS_META, "a", "1").apply().toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"_meta\":{\"a\":1}}}");
        assertThat(bare.edit()
                        .set(Part.PARAMS_META, "a", "1")
                        .set(Part.PARAMS, "b", "2")
                        .apply()
                        .toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"b\":2,\"_meta\":{\"a\":1}}}");
    }

    @Test
    void addsAPartToAnEmptyOne() {
        Message empty = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{ }}");

        assertThat(empty.edit().set(Part.RESULT_META, "a", "1").apply().toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"_meta\":{\"a\":1} }}");
    }

    @Test
    void removingFromAPartThatIsAbsentAddsNothing() {
        String bare = "{ \"jsonrpc\":\"2.0\", \"method\":\"m\" }";

        assertThat(parse(bare)
                        .edit()
                        .remove(Part.PARAMS_META, "a")
                        .remove(Part.RESULT, "b")
                        .apply()
                        .toJson())
                .isEqualTo(bare);
    }

    @Test
    void changesPartsOfResponses() {
        Message result = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"_meta\":{\"b\":2}}}");
        Message error = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32002,\"message\":\"m\"}}");

        assertThat(result.edit()
                        .set(Part.RESULT, "resultType", "\"complete\"")
                        .remove(Part.RESULT_META, "b")
                        .apply()
                        .toJson())
                .isEqualTo(
                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"_meta\":{},\"resultType\":\"complete\"}}");
        assertThat(error.edit().set(Part.ERROR, "code", "-32602").apply().toJson())
                .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"m\"}}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "5", "[1]", "\"x\""})
    void somethingElseInThePlaceOfAPartIsReplacedOnlyIfSomethingIsSet(String notAnObject) {
        // Serializers that write absent members as null put such a _meta on results.
        String json = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"_meta\":" + notAnObject + ",\"a\":1}}";

        assertThat(parse(json).edit().set(Part.RESULT_META, "b", "2").apply().toJson())
                .isEqualTo(json.replace(notAnObject + ",\"a\"", "{\"b\":2},\"a\""));
        assertThat(parse(json).edit().remove(Part.RESULT_META, "b").apply().toJson())
                .isEqualTo(json);
    }

    @Test
    void doesNotMistakeAMemberOfTheSameNameForAPart() {
        String json =
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"_meta\":{\"a\":1},\"params\":{\"params\":{\"a\":1}}}";

        assertThat(parse(json).edit().set(Part.PARAMS, "a", "2").apply().toJson())
                .isEqualTo(json.replace("{\"params\":{\"a\":1}}", "{\"params\":{\"a\":1},\"a\":2}"));
        assertThat(parse(json).edit().remove(Part.PARAMS_META, "a").apply().toJson())
                .isEqualTo(json);
    }

    @Test
    void canTurnARequestIntoANotification() {
        assertThat(call.edit().remove(Part.MESSAGE, "id").apply()).isInstanceOf(Notification.class);
    }

    @Test
    void refusesAResultThatIsNoMessage() {
        MessageEdit edit = call.edit().remove(Part.MESSAGE, "method");

        assertThatIllegalArgumentException().isThrownBy(edit::apply).withMessageContaining("\"method\" is missing");
    }

    @Test
    void refusesANewMemberThatDiffersFromAnotherInCaseOnly() {
        MessageEdit edit = call.edit().set(Part.PARAMS, "Z", "1");

        assertThatIllegalArgumentException().isThrownBy(edit::apply).withMessageContaining("stands twice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "x",
                "1,",
                "1,\"injected\":2",
                "1}",
                "1},\"params\":{",
                "{",
                "\"open",
                "\"a\":1",
                "01",
                "1 2",
                "'x'",
                "{\"a\":1,\"a\":2}",
                "\u00a01",
                "\u00001",
                "NaN"
            })
    void refusesAValueThatIsNotOneJsonValue(String json) {
        MessageEdit edit = call.edit();

        assertThatIllegalArgumentException().isThrownBy(() -> edit.set(Part.PARAMS, "a", json));
    }

    @Test
    void takesAValueWithoutTheWhiteSpaceAroundIt() {
        assertThat(call.edit().set(Part.MESSAGE, "id", " \n2\t").apply().toJson())
                .isEqualTo(CALL.replace("1.0", "2"));
    }

    @Test
    void refusesToChangeAPartAsAWholeAndWithin() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.edit().set(Part.PARAMS_META, "a", "1").set(Part.PARAMS, "_meta", "{}"))
                .withMessageContaining("\"_meta\" is changed as a whole and also within");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.edit().remove(Part.PARAMS, "_meta").set(Part.PARAMS_META, "a", "1"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.edit().remove(Part.MESSAGE, "params").set(Part.PARAMS_META, "a", "1"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.edit().set(Part.PARAMS_META, "a", "1").remove(Part.MESSAGE, "params"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> call.edit().remove(Part.RESULT_META, "a").set(Part.MESSAGE, "result", "{}"));
    }

    @Test
    void wholePartAndItsNeighboursMayBothChange() {
        assertThat(call.edit()
                        .remove(Part.PARAMS, "_meta")
                        .remove(Part.PARAMS, "z")
                        .set(Part.MESSAGE, "_meta", "1")
                        .apply()
                        .get(Part.PARAMS)
                        .orElseThrow()
                        .members())
                .containsOnlyKeys("name", "arguments");
    }

    @Test
    void keepsCharactersBeyondAscii() {
        String json = "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"\u00e4\":\"\uD83D\uDE00\",\"p\":1}";
        Message edited = parse(json).edit().set(Part.MESSAGE, "p", "\"\u20ac\"").apply();

        assertThat(edited.toJson()).isEqualTo(json.replace("1}", "\"\u20ac\"}"));
        assertThat(edited.size()).isEqualTo(utf8(edited.toJson()).length);
    }

    @Test
    @SuppressWarnings("NullAway") // That is what is tested.
    void refusesNull() {
        MessageEdit edit = call.edit();

        assertThatNullPointerException().isThrownBy(() -> edit.set(Part.PARAMS, "a", null));
        assertThatNullPointerException().isThrownBy(() -> edit.set(Part.PARAMS, null, "1"));
        assertThatNullPointerException().isThrownBy(() -> edit.remove(Part.PARAMS, null));
    }
}
