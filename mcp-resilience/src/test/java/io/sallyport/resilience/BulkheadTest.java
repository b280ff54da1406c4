package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.resilience.Bulkhead.Place;
import io.sallyport.resilience.ResiliencePolicy.Load;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BulkheadTest {

    private static final Principal ANN = new Principal("test", "client", "ann", "default");
    private static final Principal BOB = new Principal("test", "client", "bob", "default");

    private static Place enter(Bulkhead bulkhead, Principal principal) {
        return bulkhead.enter(principal).orElseThrow();
    }

    @Test
    void asManyAsAllowedAreInsideAndTheOthersWait() {
        Bulkhead bulkhead = new Bulkhead(2, 10);

        Place first = enter(bulkhead, ANN);
        Place second = enter(bulkhead, ANN);
        Place third = enter(bulkhead, ANN);

        assertThat(first.room()).isCompleted();
        assertThat(second.room()).isCompleted();
        assertThat(third.room()).isNotDone();
        assertThat(bulkhead.load()).isEqualTo(new Load(2, 1));

        // When
        first.leave();

        assertThat(third.room()).isCompleted();
        assertThat(bulkhead.load()).isEqualTo(new Load(2, 0));
    }

    @Test
    void whoLeavesTwiceMakesRoomForOne() {
        Bulkhead bulkhead = new Bulkhead(1, 10);
        Place first = enter(bulkhead, ANN);
        Place second = enter(bulkhead, ANN);
        Place third = enter(bulkhead, ANN);

        first.leave();
        first.leave();

        assertThat(second.room()).isCompleted();
        assertThat(third.room()).isNotDone();
    }

    @Test
    void whoWaitsNoMoreGivesHisPlaceUp() {
        Bulkhead bulkhead = new Bulkhead(1, 2);
        Place first = enter(bulkhead, ANN);
        Place second = enter(bulkhead, ANN);
        Place third = enter(bulkhead, BOB);

        second.leave();

        assertThat(bulkhead.load()).isEqualTo(new Load(1, 1));
        first.leave();
        assertThat(third.room()).isCompleted();
        assertThat(second.room()).isNotDone();
    }

    @Test
    @Incident("S62")
    void whereNobodyMoreMayWaitNobodyDoes() {
        Bulkhead bulkhead = new Bulkhead(1, 0);
        enter(bulkhead, ANN);

        assertThat(bulkhead.enter(ANN)).isEmpty();
        assertThat(bulkhead.load()).isEqualTo(new Load(1, 0));
    }

    @Test
    void nobodyHasMoreThanHalfOfTheRoomToWaitIn() {
        Bulkhead bulkhead = new Bulkhead(1, 4);
        enter(bulkhead, ANN);
        enter(bulkhead, ANN);
        enter(bulkhead, ANN);

        assertThat(bulkhead.enter(ANN)).isEmpty();
        assertThat(bulkhead.enter(BOB)).isPresent();
        assertThat(bulkhead.enter(BOB)).isPresent();
        assertThat(bulkhead.enter(BOB)).isEmpty();
    }

    @Test
    void principalsTakeTurnsHoweverManyCallsOfOneWait() {
        Bulkhead bulkhead = new Bulkhead(1, 10);
        List<String> order = new ArrayList<>();
        Place first = enter(bulkhead, ANN);
        for (int i = 1; i <= 3; i++) {
            String name = "ann " + i;
            Place place = enter(bulkhead, ANN);
            place.room().thenRun(() -> order.add(name)).thenRun(place::leave);
        }
        Place bobs = enter(bulkhead, BOB);
        bobs.room().thenRun(() -> order.add("bob")).thenRun(bobs::leave);

        first.leave();

        assertThat(order).containsExactly("ann 1", "bob", "ann 2", "ann 3");
        assertThat(bulkhead.load()).isEqualTo(new Load(0, 0));
    }

    @Test
    void howManyWaitDoesNotMatterForTheStack() {
        int many = 100_000;
        Bulkhead bulkhead = new Bulkhead(1, 2 * many);
        Place first = enter(bulkhead, ANN);
        AtomicInteger done = new AtomicInteger();
        for (int i = 0; i < many; i++) {
            Place place = enter(bulkhead, ANN);
            place.room().thenRun(done::incrementAndGet).thenRun(place::leave);
        }

        first.leave();

        assertThat(done).hasValue(many);
    }

    @Test
    void neverAreMoreInsideThanAllowedWhoeverComesAndGoes() throws Exception {
        int threads = 8;
        int each = 5_000;
        Bulkhead bulkhead = new Bulkhead(3, 1_000_000);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(threads * each);
        CyclicBarrier together = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> workers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                Principal principal = t % 2 == 0 ? ANN : BOB;
                workers.add(pool.submit(() -> {
                    together.await();
                    for (int i = 0; i < each; i++) {
                        Place place = enter(bulkhead, principal);
                        place.room().thenRun(() -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            inside.decrementAndGet();
                            place.leave();
                            done.countDown();
                        });
                    }
                    return null;
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
            done.await();
        } finally {
            pool.shutdownNow();
        }

        assertThat(most.get()).isBetween(1, 3);
        assertThat(bulkhead.load()).isEqualTo(new Load(0, 0));
    }
}
