package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TierTest {

    @Test
    void anotherKernelIsStrongerThanTheSameOne() {
        assertThat(Tier.VM.isAtLeast(Tier.PROCESS)).isTrue();
        assertThat(Tier.PROCESS.isAtLeast(Tier.VM)).isFalse();
    }

    @Test
    void aTierIsAsStrongAsItself() {
        assertThat(Tier.WASM.isAtLeast(Tier.WASM)).isTrue();
    }
}
