package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.upstream.stdio.LineQueue.Status;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LineQueueTest {

    @Test
    void isBoundedInLines() {
        LineQueue queue = new LineQueue(2, 1000);

        assertThat(queue.offer(bytes(1))).isEqualTo(new LineQueue.Sent(Status.ACCEPTED, 1));
        assertThat(queue.offer(bytes(1))).isEqualTo(new LineQueue.Sent(Status.ACCEPTED, 2));
        assertThat(queue.offer(bytes(1))).isEqualTo(new LineQueue.Sent(Status.FULL, 0));
    }

    @Test
    void isBoundedInBytes() {
        LineQueue queue = new LineQueue(100, 10);

        assertThat(queue.offer(bytes(11)).status()).isEqualTo(Status.TOO_LONG);
        assertThat(queue.offer(bytes(6)).status()).isEqualTo(Status.ACCEPTED);
        assertThat(queue.offer(bytes(5)).status()).isEqualTo(Status.FULL);
        assertThat(queue.offer(bytes(4)).status()).isEqualTo(Status.ACCEPTED);
        assertThat(queue.unwrittenBytes()).isEqualTo(10);
    }

    @Test
    void writesWhatWasAcceptedBeforeItWasClosedAndMakesRoom() throws Exception {
        LineQueue queue = new LineQueue(2, 10);
        queue.offer(text("one"));
        queue.offer(text("two"));
        queue.close();
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        queue.drainTo(out);

        assertThat(out).hasToString("one\ntwo\n");
        assertThat(queue.begun()).isEqualTo(2);
        assertThat(queue.unwrittenBytes()).isZero();
        assertThat(queue.offer(text("late")).status()).isEqualTo(Status.CLOSED);
    }

    @Test
    void forgetsWhatNoWriterHasBegun() throws Exception {
        LineQueue queue = new LineQueue(2, 10);
        queue.offer(text("one"));
        queue.closeNow();
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        queue.drainTo(out);

        assertThat(out.size()).isZero();
        assertThat(queue.begun()).isZero();
    }

    @Test
    void refusesALineThatHoldsTwo() {
        LineQueue queue = new LineQueue(2, 10);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> queue.offer(text("a\nb")))
                .withMessageContaining("at byte 1");
        assertThatIllegalArgumentException().isThrownBy(() -> queue.offer(text("ab\r")));
    }

    private static byte[] bytes(int length) {
        return "x".repeat(length).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] text(String line) {
        return line.getBytes(StandardCharsets.US_ASCII);
    }
}
