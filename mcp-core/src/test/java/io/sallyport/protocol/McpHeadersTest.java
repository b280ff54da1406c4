package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class McpHeadersTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tools/call",
                "a b",
                "a\tb",
                "!~",
                "=?base64?",
                "=?base64?=",
                "=?base64?SGVsbG8=",
                "SGVsbG8=",
                "?=",
                "=?BASE64?SGVsbG8=?=",
                "=?Base64?SGVsbG8=?=",
                "x=?base64?SGVsbG8=?=",
                "=?base64?SGVsbG8=?=x"
            })
    void takesAPlainValueLiterally(String header) {
        assertThat(McpHeaders.decode(header)).hasValue(header);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "=?base64?SGVsbG8=?=, Hello",
                "=?base64?SGVsbG8h?=, Hello!",
                "=?base64??=, ``",
                "=?base64?w6Q=?=, \u00e4",
                "=?base64?8J+YgA==?=, \uD83D\uDE00",
                "=?base64?IGEg?=, ` a `",
                "=?base64?DQo=?=, `\r\n`",
                "=?base64?PT9iYXNlNjQ/eD89?=, =?base64?x?=",
            })
    void decodesWhatIsEncoded(String header, String value) {
        assertThat(McpHeaders.decode(header)).hasValue(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "=?base64?SGVsbG8?=", // no padding
                "=?base64?SGVs!!!bG8=?=", // not of the alphabet
                "=?base64?SGVsbG8==?=", // too much padding
                "=?base64?SGVs bG8=?=",
                "=?base64?=GVs?=",
                "=?base64?====?=",
                "=?base64?SG=sbG8=?=",
                "=?base64?8J-YgA==?=", // the alphabet of URLs
                "=?base64?5A==?=", // Latin-1
                "=?base64?7aCA?=", // a surrogate
                "=?base64?wIA=?=", // overlong
                "=?base64?\u00e4?="
            })
    void refusesWhatClaimsToBeEncodedAndIsNot(String header) {
        assertThat(McpHeaders.decode(header)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0000",
                "a\nb",
                "a\rb",
                "\u001F",
                "\u007F",
                "\u0080",
                "\u00e4",
                "\u20ac",
                "\uD83D\uDE00",
                "\u00A0"
            })
    void refusesCharactersThatAHeaderMayNotHold(String header) {
        assertThat(McpHeaders.decode(header)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {" a", "a ", "\ta\t", " \t a \t "})
    void ignoresSpacesAndTabsAround(String header) {
        assertThat(McpHeaders.decode(header)).hasValue("a");
        assertThat(McpHeaders.decode(header.replace("a", "=?base64?YQ==?="))).hasValue("a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a b", "a\tb", "Hello, World!", "?=", "x=?base64?"})
    void writesSafeValuesAsTheyAre(String value) {
        assertThat(McpHeaders.encode(value)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "` a`, =?base64?IGE=?=",
                "`a `, =?base64?YSA=?=",
                "`\ta`, =?base64?CWE=?=",
                "` `, =?base64?IA==?=",
                "`a\r\nb`, =?base64?YQ0KYg==?=",
                "\u00e4, =?base64?w6Q=?=",
                "\u007F, =?base64?fw==?=",
                "=?base64?x?=, =?base64?PT9iYXNlNjQ/eD89?=",
                "=?base64?, =?base64?PT9iYXNlNjQ/?=",
            })
    void writesOtherValuesInBase64(String value, String header) {
        assertThat(McpHeaders.encode(value)).isEqualTo(header);
        assertThat(McpHeaders.decode(header)).hasValue(value);
    }

    @ParameterizedTest
    @CsvSource({
        "tools/call, name",
        "prompts/get, name",
        "resources/read, uri",
        "tasks/get, taskId",
        "tasks/update, taskId",
        "tasks/cancel, taskId",
        "tools/list, ",
        "resources/subscribe, ",
        "completion/complete, ",
        "Tools/call, ",
    })
    void knowsWhichParameterTheNameMirrors(String method, String param) {
        assertThat(McpHeaders.namedParam(method)).isEqualTo(Optional.ofNullable(param));
    }

    @Test
    void singleValueIsTheOnlyOneWithoutSpaceAround() {
        assertThat(sending().single("X")).isEmpty();
        assertThat(sending(" a\t").single("X")).hasValue("a");
        assertThat(sending("").single("X")).hasValue("");
        assertThat(sending("a", "a").single("X")).isEmpty();
    }

    @Test
    void sourceThatCannotListItsNamesSaysNone() {
        assertThat(sending("a").names()).isEmpty();
    }

    private static McpHeaders.Source sending(String... values) {
        return name -> List.of(values);
    }
}
