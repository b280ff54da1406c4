package io.sallyport.sandbox.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyTest {

    private static Reply received(String... parts) {
        Reply reply = new Reply("cafe", 20);
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            reply.add(bytes, bytes.length);
        }
        return reply;
    }

    @Test
    void isThereOnceAllOfItIs() {
        assertThat(received("cafe 4\nV1").text()).isEmpty();
        assertThat(received("cafe 4\nV1", "23").text()).contains("V123");
    }

    @Test
    void mayComeByteByByte() {
        assertThat(received("caf", "e", " ", "3", "\n", "V", "\u00fc").text()).contains("V\u00fc");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "beef 2\nV1",
                "x",
                "cafe2\nV1",
                "cafe \nV1",
                "cafe -2\nV1",
                "cafe x\nV1",
                "cafe 2 \nV1",
                "cafe 21\nV1",
                "cafe 99999999999\nV1",
                "cafe 2\nV12",
                "\ncafe 2\nV1"
            })
    void isForgedIfItIsNotWhatWasAgreed(String text) {
        Reply reply = received(text);

        assertThat(reply.isForged()).isTrue();
        assertThat(reply.text()).isEmpty();
    }

    @Test
    void isNotForgedWhileMoreMayCome() {
        assertThat(received("ca").isForged()).isFalse();
        assertThat(received("cafe 1").isForged()).isFalse();
    }

    @Test
    void endsSomewhereEvenIfItIsDigitsWithoutEnd() {
        assertThat(received("cafe " + "1".repeat(100)).isForged()).isTrue();
    }
}
