package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PermitsTest {

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<String> log = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        timer.shutdownNow();
    }

    private Permits.Waiter waiter(String name) {
        return new Permits.Waiter() {
            @Override
            public void granted() {
                log.add(name + " granted");
            }

            @Override
            public void refused() {
                log.add(name + " refused");
            }
        };
    }

    @Test
    void givesPlacesInTheOrderInWhichTheyWereAskedFor() {
        Permits permits = new Permits(1, 10, Duration.ofMinutes(1), timer);
        permits.acquire(waiter("a"));
        permits.acquire(waiter("b"));
        permits.acquire(waiter("c"));
        assertThat(log).containsExactly("a granted");

        // When
        permits.release();
        permits.release();
        permits.release();
        permits.acquire(waiter("d"));

        assertThat(log).containsExactly("a granted", "b granted", "c granted", "d granted");
    }

    @Test
    void refusesAtOnceWhenTheQueueIsFull() {
        Permits permits = new Permits(1, 1, Duration.ofMinutes(1), timer);
        permits.acquire(waiter("a"));
        permits.acquire(waiter("b"));

        // When
        permits.acquire(waiter("c"));

        assertThat(log).containsExactly("a granted", "c refused");
    }

    @Test
    @Incident("S95")
    void refusesAfterAWhileAndDoesNotGiveAPlaceToWhoeverHasLeft() {
        Permits permits = new Permits(1, 10, Duration.ofMillis(20), timer);
        permits.acquire(waiter("a"));
        permits.acquire(waiter("b"));

        // When
        UpstreamWorkbench.await("the refusal", () -> log.contains("b refused"));
        permits.release();
        permits.acquire(waiter("c"));

        assertThat(log).containsExactly("a granted", "b refused", "c granted");
    }

    @Test
    void refusesInsteadOfWaitingForeverWhenTheTimerHasEnded() {
        Permits permits = new Permits(1, 10, Duration.ofMillis(20), timer);
        permits.acquire(waiter("a"));
        timer.shutdownNow();

        // When
        permits.acquire(waiter("b"));

        assertThat(log).containsExactly("a granted", "b refused");
    }
}
