package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.parse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.sallyport.protocol.EraClassifier.Legacy;
import io.sallyport.protocol.EraClassifier.Modern;
import io.sallyport.protocol.EraClassifier.Outcome;
import io.sallyport.protocol.EraClassifier.Refused;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EraClassifierTest {

    private static final String MODERN = ProtocolVersion.V2026_07_28;
    private static final String VERSION_KEY = "\"io.modelcontextprotocol/protocolVersion\"";
    private static final String CAPABILITIES_KEY = "\"io.modelcontextprotocol/clientCapabilities\"";
    private static final String ENVELOPE = VERSION_KEY + ":\"2026-07-28\"," + CAPABILITIES_KEY + ":{}";

    private static final String INVALID_PARAMS = "400 -32602";
    private static final String MISMATCH = "400 -32020";
    private static final String UNSUPPORTED = "400 -32022";

    /** The classifier's rows of the protocol reference: what is posted, with which headers, and what becomes of it. */
    static Stream<Arguments> table() {
        return Stream.of(
                // JSON-RPC response posted: legacy session traffic.
                row("result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "", "legacy"),
                row("result, modern header", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", version(MODERN), "legacy"),
                row("error", "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"\"}}", "", "legacy"),

                // initialize without a valid modern envelope: legacy, unless a modern header contradicts.
                row("initialize", initialize(""), "", "legacy"),
                row("initialize, legacy header", initialize(""), version("2025-11-25"), "legacy"),
                row("initialize, header of no revision", initialize(""), version("draft"), "legacy"),
                row("initialize, modern header", initialize(""), version(MODERN), MISMATCH),
                row("initialize, later header", initialize(""), version("2027-01-01"), MISMATCH),
                row("initialize, asks for modern", initialize("", "2026-07-28"), "", "legacy"),
                row("initialize, version alone", initialize(VERSION_KEY + ":\"2026-07-28\""), "", "legacy"),
                row(
                        "initialize, version alone, modern header",
                        initialize(VERSION_KEY + ":\"2026-07-28\""),
                        version(MODERN),
                        MISMATCH),
                row(
                        "initialize, version no string",
                        initialize(VERSION_KEY + ":1," + CAPABILITIES_KEY + ":{}"),
                        "",
                        "legacy"),
                row(
                        "initialize, legacy claim",
                        initialize(VERSION_KEY + ":\"2025-11-25\"," + CAPABILITIES_KEY + ":{}"),
                        "",
                        "legacy"),
                row(
                        "initialize, capabilities no object",
                        initialize(VERSION_KEY + ":\"2026-07-28\"," + CAPABILITIES_KEY + ":1"),
                        "",
                        "legacy"),
                row(
                        "initialize in a modern envelope",
                        initialize(ENVELOPE),
                        version(MODERN) + method("initialize"),
                        "modern 2026-07-28"),
                row("initialize in a modern envelope, no headers", initialize(ENVELOPE), "", MISMATCH),

                // A request with the version's key: modern; the envelope is validated, headers must agree.
                row(
                        "modern request",
                        request("server/discover", ENVELOPE),
                        modern("server/discover"),
                        "modern 2026-07-28"),
                row(
                        "modern request of an unknown method",
                        request("x/y", ENVELOPE),
                        modern("x/y"),
                        "modern 2026-07-28"),
                row(
                        "version no string",
                        request("m", VERSION_KEY + ":1," + CAPABILITIES_KEY + ":{}"),
                        modern("m"),
                        INVALID_PARAMS),
                row(
                        "version null",
                        request("m", VERSION_KEY + ":null," + CAPABILITIES_KEY + ":{}"),
                        modern("m"),
                        INVALID_PARAMS),
                row("version no string, no headers", request("m", VERSION_KEY + ":[]"), "", INVALID_PARAMS),
                row("capabilities missing", request("m", VERSION_KEY + ":\"2026-07-28\""), modern("m"), INVALID_PARAMS),
                row(
                        "capabilities no object",
                        request("m", VERSION_KEY + ":\"2026-07-28\"," + CAPABILITIES_KEY + ":[]"),
                        modern("m"),
                        INVALID_PARAMS),
                row("version header missing", request("m", ENVELOPE), method("m"), MISMATCH),
                row("version header twice", request("m", ENVELOPE), version(MODERN) + modern("m"), MISMATCH),
                row("version header differs", request("m", ENVELOPE), version("2025-11-25") + method("m"), MISMATCH),
                row("version header empty", request("m", ENVELOPE), version("") + method("m"), MISMATCH),
                row(
                        "version header with spaces",
                        request("m", ENVELOPE),
                        version(" 2026-07-28\t") + method("m"),
                        "modern 2026-07-28"),
                row("later version", later("m", "2027-01-01"), version("2027-01-01") + method("m"), UNSUPPORTED),
                row("later version, header differs", later("m", "2027-01-01"), version(MODERN) + method("m"), MISMATCH),
                row(
                        "legacy version claimed",
                        later("m", "2025-11-25"),
                        version("2025-11-25") + method("m"),
                        UNSUPPORTED),
                row("nonsense claimed", later("m", "latest"), version("latest") + method("m"), UNSUPPORTED),
                row("method header missing", request("m", ENVELOPE), version(MODERN), MISMATCH),
                row("method header differs", request("m", ENVELOPE), modern("tools/list"), MISMATCH),
                row("method header in other case", request("m", ENVELOPE), modern("M"), MISMATCH),
                row("method header empty", request("m", ENVELOPE), modern(""), MISMATCH),
                row("method header twice", request("m", ENVELOPE), modern("m") + method("m"), MISMATCH),
                row("method header in Base64", request("m", ENVELOPE), modern("=?base64?bQ==?="), "modern 2026-07-28"),
                row("method header in bad Base64", request("m", ENVELOPE), modern("=?base64?bQ?="), MISMATCH),
                row("method header beyond ASCII", request("\u00e4", ENVELOPE), modern("\u00e4"), MISMATCH),
                row(
                        "method header beyond ASCII in Base64",
                        request("\u00e4", ENVELOPE),
                        modern("=?base64?w6Q=?="),
                        "modern 2026-07-28"),
                row(
                        "name header where none belongs",
                        request("tools/list", ENVELOPE),
                        modern("tools/list") + name("x"),
                        "modern 2026-07-28"),

                // A request without a claim: the header may not raise the era.
                row("no claim, modern header", request("m", ""), version(MODERN), INVALID_PARAMS),
                row(
                        "no params, modern header",
                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}",
                        modern("m"),
                        INVALID_PARAMS),
                row(
                        "no claim, later header",
                        request("m", CAPABILITIES_KEY + ":{}"),
                        version("2027-01-01"),
                        INVALID_PARAMS),
                row("no claim, no header", request("m", ""), "", "legacy"),
                row("no claim, legacy header", request("m", ""), version("2025-11-25"), "legacy"),
                row("no claim, unknown early header", request("m", ""), version("2024-01-01"), "legacy"),
                row("no claim, header of no revision", request("m", ""), version("draft-2026"), "legacy"),
                row("no claim, header twice", request("m", ""), version(MODERN) + version(MODERN), "legacy"),
                row("no claim, modern mirrors", request("m", ""), method("m") + name("x"), "legacy"),
                row(
                        "claim in the wrong place",
                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"_meta\":{" + ENVELOPE + "}}",
                        "",
                        "legacy"),
                row("discover without a claim", request("server/discover", ""), "", "legacy"),

                // A notification without a claim: the header decides.
                row("notification", notification(""), "", "legacy"),
                row("notification, legacy header", notification(""), version("2025-11-25"), "legacy"),
                row("notification, modern header", notification(""), version(MODERN), "modern 2026-07-28"),
                row("notification, later header", notification(""), version("2027-01-01"), UNSUPPORTED),
                row("notification, modern header twice", notification(""), version(MODERN) + version(MODERN), "legacy"),
                row(
                        "notification, no params",
                        "{\"jsonrpc\":\"2.0\",\"method\":\"n\"}",
                        version(MODERN),
                        "modern 2026-07-28"),
                row("notification, method header", notification(""), modern("n"), "modern 2026-07-28"),
                row("notification, method header differs", notification(""), modern("x"), MISMATCH),
                row("legacy notification, method header differs", notification(""), method("x"), "legacy"),
                row("notification with claim", notification(ENVELOPE), version(MODERN), "modern 2026-07-28"),
                row("notification with claim, no headers", notification(ENVELOPE), "", "modern 2026-07-28"),
                row(
                        "notification with version alone",
                        notification(VERSION_KEY + ":\"2026-07-28\""),
                        "",
                        "modern 2026-07-28"),
                row("notification with claim, header differs", notification(ENVELOPE), version("2025-11-25"), MISMATCH),
                row("notification with claim, method header differs", notification(ENVELOPE), modern("x"), MISMATCH),
                row("notification with later claim", notification(VERSION_KEY + ":\"2027-01-01\""), "", UNSUPPORTED),
                row("notification with legacy claim", notification(VERSION_KEY + ":\"2025-11-25\""), "", UNSUPPORTED),
                row(
                        "notification, claim no string",
                        notification(VERSION_KEY + ":{}"),
                        version(MODERN),
                        INVALID_PARAMS),
                row("initialized", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "", "legacy"));
    }

    @ParameterizedTest(name = "{0}: {3}")
    @MethodSource("table")
    void decidesAsTheProtocolReferenceSays(String what, String body, String headers, String outcome) {
        assertThat(describe(EraClassifier.classify(parse(body), Sent.reading(headers))))
                .isEqualTo(outcome);
    }

    /** The methods whose name or URI a header mirrors, with the parameter that it mirrors. */
    @Nested
    class Names {

        @ParameterizedTest
        @CsvSource({
            "tools/call, name",
            "prompts/get, name",
            "resources/read, uri",
            "tasks/get, taskId",
            "tasks/update, taskId",
            "tasks/cancel, taskId"
        })
        void mustBeMirrored(String method, String param) {
            assertThat(classify(method, param, "\"a b\"", " a b\t")).isEqualTo("modern 2026-07-28");
            assertThat(classify(method, param, "\"a b\"", "=?base64?YSBi?=")).isEqualTo("modern 2026-07-28");
            assertThat(classify(method, param, "\"\\u00e4\"", "=?base64?w6Q=?="))
                    .isEqualTo("modern 2026-07-28");
            assertThat(classify(method, param, "\"a\\u0020b\"", "a b")).isEqualTo("modern 2026-07-28");
            assertThat(classify(method, param, "\"a\"", "b")).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "\"a\"", "A")).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "\"a\"", "")).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "\"a\"", null)).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "\"a\"", "=?base64?YQ?=")).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "\"\\u00e4\"", "\u00e4")).isEqualTo(MISMATCH);
            assertThat(classify(method, param, "1", "1")).isEqualTo(INVALID_PARAMS);
            assertThat(classify(method, param, "null", null)).isEqualTo(INVALID_PARAMS);
            assertThat(classify(method, "other", "\"a\"", "a")).isEqualTo(INVALID_PARAMS);
        }

        @Test
        void areRefusedWhenSentTwice() {
            Message call = parse(
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"a\",\"_meta\":{"
                            + ENVELOPE + "}}}");

            assertThat(describe(
                            EraClassifier.classify(call, Sent.reading(modern("tools/call") + name("a") + name("a")))))
                    .isEqualTo(MISMATCH);
        }

        private static String classify(String method, String param, String value, String header) {
            Message message = parse("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{\"" + param
                    + "\":" + value + ",\"_meta\":{" + ENVELOPE + "}}}");
            return describe(EraClassifier.classify(
                    message, Sent.reading(modern(method) + (header == null ? "" : name(header)))));
        }
    }

    @Nested
    class Envelopes {

        @ParameterizedTest
        @ValueSource(strings = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"})
        void mayNameALogLevel(String level) {
            assertThat(with("logLevel", "\"" + level + "\"")).isEqualTo(new Modern(MODERN));
        }

        @ParameterizedTest
        @ValueSource(strings = {"\"verbose\"", "\"INFO\"", "\"\"", "3", "null", "{}"})
        void mayNotNameAnUnknownLogLevel(String level) {
            Refused refused = (Refused) with("logLevel", level);

            assertThat(describe(refused)).isEqualTo(INVALID_PARAMS);
            assertThat(refused.error().message()).contains("logLevel\"] must be one of debug, info, notice");
        }

        @Test
        void maySayWhoTheClientIs() {
            assertThat(with("clientInfo", "{\"name\":\"c\"}")).isEqualTo(new Modern(MODERN));
        }

        @ParameterizedTest
        @ValueSource(strings = {"\"c\"", "[]", "null"})
        void mayNotSayItInAnotherForm(String info) {
            assertThat(describe(with("clientInfo", info))).isEqualTo(INVALID_PARAMS);
        }

        @Test
        void mayHoldWhateverElse() {
            assertThat(with("future", "[1]")).isEqualTo(new Modern(MODERN));
        }

        private static Outcome with(String key, String value) {
            return EraClassifier.classify(
                    parse(request("m", ENVELOPE + ",\"io.modelcontextprotocol/" + key + "\":" + value)),
                    Sent.reading(modern("m")));
        }
    }

    @Nested
    class Refusals {

        @Test
        void nameTheKeysThatAreMissing() {
            assertThat(message(request("m", ""), version(MODERN)))
                    .isEqualTo("Invalid params: params._meta lacks io.modelcontextprotocol/protocolVersion"
                            + " and io.modelcontextprotocol/clientCapabilities");
            assertThat(message(request("m", CAPABILITIES_KEY + ":{}"), version(MODERN)))
                    .isEqualTo("Invalid params: params._meta lacks io.modelcontextprotocol/protocolVersion");
            assertThat(message(request("m", VERSION_KEY + ":\"2026-07-28\""), modern("m")))
                    .isEqualTo("Invalid params: params._meta lacks io.modelcontextprotocol/clientCapabilities");
        }

        @Test
        void nameWhatWasFoundAndWhatWasExpected() {
            assertThat(message(request("m", ENVELOPE), version("2025-11-25") + method("m")))
                    .isEqualTo("Header mismatch: the header MCP-Protocol-Version says \"2025-11-25\", the body says"
                            + " \"2026-07-28\"");
            assertThat(message(request("m", ENVELOPE), method("m")))
                    .isEqualTo("Header mismatch: the header MCP-Protocol-Version is missing;"
                            + " send MCP-Protocol-Version: 2026-07-28");
            assertThat(message(request("m", ENVELOPE), version(MODERN)))
                    .isEqualTo("Header mismatch: the header Mcp-Method is missing; send Mcp-Method: m");
            assertThat(message(request("m", ENVELOPE), modern("x")))
                    .isEqualTo("Header mismatch: the header Mcp-Method does not agree with method");
            assertThat(message(request("m", ENVELOPE), modern("m") + method("m")))
                    .isEqualTo("Header mismatch: the header Mcp-Method was sent 2 times; send Mcp-Method: m");
            assertThat(message(request("m", ENVELOPE), modern("=?base64?x?=")))
                    .isEqualTo(
                            "Header mismatch: the header Mcp-Method holds characters or Base64 that it may not hold");
            assertThat(message(initialize(""), version(MODERN)))
                    .contains("initialize belongs to revisions before 2026-07-28")
                    .endsWith("names 2026-07-28");
        }

        @Test
        void showTheHeaderToSendAsFarAsAnybodyWouldReadIt() {
            String longest = "m".repeat(128);

            assertThat(message(request("\u00e4", ENVELOPE), version(MODERN)))
                    .isEqualTo("Header mismatch: the header Mcp-Method is missing; send Mcp-Method: =?base64?w6Q=?=");
            assertThat(message(request(longest, ENVELOPE), version(MODERN))).endsWith("; send Mcp-Method: " + longest);
            assertThat(message(request(longest + "m", ENVELOPE), version(MODERN)))
                    .isEqualTo("Header mismatch: the header Mcp-Method is missing");
        }

        @Test
        void listTheVersionsThatAreServed() {
            Refused refused = (Refused) EraClassifier.classify(
                    parse(later("m", "2027-01-01")), Sent.reading(version("2027-01-01") + method("m")));

            assertThat(refused.error().data())
                    .isEqualTo(Map.of("supported", ProtocolVersion.MODERN, "requested", "2027-01-01"));
            // In one order, so that the same refusal is the same bytes everywhere.
            assertThat(Json.write(refused.error().data()))
                    .isEqualTo("{\"supported\":[\"2026-07-28\"],\"requested\":\"2027-01-01\"}");
        }

        @Test
        void quoteSoThatNobodyWritesIntoOurLines() {
            assertThat(message(later("m", "a\\nb"), version("x") + method("m")))
                    .contains("the body says \"a\\nb\"")
                    .doesNotContain("\n");
        }

        private static String message(String body, String headers) {
            return ((Refused) EraClassifier.classify(parse(body), Sent.reading(headers)))
                    .error()
                    .message();
        }
    }

    private static String describe(Outcome outcome) {
        if (outcome instanceof Modern modern) {
            return "modern " + modern.version();
        }
        return outcome instanceof Refused refused
                ? refused.status() + " " + refused.error().code()
                : legacy(outcome);
    }

    private static String legacy(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Legacy.class);
        return "legacy";
    }

    private static Arguments row(String what, String body, String headers, String outcome) {
        return arguments(what, body, headers, outcome);
    }

    private static String request(String method, String meta) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":{\"_meta\":{" + meta + "}}}";
    }

    private static String later(String method, String version) {
        return request(method, VERSION_KEY + ":\"" + version + "\"," + CAPABILITIES_KEY + ":{}");
    }

    private static String initialize(String meta) {
        return initialize(meta, "2025-11-25");
    }

    private static String initialize(String meta, String version) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"" + version
                + "\",\"capabilities\":{},\"_meta\":{" + meta + "}}}";
    }

    private static String notification(String meta) {
        return "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{\"_meta\":{" + meta + "}}}";
    }

    private static String modern(String method) {
        return version(MODERN) + method(method);
    }

    private static String version(String version) {
        return "mcp-protocol-version:" + version + ";";
    }

    private static String method(String method) {
        return "MCP-METHOD:" + method + ";";
    }

    private static String name(String name) {
        return "Mcp-Name:" + name + ";";
    }
}
