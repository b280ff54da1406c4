package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a session's stream outside calls is when it goes from node to node. */
class SessionStreamsTest {

    private static final SessionRecord SESSION =
            SessionRecord.opened("key", "/mcp", Principal.anonymous(), "2025-11-25", "{}");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Ticks ticks = new Ticks(timer, System::nanoTime);
    private final AtomicReference<Runnable> beforeTake = new AtomicReference<>(() -> {});
    private final SessionStore store =
            new Shared(SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system()));
    private final Node a = new Node();
    private final Node b = new Node();

    @BeforeEach
    void open() {
        store.create(SESSION);
    }

    @AfterEach
    void end() {
        ticks.close();
        timer.shutdownNow();
        store.close();
    }

    /** A node and what it has of the session. */
    private final class Node {

        private final ClusterNode node =
                new ClusterNode(store, Duration.ofSeconds(5), Runnable::run, (kind, letter) -> {});
        private final SessionStreams streams;

        Node() {
            store.bus().beat(node.name(), Duration.ofMinutes(1));
            EventLog log = (EventLog) Proxy.newProxyInstance(
                    EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (proxy, method, args) -> {
                        if (method.getName().equals("take")) {
                            beforeTake.getAndSet(() -> {}).run();
                        }
                        try {
                            return method.invoke(store.events(), args);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            streams = new SessionStreams(
                    new SessionStream.Context(ticks, timer, log, Runnable::run, node, Duration.ofMinutes(1)),
                    "key",
                    SESSION);
        }

        Connection listen() {
            Connection connection = new Connection();
            streams.listen(connection);
            return connection;
        }

        Connection resume(Connection lost) {
            Connection connection = new Connection();
            streams.resume(connection, lost.lastId(), new Nothing());
            return connection;
        }

        List<ClusterBus.Letter> letters() {
            return store.bus().collect(node.name(), 0, 10, Duration.ZERO);
        }

        boolean say(String data) {
            AtomicReference<Boolean> said = new AtomicReference<>(false);
            streams.sayOutsideCalls(data, false, said::set);
            return said.get();
        }
    }

    @Test
    void whatIsSaidReachesTheNodeThatLivesAlthoughADeadOneHadAStreamBefore() {
        store.events().open("key", "s0", "dead", "{}");
        a.listen();

        boolean said = b.say("{\"x\":1}");

        assertThat(said).isTrue();
        assertThat(a.letters()).hasSize(1);
    }

    @Test
    void aNodeThatHasLostTheStreamSaysElsewhereWhatItHasToSay() {
        Connection first = a.listen();
        b.resume(first);

        a.say("{\"finds\":\"that it has lost it\"}");
        a.say("{\"knows\":\"that it has lost it\"}");

        assertThat(b.letters())
                .extracting(ClusterBus.Letter::text)
                .satisfiesExactly(
                        text -> assertThat(text).contains("{\"finds\":\"that it has lost it\"}"),
                        text -> assertThat(text).contains("{\"knows\":\"that it has lost it\"}"));
    }

    @Test
    void aQuestionReachesAClientOfWhichThisNodeHasNotHeardThatItListensElsewhere() {
        Connection first = a.listen();
        first.close();
        b.resume(first);
        AtomicReference<Boolean> isAsked = new AtomicReference<>();

        a.streams.sayOutsideCalls("{\"id\":1,\"method\":\"roots/list\"}", true, isAsked::set);

        assertThat(isAsked).hasValue(true);
        assertThat(b.letters()).hasSize(1);
    }

    @Test
    void aStreamThatHasComeBackIsNotFinishedByALateWordThatItWasElsewhere() {
        Connection first = a.listen();
        b.resume(first);
        String stream = b.streams.outsideCalls().orElseThrow().name();
        a.say("{\"finds\":\"that it has lost it\"}");
        a.resume(first);

        a.streams.letGoOutsideCalls(stream);

        assertThat(store.events().read("key", stream, 0, 1).orElseThrow().isFinished())
                .isFalse();
    }

    @Test
    void aStreamInWhosePlaceTheClientHasOpenedAnotherIsFinished() {
        a.listen();
        String stream = a.streams.outsideCalls().orElseThrow().name();
        b.listen();

        a.streams.letGoOutsideCalls(b.streams.outsideCalls().orElseThrow().name());

        assertThat(store.events().read("key", stream, 0, 1).orElseThrow().isFinished())
                .isTrue();
    }

    @Test
    void aStreamThatWasTakenTwiceAtTheSameTimeEndsWithTheSession() {
        Connection first = a.listen();
        beforeTake.set(() -> b.resume(first));

        Connection last = b.resume(first);
        assertThat(last.isClosed).isFalse();
        b.streams.finish();

        assertThat(last.isClosed).isTrue();
    }

    private static final class Nothing implements SessionStreams.Continuation {

        @Override
        public void listensAgain(SessionStream stream) {
            // There is nothing to tell.
        }

        @Override
        public void listensHere(SessionStream stream) {
            // The test says nothing to the others.
        }

        @Override
        public void inherits(SessionStream stream, CallNote call) {
            throw new AssertionError("there are no calls");
        }
    }

    private static final class Connection implements EventStream {

        private final List<String> frames = new ArrayList<>();
        private Runnable onEnd = () -> {};
        private boolean isClosed;

        String lastId() {
            return frames.stream()
                    .filter(frame -> frame.startsWith("id: "))
                    .reduce((one, next) -> next)
                    .map(frame -> frame.substring(4, frame.indexOf('\n')))
                    .orElseThrow();
        }

        @Override
        public boolean send(String frame) {
            return !isClosed && frames.add(frame);
        }

        @Override
        public boolean idleFor(long nanos) {
            return false;
        }

        @Override
        public void close() {
            isClosed = true;
            onEnd.run();
        }

        @Override
        public void onEnd(Runnable action) {
            onEnd = action;
        }
    }

    private static final class Shared extends ForwardingSessionStore {
        Shared(SessionStore store) {
            super(store);
        }

        @Override
        public Capabilities capabilities() {
            return new Capabilities(true, Durability.SERVER);
        }
    }
}
