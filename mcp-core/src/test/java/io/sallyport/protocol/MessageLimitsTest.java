package io.sallyport.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageLimitsTest {

    @Test
    void clientsMaySendOneMebibyte() {
        assertThat(MessageLimits.forClients()).isEqualTo(new MessageLimits(1_048_576, 64, 1_048_576, 4096, 1000));
    }

    @Test
    void upstreamsMaySendFourMebibytes() {
        assertThat(MessageLimits.forUpstreams()).isEqualTo(new MessageLimits(4_194_304, 64, 4_194_304, 4096, 1000));
    }

    @Test
    void stringsMayFillAWholeOfAnotherSize() {
        assertThat(MessageLimits.forClients().withMaxBytes(10)).isEqualTo(new MessageLimits(10, 64, 10, 4096, 1000));
    }

    @Test
    void depthChangesAlone() {
        assertThat(MessageLimits.forClients().withMaxDepth(10))
                .isEqualTo(new MessageLimits(1_048_576, 10, 1_048_576, 4096, 1000));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 1, 1, 1, maxBytes",
        "1, 0, 1, 1, 1, maxDepth",
        "1, 1, 0, 1, 1, maxStringBytes",
        "1, 1, 1, 0, 1, maxNameBytes",
        "1, 1, 1, 1, 0, maxNumberBytes",
        "-1, 1, 1, 1, 1, maxBytes",
        "1, -1, 1, 1, 1, maxDepth",
        "1, 1, -1, 1, 1, maxStringBytes",
        "1, 1, 1, -1, 1, maxNameBytes",
        "1, 1, 1, 1, -1, maxNumberBytes"
    })
    void mustBePositive(int bytes, int depth, int string, int name, int number, String which) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MessageLimits(bytes, depth, string, name, number))
                .withMessageMatching(which + " must be positive, but was (0|-1)");
    }

    @Test
    void depthMustBeBearable() {
        assertThat(MessageLimits.forClients().withMaxDepth(1000).maxDepth()).isEqualTo(1000);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MessageLimits.forClients().withMaxDepth(1001))
                .withMessageContaining("maxDepth must be at most 1000, but was 1001");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void checksHoldForChangesToo(int value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MessageLimits.forClients().withMaxBytes(value));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MessageLimits.forClients().withMaxDepth(value));
    }
}
