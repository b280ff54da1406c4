package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/**
 * The scanner against Jackson at its strictest, on whatever bytes the fuzzer finds. Without {@code JAZZER_FUZZ=1} it runs
 * on the seeds and on former findings, which stand in the resources.
 */
class MessageScannerFuzzTest {

    @FuzzTest(maxDuration = "10m")
    @DictionaryEntries({
        "\"jsonrpc\":\"2.0\"",
        "\"id\":",
        "\"method\":\"",
        "\"params\":{",
        "\"result\":{",
        "\"error\":{\"code\":1,\"message\":\"\"}",
        "\"_meta\":{",
        "\\u0061",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\u212A",
        "\u017F",
        "1e5",
        "-0.1",
        "true",
        "false",
        "null"
    })
    void acceptsNothingThatJacksonRefusesAndReadsItTheSame(byte[] bytes) {
        String verdict = StrictJackson.compare(bytes);
        if (verdict.equals("both accept")) {
            useLikeTheGateway(Wire.parse(bytes, MessageLimits.forClients()));
        }
    }

    /** What was accepted can be read, written on one line and changed without a further fault. */
    private static void useLikeTheGateway(Message message) {
        assertThat(message.toJson().getBytes(StandardCharsets.UTF_8)).isEqualTo(message.envelope.bytes);

        Object tree = Json.read(message.get(Part.MESSAGE).orElseThrow());
        Message line = message.onOneLine();
        assertThat(line.toJson()).doesNotContain("\n", "\r");
        assertThat(Json.read(line.get(Part.MESSAGE).orElseThrow())).isEqualTo(tree);

        for (Part part : Part.values()) {
            message.get(part)
                    .filter(JsonValue::isObject)
                    .ifPresent(found -> found.members()
                            .forEach((name, value) -> assertThat(message.get(part, name)
                                            .orElseThrow()
                                            .toJson())
                                    .isEqualTo(value.toJson())));
        }

        String name = "added by the test";
        boolean isFree = message.get(Part.MESSAGE).orElseThrow().members().keySet().stream()
                .noneMatch(other -> JsonStrings.fold(other).equals(name));
        if (isFree) {
            Message larger = message.edit().set(Part.MESSAGE, name, "[1.0]").apply();
            assertThat(larger.edit().remove(Part.MESSAGE, name).apply().envelope.bytes)
                    .isEqualTo(message.envelope.bytes);
        }
    }
}
