package io.sallyport.sandbox.wasm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Language;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WasmSandboxBuilderTest {

    @Test
    void whatIsBuiltRunsAllLanguages() throws Exception {
        try (WasmSandbox sandbox = WasmSandbox.builder().build()) {
            assertThat(sandbox.run(Execution.of(Language.PYTHON, "result = 6 * 7")
                                    .build())
                            .value()
                            .orElseThrow()
                            .toJson())
                    .isEqualTo("42");
            assertThat(sandbox.run(Execution.of(Language.JAVASCRIPT, "result = 6 * 7")
                                    .build())
                            .value()
                            .orElseThrow()
                            .toJson())
                    .isEqualTo("42");
        }
    }

    @Test
    void noLanguagesAreRefused() {
        assertThatThrownBy(() -> WasmSandbox.builder().languages(Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("languages must not be empty; leave it out for all");
    }

    @Test
    void moreAtOnceThanAnyMachineCanDoIsRefused() {
        assertThatThrownBy(() -> WasmSandbox.builder().concurrency(1001))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("concurrency must be positive and at most 1000, but was 1001");
    }

    @Test
    void negativePatienceIsRefused() {
        assertThatThrownBy(() -> WasmSandbox.builder().patience(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("patience must not be negative, and at most 7 days, but was PT-0.001S");
    }

    /** Whoever means for ever would else have every run fail, since so many nanoseconds are no number. */
    @Test
    void patienceThatIsTooLongIsRefused() {
        assertThatThrownBy(() -> WasmSandbox.builder().patience(Duration.ofSeconds(Long.MAX_VALUE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("patience must not be negative, and at most 7 days");
        assertThatCode(() -> WasmSandbox.builder().patience(Duration.ofDays(7))).doesNotThrowAnyException();
    }
}
