package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.RecoveryHook;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RecoveryHooksTest {

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<String> told = new CopyOnWriteArrayList<>();

    @AfterEach
    void stop() {
        executor.shutdownNow();
        timer.shutdownNow();
    }

    private RecoveryHooks hooks(RecoveryHook... hooks) {
        return new RecoveryHooks(List.of(hooks), executor, timer, RecoveryHooks.AT_MOST);
    }

    private final class Recorder implements RecoveryHook {

        private final String name;

        Recorder(String name) {
            this.name = name;
        }

        @Override
        public void connected(String upstream, long epoch) {
            told.add(name + ": " + upstream + " is connected in life " + epoch);
        }

        @Override
        public void lost(String upstream, String problem) {
            told.add(name + ": " + upstream + " is lost: " + problem);
        }

        @Override
        public void quarantined(String upstream, String reason) {
            told.add(name + ": " + upstream + " is quarantined: " + reason);
        }
    }

    private void awaitTold(int many) {
        Waiting.until("all is told", () -> told.size() == many ? true : null);
    }

    @Test
    void hooksAreToldInTheirOrderOfWhatHappensInItsOrder() {
        RecoveryHooks hooks = hooks(new Recorder("a"), new Recorder("b"));

        hooks.lost("shop", "refused");
        hooks.quarantined("shop", "too often");
        hooks.connected("shop", 7);

        awaitTold(6);
        assertThat(told)
                .containsExactly(
                        "a: shop is lost: refused",
                        "b: shop is lost: refused",
                        "a: shop is quarantined: too often",
                        "b: shop is quarantined: too often",
                        "a: shop is connected in life 7",
                        "b: shop is connected in life 7");
    }

    @Test
    void aHookThatFailsKeepsNoOtherFromBeingTold() {
        RecoveryHooks hooks = hooks(
                (upstream, epoch) -> {
                    throw new NoClassDefFoundError("shop/Register");
                },
                new Recorder("b"));

        hooks.connected("shop", 1);
        hooks.connected("shop", 2);

        awaitTold(2);
    }

    @Test
    void aHookThatHangsForOneUpstreamKeepsNoOtherUpstreamWaiting() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        RecoveryHooks hooks = hooks(
                (upstream, epoch) -> {
                    if (upstream.equals("sick")) {
                        await(never);
                    }
                },
                new Recorder("b"));

        hooks.connected("sick", 1);
        hooks.connected("well", 1);

        awaitTold(1);
        assertThat(told).containsExactly("b: well is connected in life 1");
        never.countDown();
        awaitTold(2);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aHookThatHangsIsInterrupted() {
        CountDownLatch never = new CountDownLatch(1);
        RecoveryHooks hooks = new RecoveryHooks(
                List.of((upstream, epoch) -> await(never), new Recorder("b")), executor, timer, Duration.ofMillis(50));

        hooks.connected("shop", 1);

        awaitTold(1);
    }

    @Test
    void whereThereIsNoThreadTheyAreToldLaterAndByAnother() {
        AtomicInteger refusals = new AtomicInteger(1);
        Executor busy = task -> {
            if (refusals.getAndDecrement() > 0) {
                throw new RejectedExecutionException("full");
            }
            executor.execute(task);
        };
        List<Thread> threads = new CopyOnWriteArrayList<>();
        RecoveryHooks hooks = new RecoveryHooks(
                List.of((upstream, epoch) -> threads.add(Thread.currentThread())), busy, timer, RecoveryHooks.AT_MOST);

        hooks.connected("shop", 1);

        Waiting.until("it is told", () -> threads.isEmpty() ? null : threads);
        assertThat(threads).doesNotContain(Thread.currentThread());
    }
}
