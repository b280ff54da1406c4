package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Outcome;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EngineCheckTest {

    private static final Map<Language, Interpreter> INTERPRETERS = new EnumMap<>(Language.class);

    private final EngineCheck check = new EngineCheck();

    @BeforeAll
    static void startsTheInterpreters() throws InterruptedException {
        MemoryBudget budget = new MemoryBudget(1 << 28);
        INTERPRETERS.put(Language.PYTHON, PythonInterpreter.start(budget));
        INTERPRETERS.put(Language.JAVASCRIPT, JavaScriptInterpreter.start(budget));
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void interpretersComputeAsJavaDoes(Language language) {
        assertThatCode(() -> check.check(language, INTERPRETERS.get(language))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource(names = {"PYTHON", "JAVASCRIPT"})
    void eachDifferenceIsFound(Language language) {
        Map<String, String> expected = check.expected(language);
        assertThat(expected).hasSizeGreaterThan(10);
        for (String name : expected.keySet()) {
            String wrong = expected.get(name).replaceFirst("[0-9a-f]$", "g");

            assertThatThrownBy(() -> check.check(language, INTERPRETERS.get(language), Map.of(name, wrong)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(language.word() + " interpreter computes wrongly")
                    .hasMessageContaining(name + " must be " + wrong + ", but was " + expected.get(name));
        }
    }

    @Test
    void anInterpreterThatErrsIsRefused() {
        Interpreter errs = limits -> (execution, stdout, stderr) ->
                Guest.Ended.well(Optional.of(JsonValue.trusted("{\"product\":\"5\"}")), 0);

        assertThatThrownBy(() -> check.check(Language.PYTHON, errs))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("computes wrongly");
    }

    @Test
    void anInterpreterThatFailsIsRefused() {
        Interpreter fails = limits -> (execution, stdout, stderr) ->
                Guest.Ended.badly(Outcome.Status.ERROR, new Outcome.Failure("NameError", "no int", ""), 0);

        assertThatThrownBy(() -> check.check(Language.PYTHON, fails))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("does not pass its self-test")
                .hasMessageContaining("NameError");
    }
}
