package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Waiting;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of what is said while a node takes its store for lost, which is back a moment later. */
class StoreBlipTest {

    private static final SessionRecord SESSION =
            SessionRecord.opened("key", "/mcp", Principal.anonymous(), "2025-11-25", "{}");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Ticks ticks = new Ticks(timer, System::nanoTime);
    private final SessionStore memory = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system());
    private volatile boolean beatFails;

    private final ClusterBus bus = (ClusterBus) Proxy.newProxyInstance(
            ClusterBus.class.getClassLoader(), new Class<?>[] {ClusterBus.class}, (proxy, method, args) -> {
                if (beatFails && method.getName().equals("beat")) {
                    throw new StoreUnavailableException("cut off by a test");
                }
                try {
                    return method.invoke(memory.bus(), args);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            });

    private final SessionStore store = new ForwardingSessionStore(memory) {
        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.SERVER);
        }

        @Override
        public ClusterBus bus() {
            return bus;
        }
    };

    private final ClusterNode node =
            new ClusterNode(store, Duration.ofSeconds(20), Runnable::run, (kind, letter) -> {});
    private final SessionStream.Context context =
            new SessionStream.Context(ticks, timer, memory.events(), Runnable::run, node, Duration.ofMinutes(1));
    private final SessionStreams streams = new SessionStreams(context, "key", SESSION);

    @BeforeEach
    void open() throws Exception {
        store.create(SESSION);
        beatFails = true;
        node.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void end() {
        node.close();
        ticks.close();
        timer.shutdownNow();
        store.close();
    }

    private void storeIsBack() {
        beatFails = false;
        Waiting.until("the node knows", () -> node.isStoreDown() ? null : true);
    }

    private List<EventLog.Event> kept(String stream) {
        return memory.events().read("key", stream, 0, 1000).orElseThrow().events();
    }

    @Test
    void whoeverFollowsTheStreamInTheLogGetsAQuestionAfterWhichNothingIsSaid() {
        EventLog.Pen pen = memory.events().open("key", "p1", node.name(), "{}").orElseThrow();
        SessionStream stream = new SessionStream(context, "key", "p1", over -> {}, pen);

        stream.send("{\"id\":1,\"method\":\"elicitation/create\"}");
        storeIsBack();

        Waiting.until("it is in the log", () -> kept("p1").isEmpty() ? null : true);
        assertThat(kept("p1")).extracting(EventLog.Event::number).containsExactly(1L);
    }

    @Test
    void aClientThatComesBackMissesNothing() {
        SessionStream stream = stream();
        stream.send("{\"n\":1}");
        storeIsBack();
        Waiting.until("it is in the log", () -> kept(stream.name()).isEmpty() ? null : true);
        beatFails = true;
        Waiting.until("the node knows", () -> node.isStoreDown() ? true : null);

        stream.send("{\"n\":2}");
        storeIsBack();
        Connection again = new Connection();
        streams.resume(again, stream.name() + "_1", new Nothing());
        stream.send("{\"n\":3}");

        assertThat(again.frames)
                .extracting(
                        frame -> frame.substring(frame.indexOf("data: ") + 6).strip())
                .containsExactly("{\"n\":2}", "{\"n\":3}");
    }

    private SessionStream stream() {
        return streams.open(new Connection(), CallNote.decoded("{\"id\":\"1\",\"upstream\":\"\"}"));
    }

    @Test
    void theAnswerIsKeptThoughMoreWasSaidBeforeItThanCanBeKeptForLater() {
        SessionStream stream = stream();
        String large = "{\"x\":\"" + "y".repeat(1000) + "\"}";
        for (int i = 0; i < 300; i++) {
            stream.send(large);
        }

        stream.finish("{\"answer\":true}");
        storeIsBack();

        Waiting.until(
                "it has ended",
                () -> memory.events()
                                .read("key", stream.name(), 0, 1)
                                .orElseThrow()
                                .isFinished()
                        ? true
                        : null);
        assertThat(kept(stream.name())).extracting(EventLog.Event::data).contains("{\"answer\":true}");
    }

    @Test
    void eventsAreKeptAgainAfterMoreWasSaidThanCanBeKeptForLater() {
        SessionStream stream = stream();
        String large = "{\"x\":\"" + "y".repeat(1000) + "\"}";
        for (int i = 0; i < 300; i++) {
            stream.send(large);
        }
        storeIsBack();

        Waiting.until("an event is kept", () -> {
            stream.send("{\"n\":1}");
            return kept(stream.name()).isEmpty() ? null : true;
        });
        assertThat(kept(stream.name()).get(0).number()).isEqualTo(1);
    }

    private static final class Nothing implements SessionStreams.Continuation {

        @Override
        public void listensAgain(SessionStream stream) {
            // There is nothing to tell.
        }

        @Override
        public void listensHere(SessionStream stream) {
            // There is nobody to tell.
        }

        @Override
        public void inherits(SessionStream stream, CallNote call) {
            throw new AssertionError("the node lives");
        }
    }

    private static final class Connection implements EventStream {

        private final List<String> frames = new CopyOnWriteArrayList<>();

        @Override
        public boolean send(String frame) {
            return frames.add(frame);
        }

        @Override
        public boolean idleFor(long nanos) {
            return false;
        }

        @Override
        public void close() {
            // There is nothing to let go of.
        }

        @Override
        public void onEnd(Runnable action) {
            // It does not end by itself.
        }
    }
}
