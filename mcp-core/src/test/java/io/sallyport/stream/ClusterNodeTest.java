package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Waiting;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ClusterNodeTest {

    /** As if other nodes shared it. */
    private static final class SharedStore extends ForwardingSessionStore {
        SharedStore() {
            super(SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system()));
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.PROCESS);
        }
    }

    @Test
    void aNodeLivesThoughAllItsWorkersAreBusy() throws Exception {
        Executor busy = task -> {
            throw new RejectedExecutionException("busy");
        };
        try (SessionStore store = new SharedStore()) {
            ClusterNode node = new ClusterNode(store, Duration.ofSeconds(5), busy, (kind, letter) -> {});

            node.start().toCompletableFuture().get(10, TimeUnit.SECONDS);

            assertThat(store.bus().nodes()).containsExactly(node.name());
            node.close();
        }
    }

    @Test
    void aNodeEndsThoughItsStoreRefusesToLetItLeave() throws Exception {
        try (SessionStore store = new SharedStore()) {
            ClusterBus refusing = (ClusterBus) Proxy.newProxyInstance(
                    ClusterBus.class.getClassLoader(), new Class<?>[] {ClusterBus.class}, (proxy, method, args) -> {
                        if (method.getName().equals("leave")) {
                            throw new IllegalStateException("there is no such table");
                        }
                        return method.invoke(store.bus(), args);
                    });
            ClusterNode node = new ClusterNode(
                    new ForwardingSessionStore(store) {
                        @Override
                        public ClusterBus bus() {
                            return refusing;
                        }
                    },
                    Duration.ofSeconds(5),
                    Runnable::run,
                    (kind, letter) -> {});
            node.start().toCompletableFuture().get(10, TimeUnit.SECONDS);

            assertThatCode(node::close).doesNotThrowAnyException();
        }
    }

    /** How a store answers a beat, by asking the true one or not. */
    private interface Beat {
        Object answer(Callable<Object> beat) throws Exception;
    }

    private static SessionStore storeWhoseBeat(SessionStore store, Beat is) {
        ClusterBus bus = (ClusterBus) Proxy.newProxyInstance(
                ClusterBus.class.getClassLoader(),
                new Class<?>[] {ClusterBus.class},
                (proxy, method, args) -> method.getName().equals("beat")
                        ? is.answer(() -> method.invoke(store.bus(), args))
                        : method.invoke(store.bus(), args));
        return new ForwardingSessionStore(store) {
            @Override
            public ClusterBus bus() {
                return bus;
            }
        };
    }

    /** A store whose first beat is what it is, and then goes well. */
    private static SessionStore storeWhoseFirstBeat(SessionStore store, Callable<?> isWhat) {
        AtomicBoolean isFirst = new AtomicBoolean(true);
        return storeWhoseBeat(store, beat -> {
            if (isFirst.getAndSet(false)) {
                isWhat.call();
            }
            return beat.call();
        });
    }

    @Test
    void aNodeLivesOnWhateverOneBeatThrows() {
        try (SessionStore store = new SharedStore()) {
            SessionStore broken = storeWhoseFirstBeat(store, () -> {
                throw new OutOfMemoryError("of a test");
            });
            ClusterNode node = new ClusterNode(broken, Duration.ofSeconds(5), Runnable::run, (kind, letter) -> {});

            node.start();

            Waiting.until("it lives", () -> store.bus().nodes().contains(node.name()) ? true : null);
            node.close();
        }
    }

    @Test
    void aNodeKnowsThatItsLeaseWasOverThoughTheAnswerThatSaidSoWasLost() throws Exception {
        Duration lease = Duration.ofMillis(50);
        try (SessionStore store = new SharedStore();
                CapturedLog log = CapturedLog.of("io.sallyport.session")) {
            AtomicLong isOverAt = new AtomicLong();
            SessionStore lossy = storeWhoseBeat(store, beat -> {
                Object wasAlive = beat.call();
                if (isOverAt.compareAndSet(0, System.nanoTime() + lease.toNanos())) {
                    return wasAlive;
                }
                if (System.nanoTime() <= isOverAt.get()) {
                    throw new StoreUnavailableException("lost before it answered");
                }
                return true;
            });
            ClusterNode node = new ClusterNode(lossy, lease, Runnable::run, (kind, letter) -> {});

            node.start();

            Waiting.until(
                    "it says so",
                    () -> log.messages().stream()
                            .filter(message -> message.contains("not heard of in time"))
                            .findFirst()
                            .orElse(null));
            node.close();
        }
    }

    @Test
    void whoeverWaitsForTheStartDoesNotHoldUpTheNextBeat() throws Exception {
        ExecutorService workers = Executors.newCachedThreadPool();
        CountDownLatch isAwaited = new CountDownLatch(1);
        CompletableFuture<String> thread = new CompletableFuture<>();
        try (SessionStore store = new SharedStore()) {
            SessionStore slow = storeWhoseFirstBeat(store, () -> isAwaited.await(10, TimeUnit.SECONDS));
            ClusterNode node = new ClusterNode(slow, Duration.ofSeconds(5), workers, (kind, letter) -> {});

            node.start().thenRun(() -> thread.complete(Thread.currentThread().getName()));
            isAwaited.countDown();

            assertThat(thread.get(10, TimeUnit.SECONDS)).doesNotContain("lease");
            node.close();
        } finally {
            workers.shutdownNow();
        }
    }

    @Test
    void aNodeThatHasLeftDoesNotLive() throws Exception {
        try (SessionStore store = new SharedStore()) {
            ClusterNode node = new ClusterNode(store, Duration.ofSeconds(5), Runnable::run, (kind, letter) -> {});
            node.start().toCompletableFuture().get(10, TimeUnit.SECONDS);

            node.close();

            assertThat(store.bus().nodes()).isEmpty();
        }
    }
}
