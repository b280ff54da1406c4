package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.JsonValue;
import org.junit.jupiter.api.Test;

class OutcomeTest {

    @Test
    void whatHasNotGoneWellSaysWhy() {
        assertThatThrownBy(() -> Outcome.of(Outcome.Status.TIMEOUT, Tier.WASM).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("an outcome needs an error unless it is OK, but was TIMEOUT with none");
    }

    @Test
    void whatHasGoneWellHasNoError() {
        assertThatThrownBy(() -> Outcome.of(Outcome.Status.OK, Tier.WASM)
                        .error(new Outcome.Failure("ValueError", "", ""))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("an outcome needs an error unless it is OK, but was OK with ValueError");
    }

    @Test
    void codeThatFailedHasNoValue() {
        assertThatThrownBy(() -> Outcome.of(Outcome.Status.ERROR, Tier.WASM)
                        .error(new Outcome.Failure("ValueError", "", ""))
                        .value(JsonValue.trusted("1"))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("only what came to its end has a value, but this was ERROR");
    }
}
