package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ServletEventStreamTest {

    private final ServletEventStream stream = new ServletEventStream(10, () -> 0);

    @Test
    void aLargeFrameFitsBehindASmallOneAndNothingBehindIt() {
        AtomicBoolean ended = new AtomicBoolean();
        stream.onEnd(() -> ended.set(true));

        // When
        assertThat(stream.send("small")).isTrue();
        assertThat(stream.send("large".repeat(1000))).isTrue();
        assertThat(ended).isFalse();

        assertThat(stream.send("more")).isFalse();
        assertThat(ended).isTrue();
    }

    @Test
    void whatWaitsMayFillTheBuffer() {
        // When
        assertThat(stream.send("123456789")).isTrue();
        assertThat(stream.send("0")).isTrue();

        assertThat(stream.send("1")).isFalse();
    }
}
