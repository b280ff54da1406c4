package io.sallyport.resilience.ratelimit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.StoreUnavailableException;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StoreClockTest {

    private static final long MICROS = 1_700_000_000_000_000L;

    private long ticks = Long.MAX_VALUE - 1000;
    private final StoreClock clock = new StoreClock(() -> ticks);

    private void pass(long millis) {
        ticks += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Reads what the store says in the midst of a question that takes so long. */
    private void read(long micros, long tookMillis) {
        long asked = ticks;
        pass(tookMillis);
        clock.read(micros, asked);
    }

    private long millis() {
        return clock.currentTimeNanos() / 1_000_000;
    }

    @Test
    void itGoesOnFromWhatTheStoreHasSaid() {
        read(MICROS, 10);

        assertThat(millis()).isEqualTo(MICROS / 1000 + 5);
        pass(1000);
        assertThat(millis()).isEqualTo(MICROS / 1000 + 1005);
        assertThat(clock.now()).isEqualTo(Instant.ofEpochMilli(MICROS / 1000 + 1005));
        assertThat(clock.isWallClockBased()).isTrue();
    }

    @Test
    void aReadingThatTookLongDoesNotSpoilAGoodOne() {
        read(MICROS, 2);
        long before = millis();

        // The answer came at once, and was seen late.
        read(MICROS + 1_000, 400);

        assertThat(millis()).isEqualTo(before + 400);
    }

    @Test
    void aStoreWhoseClockWasSetIsFollowed() {
        read(MICROS, 2);

        read(MICROS + 60_000_000L, 400);

        assertThat(millis()).isEqualTo(MICROS / 1000 + 60_000 + 200);
    }

    @Test
    void betterReadingsTakeThePlaceOfOthers() {
        read(MICROS, 400);
        pass(600);

        read(MICROS + 900_000, 2);

        assertThat(millis()).isEqualTo(MICROS / 1000 + 901);
    }

    @Test
    void beforeTheFirstReadingThereIsNoTimeToCountBy() {
        assertThat(clock.isKnown()).isFalse();
        assertThatThrownBy(clock::currentTimeNanos).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(clock::now).isInstanceOf(StoreUnavailableException.class);
    }
}
