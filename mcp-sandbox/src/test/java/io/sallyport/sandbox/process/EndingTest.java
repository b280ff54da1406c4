package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndingTest {

    private static String type(Ending ending) {
        return ending.error().map(Outcome.Failure::type).orElse("none");
    }

    @ParameterizedTest
    @CsvSource({
        "0, OK, none",
        "1, ERROR, SystemExit",
        "134, ERROR, InterpreterCrashed",
        "137, ERROR, InterpreterCrashed",
        "139, ERROR, InterpreterCrashed",
        "152, TIMEOUT, Timeout",
        "153, OUTPUT, FileTooLarge"
    })
    void isToldByHowTheProcessEnds(int exit, Status status, String type) {
        Ending ending = Ending.exited(exit, "", Language.PYTHON);

        assertThat(ending.status()).isEqualTo(status);
        assertThat(type(ending)).isEqualTo(type);
        assertThat(ending.isIntact()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 137})
    void ofACommandIsItsStatus(int exit) {
        Ending ending = Ending.exited(exit, "", Language.SHELL);

        assertThat(ending.status()).isEqualTo(Status.OK);
        assertThat(ending.value().orElseThrow().toJson()).isEqualTo(String.valueOf(exit));
    }

    @Test
    void ofAnEngineWithoutMemoryIsThatAndItsLastWordsAreNotTheCodes() {
        String stderr = "said\n\n<--- Last few GCs --->\n[2:0x7f] Mark-sweep\nFATAL ERROR: heap limit";

        Ending ending = Ending.exited(134, stderr, Language.JAVASCRIPT);

        assertThat(ending.status()).isEqualTo(Status.MEMORY);
        assertThat(ending.withoutLastWords(stderr)).isEqualTo("said\n");
    }

    @Test
    void keepsWhatCodeSaysThatOnlyLooksLikeLastWords() {
        Ending ending = Ending.told("N", Language.JAVASCRIPT);

        assertThat(ending.withoutLastWords("FATAL ERROR: mine")).isEqualTo("FATAL ERROR: mine");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "F", "Q", "E[", "E{"})
    void isNoneIfWhatIsToldIsNothing(String reply) {
        assertThat(type(Ending.told(reply, Language.PYTHON))).isEqualTo("NoReply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"V", "V{", "V1 2", "VNaN", "V\u00fc"})
    void hasNoValueThatIsNotJson(String reply) {
        assertThat(type(Ending.told(reply, Language.PYTHON))).isEqualTo("ValueNotJson");
    }

    @Test
    void tracesJavaScriptToTheCodeOnly() {
        String reply =
                "E{\"type\":\"TypeError\",\"message\":\"no\",\"trace\":\"TypeError: no\\n    at f (code.js:2:8)\\n"
                        + "    at code.js:4:1\\n    at Script.runInThisContext (node:vm:122:12)\\n    at [eval]:200:7\"}";

        assertThat(Ending.told(reply, Language.JAVASCRIPT).error().orElseThrow().trace())
                .isEqualTo("    at f (code.js:2)\n    at code.js:4");
    }

    @Test
    void tracesAnErrorOfSyntaxToItsLine() {
        String reply =
                "E{\"type\":\"SyntaxError\",\"message\":\"no\",\"trace\":\"code.js:2\\nlet y = ;\\n        ^\\n\\n"
                        + "SyntaxError: no\\n    at new Script (node:vm:100:7)\"}";

        assertThat(Ending.told(reply, Language.JAVASCRIPT).error().orElseThrow().trace())
                .isEqualTo("    at code.js:2");
    }
}
