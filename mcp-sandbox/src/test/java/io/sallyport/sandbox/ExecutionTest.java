package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import org.junit.jupiter.api.Test;

class ExecutionTest {

    @Test
    void codeIsGivenNothingByDefault() {
        Execution execution = Execution.of(Language.PYTHON, "pass").build();

        assertThat(execution.inputs().toJson()).isEqualTo("{}");
        assertThat(execution.weakestTier()).isEqualTo(Tier.WASM);
    }

    @Test
    void inputsThatAreNoObjectAreRefused() {
        assertThatThrownBy(() -> Execution.of(Language.PYTHON, "pass").inputs(JsonValue.trusted("[1]")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("inputs must be a JSON object, but was ARRAY");
    }

    @Test
    void moreCodeThanAnybodyWritesIsRefused() {
        String code = " ".repeat(1024 * 1024 + 1);

        assertThatThrownBy(() -> Execution.of(Language.PYTHON, code))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("code must have at most 1048576 characters, but had 1048577");
    }
}
