package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LimitsTest {

    @Test
    void theDefaultsAreWhatThePageSays() {
        Limits limits = Limits.defaults();

        assertThat(limits.wallTime()).isEqualTo(Duration.ofSeconds(30));
        assertThat(limits.cpuTime()).isEqualTo(Duration.ofSeconds(30));
        assertThat(limits.memoryBytes()).isEqualTo(128 * 1024 * 1024);
        assertThat(limits.outputBytes()).isEqualTo(1024 * 1024);
        assertThat(limits.fileBytes()).isEqualTo(16 * 1024 * 1024);
        assertThat(limits.processes()).isZero();
    }

    @Test
    void aTimeThatIsNotPositiveIsRefused() {
        assertThatThrownBy(() -> Limits.builder().wallTime(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("wallTime must be positive and at most an hour, but was PT0S");
    }

    @Test
    void memoryThatNoCodeCanDoWithIsRefused() {
        assertThatThrownBy(() -> Limits.builder().memoryBytes(4096))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "memoryBytes must be at least 4194304 (4 MiB), which little code can do with, but was 4096");
    }

    @Test
    void outputWithoutABoundIsRefused() {
        assertThatThrownBy(() -> Limits.builder().outputBytes(Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most 67108864 (64 MiB), but was 2147483647");
    }

    @Test
    void whatBeginsWithLimitsHasThem() {
        Limits limits = Limits.builder()
                .wallTime(Duration.ofSeconds(1))
                .cpuTime(Duration.ofSeconds(2))
                .memoryBytes(5_000_000)
                .outputBytes(3)
                .fileBytes(4)
                .processes(5)
                .build();

        assertThat(limits.toBuilder().build()).hasToString(limits.toString());
    }
}
