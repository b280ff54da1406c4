package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What can be taken out of sessions of a kind that keeps Python and JavaScript. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class SessionExportContract {

    private static final Principal ANN = Principal.anonymous();

    private Sandbox sandbox;
    private SandboxSessions sessions;

    /** Returns a sandbox, which is closed at the end. */
    protected abstract Sandbox sandbox() throws Exception;

    @BeforeAll
    void open() throws Exception {
        sandbox = sandbox();
        sessions = SandboxSessions.of(sandbox).build();
    }

    @AfterAll
    void close() {
        sessions.close();
        sandbox.close();
    }

    private String session(Language language, String code) throws Exception {
        String id = sessions.open(ANN, language, "small", new Cancellation()).id();
        Outcome outcome = run(language, id, code);
        assertThat(outcome.status())
                .as(outcome.error().toString() + outcome.stderr())
                .isEqualTo(Outcome.Status.OK);
        return id;
    }

    private Outcome run(Language language, String id, String code) throws Exception {
        return sessions.run(ANN, id, Execution.of(language, code).build(), new Cancellation());
    }

    @Test
    @Incident("S206")
    void variablesOfPythonAreExportedAndWhatJsonCannotSayIsNamed() throws Exception {
        String id = session(Language.PYTHON, """
                import math
                x = {'a': [1, 2.5, None, True]}
                word = 'Grüße'
                _hidden = 1
                nan = float('nan')
                def f(): pass
                """);

        SessionExport export = sessions.export(ANN, id, new Cancellation());

        assertThat(export.variables().members()).hasSize(2);
        assertThat(export.variables().get("x").map(JsonValue::toJson)).contains("{\"a\":[1,2.5,null,true]}");
        assertThat(export.variables().getString("word")).contains("Grüße");
        assertThat(export.leftOut()).containsExactlyInAnyOrder("math", "nan", "f");
    }

    @Test
    @Incident("S206")
    void variablesOfJavaScriptAreExportedAndWhatJsonCannotSayIsNamed() throws Exception {
        String id = session(Language.JAVASCRIPT, """
                var x = { a: [1, 2.5, null, true] };
                globalThis.word = "Grüße";
                globalThis._hidden = 1;
                var big = 1n;
                function f() {}
                """);

        SessionExport export = sessions.export(ANN, id, new Cancellation());

        assertThat(export.variables().members()).hasSize(2);
        assertThat(export.variables().get("x").map(JsonValue::toJson)).contains("{\"a\":[1,2.5,null,true]}");
        assertThat(export.variables().getString("word")).contains("Grüße");
        assertThat(export.leftOut()).containsExactlyInAnyOrder("big", "f");
    }

    @Test
    void exportingLeavesNothingInTheSession() throws Exception {
        String python = session(Language.PYTHON, "x = 1");
        sessions.export(ANN, python, new Cancellation());
        String javaScript = session(Language.JAVASCRIPT, "var x = 1");
        sessions.export(ANN, javaScript, new Cancellation());

        assertThat(run(Language.PYTHON, python, "result = [n for n in dir() if 'sallyport' in n] + [x]")
                        .value()
                        .map(JsonValue::toJson))
                .contains("[1]");
        assertThat(run(Language.JAVASCRIPT, javaScript, "result = x").value().map(JsonValue::toJson))
                .isEqualTo(Optional.of("1"));
    }
}
