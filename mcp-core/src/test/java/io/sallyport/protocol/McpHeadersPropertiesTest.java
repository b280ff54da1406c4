package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.value;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class McpHeadersPropertiesTest {

    private static final ParamHeaders PARAMS =
            ParamHeaders.of(value("{\"properties\":{\"text\":{\"type\":\"string\",\"x-mcp-header\":\"Text\"},"
                    + "\"number\":{\"type\":\"integer\",\"x-mcp-header\":\"Number\"}}}"));

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.oneOf(
                JsonTrees.texts().map(McpHeadersPropertiesTest::withoutHalfPairs),
                Arbitraries.strings().withCharRange(' ', '~').withChars('\t').ofMaxLength(12));
    }

    @Provide
    Arbitrary<String> headers() {
        Arbitrary<String> base64 =
                Arbitraries.strings().alpha().numeric().withChars("+/=-_ ").ofMaxLength(12);
        return Arbitraries.oneOf(
                JsonTrees.texts(),
                base64.map(text -> "=?base64?" + text + "?="),
                base64.map(text -> "=?base64?" + text),
                base64.map(text -> text + "?="));
    }

    @Property
    void everyTextIsMirroredAndReadBack(@ForAll("texts") String text) {
        String header = McpHeaders.encode(text);

        assertThat(header).matches("([!-~]([\\t -~]*[!-~])?)?");
        assertThat(McpHeaders.decode(header)).hasValue(text);
        assertThat(McpHeaders.decode("\t " + header + " \t")).hasValue(text);
    }

    @Property
    void everyHeaderIsReadOrRefusedAndWhatIsReadCanBeMirrored(@ForAll("headers") String header) {
        Optional<String> text = McpHeaders.decode(header);

        text.ifPresent(
                read -> assertThat(McpHeaders.decode(McpHeaders.encode(read))).hasValue(read));
    }

    @Property
    void argumentsAgreeWithTheHeadersThatWeMakeOfThem(@ForAll("texts") String text, @ForAll long number) {
        Optional<JsonValue> arguments = Optional.of(value(Json.write(Map.of("text", text, "number", number))));
        Map<String, String> headers = PARAMS.headersFor(arguments);

        assertThat(PARAMS.mismatch(arguments, name -> sent(headers, name))).isEmpty();
        assertThat(headers).containsEntry("Mcp-Param-Number", Long.toString(number));
    }

    @Property
    void argumentsDoNotAgreeWithTheHeadersOfOthers(
            @ForAll("texts") String text,
            @ForAll("texts") String other,
            @ForAll long number,
            @ForAll long otherNumber) {
        Map<String, String> headers =
                PARAMS.headersFor(Optional.of(value(Json.write(Map.of("text", other, "number", otherNumber)))));

        Optional<McpError> mismatch = PARAMS.mismatch(
                Optional.of(value(Json.write(Map.of("text", text, "number", number)))), name -> sent(headers, name));

        assertThat(mismatch.isEmpty()).isEqualTo(text.equals(other) && number == otherNumber);
    }

    private static List<String> sent(Map<String, String> headers, String name) {
        return Optional.ofNullable(headers.get(name)).stream().toList();
    }

    /** A header is made of UTF-8, which has no half pairs. */
    private static String withoutHalfPairs(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }
}
