package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.validation.Bypass;
import io.sallyport.sandbox.validation.BypassCorpusContract;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Needs bubblewrap, Python and Node. */
class ProcessBypassCorpusSweepTest extends BypassCorpusContract {

    /** What Python and Node have, or what wraps code there, and the interpreters that we embed have not. */
    private static final Set<String> MORE = Set.of(
            "python/ctypes",
            "javascript/atomics-wait",
            "javascript/web-assembly",
            "javascript/wrapper-arguments",
            "javascript/finaliser");

    /** Ours has this name in sessions only. */
    private static final Set<String> LESS = Set.of("javascript/wrapper-object");

    /** Syntax of Python 3.12. */
    private static final Set<String> NEW_SYNTAX = Set.of("python/lazy-bound", "python/lazy-type-alias");

    private static ProcessSandbox sandbox;
    private static boolean isNewPython;

    @BeforeAll
    static void startTheSandbox() throws InterruptedException {
        sandbox = ProcessSandbox.builder().patience(Duration.ofMinutes(1)).build();
        assertThat(sandbox.capabilities().unavailable()).isEmpty();
        isNewPython = sandbox.run(Execution.of(Language.PYTHON, "import sys; result = sys.version_info >= (3, 12)")
                        .build())
                .value()
                .flatMap(JsonValue::asBoolean)
                .orElseThrow();
    }

    @AfterAll
    static void closeTheSandbox() {
        sandbox.close();
    }

    @Override
    protected Sandbox sandbox() {
        return sandbox;
    }

    @Override
    protected boolean wins(Bypass bypass) {
        String name = bypass.toString();
        if (NEW_SYNTAX.contains(name)) {
            return isNewPython;
        }
        return MORE.contains(name) || (bypass.isWinning() && !LESS.contains(name));
    }
}
