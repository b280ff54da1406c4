package io.sallyport.sandbox.validation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.wasm.WasmSandbox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tries some of them; {@link WasmBypassCorpusSweepTest} tries all. */
class WasmBypassCorpusTest extends BypassCorpusContract {

    private static WasmSandbox sandbox;

    @BeforeAll
    static void startTheSandbox() throws InterruptedException {
        sandbox = WasmSandbox.builder().build();
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
    protected int every() {
        return 19;
    }

    @Test
    void eachIsFoundByTheValidator() throws InterruptedException {
        CodeValidator validator = CodeValidator.builder(sandbox).build();
        List<Bypass> unseen = new ArrayList<>();
        for (Bypass bypass : Bypass.all()) {
            Verdict verdict = validator.check(bypass.language(), bypass.code());
            assertThat(verdict.unchecked()).isEmpty();
            if (!verdict.isRejection()) {
                unseen.add(bypass);
            }
        }
        System.out.printf(
                "bypasses=%d flagged=%d%n", Bypass.all().size(), Bypass.all().size() - unseen.size());
        assertThat(unseen).isEmpty();
    }

    @Test
    void thirtyAndMoreAreOfOurOwnInvention() {
        assertThat(Bypass.all().stream().filter(Bypass::isOwn)).hasSizeGreaterThanOrEqualTo(30);
        assertThat(Bypass.all()).extracting(Bypass::toString).doesNotHaveDuplicates();
    }
}
