package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParamHeadersTest {

    private static final ParamHeaders HEADERS = ParamHeaders.of(value("""
            {"type": "object",
             "properties": {
               "region": {"type": "string", "x-mcp-header": "Region"},
               "priority": {"type": "integer", "x-mcp-header": "Priority"},
               "verbose": {"type": "boolean", "x-mcp-header": "Verbose"},
               "free": {"type": "string"},
               "target": {"type": "object", "properties": {
                 "tenant": {"type": "string", "x-mcp-header": "Tenant"}}}}}"""));

    @Nested
    class Annotations {

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{}",
                    "true",
                    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}",
                    "{\"properties\":{\"x-mcp-header\":{\"type\":\"string\"}}}",
                    "{\"properties\":{\"a\":{\"default\":{\"x-mcp-header\":\"A\"},\"const\":{\"x-mcp-header\":\"A\"}}}}",
                    "{\"properties\":{\"a\":{\"enum\":[{\"x-mcp-header\":\"A\"}],\"examples\":[{\"x-mcp-header\":\"A\"}]}}}"
                })
        void maybeThereAreNone(String schema) {
            assertThat(ParamHeaders.of(value(schema))).isSameAs(ParamHeaders.NONE);
            assertThat(ParamHeaders.NONE.isEmpty()).isTrue();
        }

        @ParameterizedTest
        @ValueSource(strings = {"string", "integer", "boolean"})
        void mayStandOnPrimitiveProperties(String type) {
            assertThat(ParamHeaders.of(value(annotated(type, "A"))).isEmpty()).isFalse();
        }

        @ParameterizedTest
        @ValueSource(strings = {"number", "object", "array", "null", "String", ""})
        void mayNotStandOnOthers(String type) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(value(annotated(type, "A"))))
                    .withMessageContaining("needs a property of type string, integer or boolean, but found \"" + type);
        }

        @ParameterizedTest
        @ValueSource(strings = {"[\"string\",\"null\"]", "{}", "1", "null"})
        void needATypeThatIsOneWord(String type) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(
                            value("{\"properties\":{\"a\":{\"x-mcp-header\":\"A\",\"type\":" + type + "}}}")))
                    .withMessageContaining("but found " + type);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(value("{\"properties\":{\"a\":{\"x-mcp-header\":\"A\"}}}")))
                    .withMessageContaining("but found none");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "My Region",
                    "Region:1",
                    "R\u00e9gion",
                    "A\\u0000",
                    "A\\nB",
                    "A,B",
                    "A/B",
                    "A(B)",
                    "A\\\"",
                    "\u212A"
                })
        void mustBeTokens(String name) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(value(annotated("string", name))))
                    .withMessageContaining("must be a token as of RFC 9110");
        }

        @Test
        void mayUseEveryCharacterOfATokenButMustBeStrings() {
            String all = "!#$%&'*+-.^_`|~0123456789AZaz";

            assertThat(ParamHeaders.of(value(annotated("string", all))).headersFor(Optional.of(value("{\"a\":\"v\"}"))))
                    .containsExactly(entry("Mcp-Param-" + all, "v"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(
                            value("{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":1}}}")));
        }

        @ParameterizedTest
        @CsvSource({"Region, Region", "MyField, myfield"})
        void mustDifferRegardlessOfCase(String one, String other) {
            String schema = "{\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"" + one
                    + "\"},\"b\":{\"properties\":{\"c\":{\"type\":\"string\",\"x-mcp-header\":\"" + other + "\"}}}}}";

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(value(schema)))
                    .withMessageContaining("\"" + other + "\" stands twice");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"x-mcp-header\":\"A\",\"type\":\"string\"}",
                    "{\"x-mcp-header\":\"A\",\"type\":\"object\",\"properties\":{}}",
                    "{\"items\":%s}",
                    "{\"properties\":{\"l\":{\"type\":\"array\",\"items\":%s}}}",
                    "{\"properties\":{\"l\":{\"prefixItems\":[%s]}}}",
                    "{\"additionalProperties\":%s}",
                    "{\"patternProperties\":{\"x\":%s}}",
                    "{\"oneOf\":[%s]}",
                    "{\"anyOf\":[{\"properties\":{\"b\":%s}}]}",
                    "{\"allOf\":[{\"properties\":{\"b\":%s}}]}",
                    "{\"not\":%s}",
                    "{\"if\":{\"properties\":{\"b\":%s}}}",
                    "{\"then\":{\"properties\":{\"b\":%s}}}",
                    "{\"$defs\":{\"d\":%s}}",
                    "{\"properties\":{\"a\":{\"$defs\":{\"d\":{\"properties\":{\"b\":%s}}}}}}",
                    "{\"properties\":{\"items\":{\"items\":%s}}}"
                })
        void mustBeReachedThroughPropertiesAlone(String schema) {
            String annotated = "{\"type\":\"string\",\"x-mcp-header\":\"A\"}";

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ParamHeaders.of(value(schema.replace("%s", annotated))))
                    .withMessageContaining("x-mcp-header stands ");
        }

        @Test
        void mayStandOnPropertiesNamedLikeKeywords() {
            ParamHeaders headers = ParamHeaders.of(value(
                    "{\"properties\":{\"items\":{\"type\":\"string\",\"x-mcp-header\":\"A\"},\"properties\":{\"properties\":{"
                            + "\"enum\":{\"type\":\"string\",\"x-mcp-header\":\"B\"}}}}}"));

            assertThat(headers.headersFor(Optional.of(value("{\"items\":\"1\",\"properties\":{\"enum\":\"2\"}}"))))
                    .containsExactly(entry("Mcp-Param-A", "1"), entry("Mcp-Param-B", "2"));
        }

        private static String annotated(String type, String name) {
            return "{\"properties\":{\"a\":{\"type\":\"" + type + "\",\"x-mcp-header\":\"" + name + "\"}}}";
        }
    }

    @Test
    void knowsTheHeadersThatMirrorAnArgument() {
        assertThat(List.of("Mcp-Param-Region", "MCP-PARAM-REGION", "mcp-param-tenant"))
                .allMatch(HEADERS::mirrorsInto);
        assertThat(List.of("Region", "Mcp-Param-", "Mcp-Param-Regio", "Mcp-Param-Free", "Mcp-Name", ""))
                .noneMatch(HEADERS::mirrorsInto);
        assertThat(ParamHeaders.NONE.mirrorsInto("Mcp-Param-Region")).isFalse();
    }

    @Nested
    class Checking {

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{}                             | ``",
                    "{\"free\":\"x\"}               | ``",
                    "{\"region\":\"eu\"}            | Mcp-Param-Region: eu",
                    "{\"region\":\"eu\"}            | mcp-param-REGION: =?base64?ZXU=?=",
                    "{\"region\":\"\"}              | Mcp-Param-Region: ",
                    "{\"region\":\"\\u00e4\"}       | Mcp-Param-Region: =?base64?w6Q=?=",
                    "{\"region\":\" a \"}           | Mcp-Param-Region: =?base64?IGEg?=",
                    "{\"region\":null}              | ``",
                    "{\"region\":5}                 | Mcp-Param-Region: 5",
                    "{\"priority\":42}              | Mcp-Param-Priority: 42",
                    "{\"priority\":42}              | Mcp-Param-Priority: 42.0",
                    "{\"priority\":42.0}            | Mcp-Param-Priority: 42",
                    "{\"priority\":1e3}             | Mcp-Param-Priority: 1000",
                    "{\"priority\":-0}              | Mcp-Param-Priority: 0",
                    "{\"priority\":9007199254740993} | Mcp-Param-Priority: 9007199254740993",
                    "{\"priority\":\"7\"}           | Mcp-Param-Priority: 7",
                    "{\"verbose\":true}             | Mcp-Param-Verbose: true",
                    "{\"verbose\":false}            | Mcp-Param-Verbose: false",
                    "{\"target\":{\"tenant\":\"t\"}} | Mcp-Param-Tenant: t",
                    "{\"target\":{}}                | ``",
                    "{\"target\":null}              | ``",
                    "{\"target\":[{\"tenant\":\"t\"}]} | ``",
                    "{\"tenant\":\"t\"}             | ``",
                    "{\"region\":\"eu\"}            | Mcp-Param-Region: eu; Mcp-Param-Unknown: x",
                    "{\"region\":\"eu\",\"verbose\":true} | Mcp-Param-Region: eu; Mcp-Param-Verbose: true",
                })
        void acceptsHeadersThatMirrorTheArguments(String arguments, String headers) {
            assertThat(HEADERS.mismatch(Optional.of(value(arguments)), Sent.reading(headers)))
                    .isEmpty();
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '`',
                value = {
                    "{\"region\":\"eu\"} | ``                               | Mcp-Param-Region is missing",
                    "{\"region\":\"eu\"} | Mcp-Param-Region: us             | Mcp-Param-Region does not agree with the body",
                    "{\"region\":\"eu\"} | Mcp-Param-Region: EU             | Mcp-Param-Region does not agree with the body",
                    "{\"region\":\"eu\"} | Mcp-Param-Region: eu; Mcp-Param-Region: eu | Mcp-Param-Region was sent 2 times",
                    "{\"region\":\"eu\"} | Mcp-Param-Region: =?base64?ZXU?= | Mcp-Param-Region holds characters or Base64",
                    "{\"region\":\"eu\"} | Mcp-Param-Region: \u00e4         | Mcp-Param-Region holds characters or Base64",
                    "{\"region\":\"1.0\"} | Mcp-Param-Region: 1             | Mcp-Param-Region does not agree with the body",
                    "{\"region\":1.0}    | Mcp-Param-Region: 1              | Mcp-Param-Region does not agree with the body",
                    "{}                  | Mcp-Param-Region: eu             | Mcp-Param-Region was sent, but the body does not have the argument",
                    "{\"region\":null}   | Mcp-Param-Region: null           | Mcp-Param-Region was sent, but the body does not have the argument",
                    "{\"priority\":42}   | Mcp-Param-Priority: 43           | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":42}   | Mcp-Param-Priority: +42          | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":1000} | Mcp-Param-Priority: 1e3          | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":1}    | Mcp-Param-Priority: =?base64?77yR?= | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":42}   | Mcp-Param-Priority: x            | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":42}   | Mcp-Param-Priority:              | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":9007199254740993} | Mcp-Param-Priority: 9007199254740992 | Mcp-Param-Priority does not agree",
                    "{\"priority\":1e99999999999} | Mcp-Param-Priority: 1   | Mcp-Param-Priority does not agree with the body",
                    "{\"priority\":true} | Mcp-Param-Priority: 1            | Mcp-Param-Priority does not agree with the body",
                    "{\"verbose\":true}  | Mcp-Param-Verbose: True          | Mcp-Param-Verbose does not agree with the body",
                    "{\"verbose\":true}  | Mcp-Param-Verbose: 1             | Mcp-Param-Verbose does not agree with the body",
                    "{\"target\":{\"tenant\":\"t\"}} | ``                   | Mcp-Param-Tenant is missing",
                })
        void refusesHeadersThatDoNot(String arguments, String headers, String reason) {
            McpError error = HEADERS.mismatch(Optional.of(value(arguments)), Sent.reading(headers))
                    .orElseThrow();

            assertThat(error.code()).isEqualTo(ErrorCodes.HEADER_MISMATCH);
            assertThat(error.message()).startsWith("Header mismatch: the header " + reason);
        }

        @Test
        void treatsMissingArgumentsAsEmpty() {
            assertThat(HEADERS.mismatch(Optional.empty(), Sent.with())).isEmpty();
            assertThat(HEADERS.mismatch(Optional.empty(), Sent.with("Mcp-Param-Region", "eu")))
                    .isPresent();
            assertThat(HEADERS.mismatch(Optional.of(value("[]")), Sent.with())).isEmpty();
        }
    }

    @Nested
    class Sending {

        @Test
        void mirrorsWhatTheArgumentsHave() {
            assertThat(
                            HEADERS.headersFor(
                                    Optional.of(
                                            value(
                                                    "{\"verbose\":false,\"target\":{\"tenant\":\"\\u00e4\"},\"region\":\"eu\",\"free\":\"x\",\"priority\":3}"))))
                    .containsExactly(
                            entry("Mcp-Param-Region", "eu"),
                            entry("Mcp-Param-Priority", "3"),
                            entry("Mcp-Param-Verbose", "false"),
                            entry("Mcp-Param-Tenant", "=?base64?w6Q=?="));
        }

        @Test
        void omitsWhatIsAbsentOrNull() {
            assertThat(HEADERS.headersFor(Optional.of(value("{\"region\":null,\"target\":{\"tenant\":null}}"))))
                    .isEmpty();
            assertThat(HEADERS.headersFor(Optional.empty())).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({
            "1e3, 1000",
            "42.0, 42",
            "-0, 0",
            "9223372036854775807, 9223372036854775807",
            "1.5, 1.5",
            "1e30, 1e30"
        })
        void writesIntegersSoThatEveryReaderAgrees(String number, String header) {
            assertThat(HEADERS.headersFor(Optional.of(value("{\"priority\":" + number + "}"))))
                    .containsExactly(entry("Mcp-Param-Priority", header));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{}",
                    "{\"region\":\"eu\"}",
                    "{\"region\":\" \\r\\n\\u0000\"}",
                    "{\"priority\":1e3}",
                    "{\"priority\":1.0}",
                    "{\"verbose\":true,\"region\":\"=?base64?\"}",
                    "{\"target\":{\"tenant\":\"\"}}",
                    "{\"region\":{\"a\":[1]}}"
                })
        void isWhatCheckingAccepts(String arguments) {
            Map<String, String> headers = HEADERS.headersFor(Optional.of(value(arguments)));

            assertThat(HEADERS.mismatch(
                            Optional.of(value(arguments)),
                            name -> Optional.ofNullable(headers.get(name)).stream()
                                    .toList()))
                    .isEmpty();
        }
    }
}
