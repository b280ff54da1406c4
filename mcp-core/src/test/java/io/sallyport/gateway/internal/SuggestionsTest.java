package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.testing.Incident;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Incident("S160")
class SuggestionsTest {

    @ParameterizedTest
    @CsvSource({
        "listTools, tools/list",
        "list_tools, tools/list",
        "tools.list, tools/list",
        "tool/list, tools/list",
        "call_tool, tools/call",
        "getPrompt, prompts/get",
        "resource/read, resources/read",
    })
    void namesTheMethodThatWasMeant(String written, String meant) {
        assertThat(message(Era.LEGACY, written)).isEqualTo("Method not found: " + written + "; use " + meant);
    }

    @Test
    void saysNothingOfWhatIsFarFromEverything() {
        assertThat(message(Era.MODERN, "foo")).isEqualTo("Method not found: foo");
    }

    @Test
    void tellsWhoSpeaksTheOtherEra() {
        assertThat(message(Era.MODERN, "ping")).endsWith("; revision 2026-07-28 does not have it");
        assertThat(message(Era.LEGACY, "server/discover"))
                .endsWith("; it is of revision 2026-07-28, and this session speaks an earlier one");
    }

    @Test
    void neverSuggestsWhatWasAskedFor() {
        assertThat(message(Era.MODERN, "prompts/list")).endsWith("; no server here offers it");
    }

    private static String message(Era era, String method) {
        return Suggestions.methodNotFound(era, method).message();
    }
}
