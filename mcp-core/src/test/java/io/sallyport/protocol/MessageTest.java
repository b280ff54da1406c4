package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.holding;
import static io.sallyport.protocol.Wire.parse;
import static io.sallyport.protocol.Wire.refusal;
import static io.sallyport.protocol.Wire.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.protocol.MalformedMessageException.Kind;
import io.sallyport.testing.Incident;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {

    static Stream<String> legalIds() {
        return Stream.of(
                "0",
                "-0",
                "-1",
                "1",
                "1.0",
                "1.50",
                "1e3",
                "1E+3",
                "-1.5e-7",
                "9007199254740993", // 2^53 + 1, which a double cannot hold
                "9223372036854775808",
                "123456789012345678901234567890.000",
                "1e999999",
                "\"\"",
                "\"1\"",
                "\" \"",
                "\"a b\"",
                "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                "\"\\u0041\\u00e4\\u00E4\\ud83d\\ude00\"",
                "\"half a pair \\ud83d\"",
                "\"\u00e4\u20ac\uD83D\uDE00\u2028\u007F\"",
                "\"" + "x".repeat(100_000) + "\"",
                "1".repeat(1000));
    }

    @Nested
    class Ids {

        static Stream<String> legalIds() {
            return MessageTest.legalIds();
        }

        @ParameterizedTest
        @MethodSource("legalIds")
        void areEchoedByteForByteInResults(String id) {
            Request request = (Request) parse("{\"jsonrpc\":\"2.0\" , \"id\" : " + id + " , \"method\":\"ping\"}");

            assertThat(request.id().token()).isEqualTo(id);
            assertThat(Response.result(request.id(), Map.of()).toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{}}");
        }

        @ParameterizedTest
        @MethodSource("legalIds")
        void areEchoedByteForByteInErrors(String id) {
            Request request = (Request) parse("{\"id\":" + id + ",\"method\":\"ping\",\"jsonrpc\":\"2.0\"}");

            Response error = Response.error(request.id(), McpError.of(ErrorCodes.METHOD_NOT_FOUND, "no"));

            assertThat(error.toJson())
                    .isEqualTo(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":{\"code\":-32601,\"message\":\"no\"}}");
            assertThat(error.id()).hasValue(request.id());
        }

        @ParameterizedTest
        @MethodSource("legalIds")
        void areFoundInAnswers(String id) {
            Response response = (Response) parse("{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":" + id + "}");

            assertThat(response.id()).hasValue(new RequestId(id));
        }

        @ParameterizedTest
        @MethodSource("legalIds")
        void canBeGivenToAMessageAndTakenBack(String id) {
            String json = "{\"jsonrpc\":\"2.0\", \"id\":7, \"method\":\"m\", \"x\":1.0}";
            Request request = (Request) parse(json);

            Request renamed = request.withId(new RequestId(id));

            assertThat(renamed.id().token()).isEqualTo(id);
            assertThat(renamed.toJson()).isEqualTo(json.replace("7", id));
            assertThat(renamed.withId(request.id()).toJson()).isEqualTo(json);
        }

        @Test
        void ofAnswersCanBeReplacedToo() {
            Response response = (Response) parse("{\"jsonrpc\":\"2.0\",\"id\":\"up-1\",\"result\":{\"n\":1.0}}");

            assertThat(response.withId(new RequestId("\"client\"")).toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"client\",\"result\":{\"n\":1.0}}");
        }

        @ParameterizedTest
        @ValueSource(strings = {"null", "true", "false", "{}", "[]", "[1]", "{\"id\":1}"})
        @Incident("S161")
        void ofNoLegalFormAreRefused(String id) {
            MalformedMessageException refusal = refusal("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"m\"}");

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_A_MESSAGE);
            assertThat(refusal.getMessage()).contains("\"id\" must be a string or a number");
            assertThat(refusal.id()).isEmpty();
        }

        @Test
        void areToldApartByTheirTokens() {
            assertThat(new RequestId("1")).isEqualTo(RequestId.of(1)).isNotEqualTo(new RequestId("1.0"));
            assertThat(new RequestId("1")).isNotEqualTo(new RequestId("\"1\""));
        }
    }

    @Nested
    class Kinds {

        @Test
        void requestHasMethodAndId() {
            Request request = (Request) parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");

            assertThat(request.method()).isEqualTo("tools/list");
            assertThat(request.id()).isEqualTo(RequestId.of(1));
        }

        @Test
        void notificationHasAMethodAndNoId() {
            Notification notification = (Notification) parse("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}");

            assertThat(notification.method()).isEqualTo("notifications/x");
        }

        @Test
        void responseHasAResult() {
            Response response = (Response) parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");

            assertThat(response.isError()).isFalse();
            assertThat(response.errorCode()).isZero();
        }

        @Test
        void responseHasAnError() {
            Response response =
                    (Response) parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"no\"}}");

            assertThat(response.isError()).isTrue();
            assertThat(response.errorCode()).isEqualTo(-32601);
            assertThat(response.id()).hasValue(RequestId.of(1));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "\"id\":null,"})
        void errorMayLackAnId(String id) {
            Response response =
                    (Response) parse("{\"jsonrpc\":\"2.0\"," + id + "\"error\":{\"code\":1,\"message\":\"\"}}");

            assertThat(response.id()).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({
            "-32700, -32700",
            "0, 0",
            "-3.2e4, -32000",
            "50300.0, 50300",
            "2147483647, 2147483647",
            "-2147483648, -2147483648",
            // Cut to 32 bits these would be -32601 and 0, which somebody else has defined.
            "4294934695, -32603",
            "4294967296, -32603",
            "2147483648, -32603",
            "9223372036854775807, -32603"
        })
        void errorCodeIsReadWithoutCuttingItShort(String written, int code) {
            Response response = (Response)
                    parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" + written + ",\"message\":\"\"}}");

            assertThat(response.errorCode()).isEqualTo(code);
        }

        @Test
        void membersMayStandInAnyOrderAndBeWrittenWithEscapes() {
            Request request = (Request)
                    parse(
                            "{\"params\":{\"n\\u0061me\":\"x\"},\"m\\u0065thod\":\"t\\u006fols/call\",\"\\u0069d\":1,\"jsonrpc\":\"\\u0032.0\"}");

            assertThat(request.method()).isEqualTo("tools/call");
            assertThat(request.id()).isEqualTo(RequestId.of(1));
            assertThat(request.getString(Part.PARAMS, "name")).hasValue("x");
        }

        @Test
        void unknownMembersAreNoReasonToRefuse() {
            assertThat(parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"extra\":[1],\"trace\":null}"))
                    .isInstanceOf(Notification.class);
        }
    }

    @Nested
    @Incident("S161")
    class Refusals {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{}                                                          | \"jsonrpc\" must be \"2.0\"",
                    "{\"id\":1,\"method\":\"m\"}                                 | \"jsonrpc\" must be \"2.0\"",
                    "{\"jsonrpc\":2.0,\"method\":\"m\"}                          | \"jsonrpc\" must be \"2.0\"",
                    "{\"jsonrpc\":\"1.0\",\"method\":\"m\"}                      | \"jsonrpc\" must be \"2.0\"",
                    "{\"jsonrpc\":\"2.0 \",\"method\":\"m\"}                     | \"jsonrpc\" must be \"2.0\"",
                    "{\"jsonrpc\":null,\"method\":\"m\"}                         | \"jsonrpc\" must be \"2.0\"",
                    "{\"jsonrpc\":\"2.0\"}                                       | \"method\" is missing",
                    "{\"jsonrpc\":\"2.0\",\"id\":1}                              | \"method\" is missing",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"params\":{}}                | \"method\" is missing",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}                 | \"method\" must be a string that is not empty",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}              | \"method\" must be a string that is not empty",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}              | \"method\" must be a string that is not empty",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}       | \"params\" must be an object",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":null}      | \"params\" must be an object",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":\"x\"}     | \"params\" must be an object",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"_meta\":1}}  | \"_meta\" must be an object",
                    "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"_meta\":[]}} | \"_meta\" must be an object",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":{}}    | exclude each other",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"error\":{}}     | exclude each other",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1,\"message\":\"\"}} | exclude each other",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}                 | must be objects",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}              | must be objects",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"x\"}              | must be objects",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}                 | \"error\" needs an integer \"code\" and a string \"message\"",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}       | \"error\" needs an integer",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"message\":\"\"}} | \"error\" needs an integer",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"\"}} | \"error\" needs an integer",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1.5,\"message\":\"\"}}   | \"error\" needs an integer",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":1}}        | \"error\" needs an integer",
                    "{\"jsonrpc\":\"2.0\",\"result\":{}}                         | a result needs the \"id\" of its request",
                    "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}             | a result needs the \"id\" of its request",
                    "{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{\"code\":1,\"message\":\"\"}}    | \"id\" must be a string, a number or null",
                    "{\"jsonrpc\":\"2.0\",\"id\":true,\"error\":{\"code\":1,\"message\":\"\"}}  | \"id\" must be a string, a number or null",
                })
        void nameTheMemberThatIsMissingOrWrong(String message, String reason) {
            MalformedMessageException refusal = refusal(message);

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_A_MESSAGE);
            assertThat(refusal.kind().code()).isEqualTo(ErrorCodes.INVALID_REQUEST);
            assertThat(refusal.getMessage()).contains(reason);
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"m\"}                                | jsonrpc",
                    "{\"jsonrpc\":\"2.0\",\"ID\":1,\"method\":\"m\"}                                | id",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"m\"}                                | method",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"Params\":{}}                  | params",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"param\u017F\":{}}             | params",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"\\u0050arams\":{}}            | params",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"Result\":{}}                                   | result",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"Error\":{}}                                    | error",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"Name\":\"x\"}}    | name",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"Arguments\":{}}}  | arguments",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"URI\":\"x\"}}     | uri",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"tas\u212AId\":1}} | taskId",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"_Meta\":{}}}      | _meta",
                })
        void coverNamesThatAPeerMightMatchRegardlessOfCase(String message, String name) {
            MalformedMessageException refusal = refusal(message);

            assertThat(refusal.kind()).isEqualTo(Kind.NOT_A_MESSAGE);
            assertThat(refusal.getMessage()).contains("a member is named like \"" + name + "\", but for its case");
        }

        @Test
        void doNotCoverSuchNamesWhereNobodyJudgesThem() {
            assertThat(parse(holding("{\"Method\":1,\"Name\":2,\"ID\":3}"))).isInstanceOf(Request.class);
            assertThat(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"Name\":1,\"Error\":2}}"))
                    .isInstanceOf(Response.class);
        }

        @Test
        void carryTheIdWhereItCouldBeRead() {
            assertThat(refusal("{\"id\":\"x\\n1\",\"method\":\"m\"}").id()).hasValue(new RequestId("\"x\\n1\""));
            assertThat(refusal("{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":1}").id())
                    .hasValue(new RequestId("1.0"));
            assertThat(refusal("{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"m\"}")
                            .id())
                    .hasValue(RequestId.of(1));
            assertThat(refusal("{\"jsonrpc\":\"2.0\",\"method\":1}").id()).isEmpty();
            assertThat(refusal("{\"jsonrpc\":\"2.0\",\"id\":1,").id()).isEmpty();
        }

        @Test
        void pointAtTheMemberThatIsWrong() {
            String message = "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}";

            assertThat(refusal(message).offset()).isEqualTo(message.indexOf('['));
        }

        @Test
        void haveNoStackTrace() {
            // The sender's fault, not ours: filling one in would be the dearest part of refusing.
            assertThat(refusal("{}").getStackTrace()).isEmpty();
        }
    }

    @Nested
    class OneLine {

        @Test
        void keepsAMessageThatIsOnOneLineAlready() {
            Message message = parse("{\"jsonrpc\": \"2.0\", \"method\":\"a\\nb\"}");

            assertThat(message.onOneLine()).isSameAs(message);
        }

        @Test
        void turnsEachLineBreakIntoASpace() {
            Message message =
                    parse("\r\n{\n\"jsonrpc\":\r\"2.0\",\r\n\"method\":\"a\\nb\",\"params\":{\"x\":[1,\n2]}\n}\n");

            assertThat(message.onOneLine().toJson())
                    .isEqualTo("  { \"jsonrpc\": \"2.0\",  \"method\":\"a\\nb\",\"params\":{\"x\":[1, 2]} } ");
        }

        @Test
        void leavesTheOriginalAsItWas() {
            String json = "{\"jsonrpc\":\"2.0\",\n\"method\":\"m\"}";
            Message message = parse(json);

            message.onOneLine();

            assertThat(message.toJson()).isEqualTo(json);
        }

        @Test
        void hidesNoSecondMessage() {
            // What a line reader would take for a call of its own.
            Message message = parse(holding(
                    "[\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}\n]"));

            assertThat(message.onOneLine().toJson().lines()).hasSize(1);
        }

        @Test
        void servesWhatWasAcceptedUnderWiderLimitsThanTheDefaults() {
            MessageLimits wide = new MessageLimits(10_000_000, 1000, 10_000_000, 10_000_000, 10_000_000);
            byte[] message = utf8("\n"
                    + holding("{\"" + "n".repeat(200_000) + "\":" + "1".repeat(5000) + ",\"d\":" + "[".repeat(997)
                            + "]".repeat(997) + "}"));

            assertThat(parse(message, wide).onOneLine().size()).isEqualTo(message.length);
            assertThat(((Request) parse(message, wide)).withId(RequestId.of(2)).size())
                    .isEqualTo(message.length);
        }
    }

    @Nested
    class Looking {

        private final Message message = parse(
                " { \"jsonrpc\" : \"2.0\" , \"id\" : 1 , \"method\" : \"tools/call\" , \"params\" : { \"name\" : \"t\" ,"
                        + " \"_meta\" : { \"progressToken\" : 7 } , \"arguments\" : { \"name\" : \"inner\" } } } ");

        @Test
        void findsMembersOfEveryPart() {
            assertThat(message.getString(Part.MESSAGE, "method")).hasValue("tools/call");
            assertThat(message.getString(Part.PARAMS, "name")).hasValue("t");
            assertThat(message.get(Part.PARAMS_META, "progressToken")
                            .orElseThrow()
                            .asLong())
                    .hasValue(7);
        }

        @Test
        void findsWholeParts() {
            assertThat(message.get(Part.MESSAGE).orElseThrow().toJson())
                    .isEqualTo(message.toJson().strip());
            assertThat(message.get(Part.PARAMS_META).orElseThrow().toJson()).isEqualTo("{ \"progressToken\" : 7 }");
            assertThat(message.get(Part.RESULT)).isEmpty();
            assertThat(message.get(Part.RESULT_META)).isEmpty();
        }

        @Test
        void findsNothingElse() {
            assertThat(message.get(Part.PARAMS, "Name")).isEmpty();
            assertThat(message.get(Part.MESSAGE, "name")).isEmpty();
            assertThat(message.get(Part.RESULT, "name")).isEmpty();
            assertThat(message.getString(Part.PARAMS, "arguments")).isEmpty();
        }

        @Test
        void findsPartsOfResponses() {
            Message result = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"_meta\":{\"b\":2}}}");
            Message error =
                    parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"m\",\"data\":{}}}");

            assertThat(result.get(Part.RESULT, "a").orElseThrow().toJson()).isEqualTo("1");
            assertThat(result.get(Part.RESULT_META, "b").orElseThrow().toJson()).isEqualTo("2");
            assertThat(error.getString(Part.ERROR, "message")).hasValue("m");
        }

        @Test
        void tellsABackslashFromAnEscape() {
            // The name is written a\n and means two characters; three characters look the same as its bytes.
            Message escaped = parse("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"a\\n\":1}");

            assertThat(escaped.get(Part.MESSAGE, "a\n")).isPresent();
            assertThat(escaped.get(Part.MESSAGE, "a\\n")).isEmpty();
        }
    }

    @Nested
    class Bytes {

        private final byte[] bytes = utf8(" {\"jsonrpc\":\"2.0\",\"method\":\"\u00e4\", \"n\":1.0}\n");
        private final Message message = parse(bytes, MessageLimits.forClients());

        @Test
        void leaveAsTheyCame() throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();

            message.writeTo(out);

            assertThat(out.toByteArray()).isEqualTo(bytes);
            assertThat(message.asByteBuffer()).isEqualTo(ByteBuffer.wrap(bytes));
            assertThat(utf8(message.toJson())).isEqualTo(bytes);
            assertThat(message.size()).isEqualTo(bytes.length);
        }

        @Test
        void cannotBeChangedThroughTheView() {
            assertThatExceptionOfType(ReadOnlyBufferException.class)
                    .isThrownBy(() -> message.asByteBuffer().put(0, (byte) 'x'));
        }

        @Test
        void showInNoLogOfAMessage() {
            assertThat(parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"s\":\"hunter2\"}}")
                            .toString())
                    .isEqualTo("Request[\"m\", id=1, 62 bytes]");
            assertThat(message.toString()).isEqualTo("Notification[\"\u00e4\", " + bytes.length + " bytes]");
            assertThat(Response.result(RequestId.of(1), Map.of("s", "hunter2")).toString())
                    .startsWith("Response[result, id=1, ")
                    .doesNotContain("hunter2");
            assertThat(Response.error(null, McpError.of(7, "hunter2")).toString())
                    .startsWith("Response[error 7, id=null, ")
                    .doesNotContain("hunter2");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"jsonrpc\":\"2.0\",\"method\":\"a\\nERROR forged\"}",
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\nERROR forged\"}"
                })
        void forgeNoLineOfALog(String json) {
            assertThat(parse(json).toString().lines()).hasSize(1);
        }
    }

    @Nested
    class MadeHere {

        @Test
        void requestsNotificationsAndResponsesHaveTheExpectedBytes() {
            assertThat(Request.of(RequestId.of(1), "a\"b", null).toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\\"b\"}");
            assertThat(Request.of(RequestId.of(1), "m", Map.of("l", List.of(1, 2)))
                            .toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"l\":[1,2]}}");
            assertThat(Notification.of("m", null).toJson()).isEqualTo("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}");
            assertThat(Notification.of("m", Map.of()).toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}");
            assertThat(Response.resultJson(RequestId.of(1), " {\"n\":1.0} ").toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\": {\"n\":1.0} }");
            assertThat(Response.error(null, McpError.of(ErrorCodes.PARSE_ERROR, "x"))
                            .toJson())
                    .isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"x\"}}");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "1",
                    "[]",
                    "null",
                    "{",
                    "{}}",
                    "{},\"x\":1",
                    "{},\"id\":2",
                    "{}} {\"a\":{}",
                    "{}, \"error\":{}",
                    "{}\u0000"
                })
        void resultIsOneObjectAndNothingBesideIt(String json) {
            assertThatIllegalArgumentException().isThrownBy(() -> Response.resultJson(RequestId.of(1), json));
        }

        @Test
        void errorKeepsTheOrderOfItsDataAndItsNulls() {
            Map<String, Object> data = new LinkedHashMap<>();
            List.of("zeta", "alpha", "mid", "beta", "omega").forEach(name -> data.put(name, null));
            McpError error = new McpError(1, "m", data);
            data.put("later", 1);

            assertThat(Response.error(RequestId.of(1), error).toJson())
                    .endsWith("\"error\":{\"code\":1,\"message\":\"m\",\"data\":{\"zeta\":null,\"alpha\":null,"
                            + "\"mid\":null,\"beta\":null,\"omega\":null}}}");
        }

        @Test
        void textThatIsNoMessageIsRefused() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Message.of("{}"))
                    .withMessageContaining("not a message")
                    .withMessageContaining("jsonrpc");
            assertThatIllegalArgumentException().isThrownBy(() -> Request.of(RequestId.of(1), "", null));
        }

        @Test
        void textIsNotBoundBySizesThatHoldForPeers() {
            String large = "x".repeat(5 * 1024 * 1024);

            assertThat(Notification.of("m", Map.of("s", large)).size()).isGreaterThan(large.length());
        }
    }

    @Nested
    class Faults {

        @Test
        void eachKindHasItsCode() {
            assertThat(Arrays.stream(Kind.values()).filter(kind -> kind.code() == ErrorCodes.PARSE_ERROR))
                    .containsExactly(Kind.NOT_JSON);
            assertThat(Arrays.stream(Kind.values()).filter(kind -> kind.code() == ErrorCodes.INVALID_REQUEST))
                    .containsExactlyInAnyOrder(Kind.NOT_A_MESSAGE, Kind.BATCH, Kind.TOO_LARGE, Kind.BEYOND_LIMIT);
        }

        @Test
        void ourOwnCodesLieOutsideTheRangesOfOthers() {
            assertThat(List.of(
                            ErrorCodes.RATE_LIMITED,
                            ErrorCodes.FORBIDDEN,
                            ErrorCodes.UPSTREAM_UNAVAILABLE,
                            ErrorCodes.OVERLOADED,
                            ErrorCodes.DEADLINE_EXCEEDED,
                            ErrorCodes.OUTCOME_UNKNOWN,
                            ErrorCodes.UPSTREAM_STATE_LOST))
                    .doesNotHaveDuplicates()
                    .allMatch(code -> code < -32768 || code > -32000);
        }
    }
}
