package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GateTest {

    private static final Duration LONG = Duration.ofMinutes(1);

    private final Gate gate = new Gate(1);

    private boolean enter() throws InterruptedException {
        return gate.enter(Duration.ZERO, new Cancellation());
    }

    /** Has somebody wait for room; returns once he does. */
    private CompletableFuture<Boolean> waiting(Cancellation cancellation) {
        CompletableFuture<Boolean> entered = new CompletableFuture<>();
        Thread waits = new Thread(() -> {
            try {
                entered.complete(gate.enter(LONG, cancellation));
            } catch (InterruptedException e) {
                entered.completeExceptionally(e);
            }
        });
        waits.setDaemon(true);
        waits.start();
        Waiting.until("it waits", () -> waits.getState() == Thread.State.TIMED_WAITING ? true : null);
        return entered;
    }

    @Test
    void letsInNoMoreThanItIsToldAndAgainWhenOneHasLeft() throws Exception {
        assertThat(enter()).isTrue();
        assertThat(enter()).isFalse();

        gate.leave();

        assertThat(enter()).isTrue();
    }

    @Test
    void whoWaitsComesInWhenAnotherLeaves() throws Exception {
        enter();
        CompletableFuture<Boolean> entered = waiting(new Cancellation());

        gate.leave();

        assertThat(entered.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whoWaitsGoesAwayWhenNobodyWishesForItAnyMore() throws Exception {
        enter();
        Cancellation cancellation = new Cancellation();
        CompletableFuture<Boolean> entered = waiting(cancellation);

        cancellation.cancel();

        assertThat(entered.get(10, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void whoWaitsGoesAwayWhenItCloses() throws Exception {
        enter();
        CompletableFuture<Boolean> entered = waiting(new Cancellation());

        gate.close();

        assertThat(entered.get(10, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void nobodyOvertakesWhoWaits() throws Exception {
        enter();
        CompletableFuture<Boolean> entered = waiting(new Cancellation());

        assertThat(gate.tryEnter()).isFalse();

        gate.leave();
        assertThat(entered.get(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void letsNobodyInWhoIsCancelledOrWhenItIsClosed() throws Exception {
        Cancellation cancelled = new Cancellation();
        cancelled.cancel();
        assertThat(gate.enter(LONG, cancelled)).isFalse();

        gate.close();

        assertThat(enter()).isFalse();
        assertThat(gate.tryEnter()).isFalse();
    }

    @Test
    void aNegativeNumberIsRefused() {
        assertThatThrownBy(() -> new Gate(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("atMost must not be negative, but was -1");
    }

    @Test
    void patienceBeyondAWeekIsRefused() {
        assertThat(Gate.patience(Duration.ofDays(7))).isEqualTo(Duration.ofDays(7));

        assertThatThrownBy(() -> Gate.patience(Duration.ofDays(7).plusNanos(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("patience must not be negative, and at most 7 days");
    }
}
