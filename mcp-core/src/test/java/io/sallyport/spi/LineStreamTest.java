package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LineStreamTest {

    private final Redactor redactor = text -> text.replace("s3cret", "***");
    private final RedactingStream stream = redactor.stream();

    private String accept(String piece) {
        byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
        return new String(stream.accept(bytes, 0, bytes.length), StandardCharsets.UTF_8);
    }

    @Test
    void findsASecretThatComesInTwoPieces() {
        assertThat(accept("it is s3c") + accept("ret.\n")).isEqualTo("it is ***.\n");
    }

    @Test
    void passesOnLinesThatAreComplete() {
        assertThat(accept("one\ntwo")).isEqualTo("one\n");
    }

    @Test
    void endsWithWhatItKeptBack() {
        accept("one s3cret");

        assertThat(stream.finish()).asString(StandardCharsets.UTF_8).isEqualTo("one ***");
    }

    @Test
    void leavesBytesThatAreNoTextAsTheyAre() {
        byte[] bytes = {(byte) 0xFF, 0, (byte) 0xC0, '\n'};

        assertThat(stream.accept(bytes, 0, bytes.length)).containsExactly(bytes);
    }

    @Test
    void failsOnALineThatIsTooLongToBeKeptBack() {
        accept("x".repeat(LineStream.MOST_BYTES));

        assertThatIllegalStateException().isThrownBy(() -> accept("x"));
    }
}
