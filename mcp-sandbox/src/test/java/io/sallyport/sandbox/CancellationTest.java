package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancellationTest {

    private final Cancellation cancellation = new Cancellation();
    private final AtomicInteger ended = new AtomicInteger();

    @Test
    void endsWhatWasBegunBefore() {
        cancellation.onCancel(ended::incrementAndGet);

        cancellation.cancel();

        assertThat(ended).hasValue(1);
    }

    @Test
    void endsAtOnceWhatIsBegunAfterwards() {
        cancellation.cancel();

        cancellation.onCancel(ended::incrementAndGet);

        assertThat(ended).hasValue(1);
    }

    @Test
    void endsNothingTwice() {
        cancellation.onCancel(ended::incrementAndGet);

        cancellation.cancel();
        cancellation.cancel();

        assertThat(ended).hasValue(1);
    }

    @Test
    void leavesAloneWhatHasEndedByItself() {
        Runnable forget = cancellation.onCancel(ended::incrementAndGet);
        forget.run();

        cancellation.cancel();

        assertThat(ended).hasValue(0);
    }
}
