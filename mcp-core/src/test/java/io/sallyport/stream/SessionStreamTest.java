package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Notification;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.ForwardingSessionStore;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a stream is while the log of its events does not answer, and when it has ended. */
class SessionStreamTest {

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Ticks ticks = new Ticks(timer, System::nanoTime);
    private final SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system());
    private final Connection connection = new Connection();
    private boolean answers = true;
    private boolean keeps = true;
    private SessionStream stream;

    @BeforeEach
    void begin() {
        store.create(SessionRecord.opened("key", "/mcp", Principal.anonymous(), "2025-11-25", "{}"));
        EventLog log = (EventLog) Proxy.newProxyInstance(
                EventLog.class.getClassLoader(), new Class<?>[] {EventLog.class}, (proxy, method, args) -> {
                    boolean isAppend = method.getName().equals("append");
                    try {
                        Object result = isAppend && !keeps ? null : method.invoke(store.events(), args);
                        if (isAppend && !answers) {
                            throw new StoreUnavailableException("no answer", new IOException());
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        stream = stream(log, "p1");
        stream.begin(connection, "{}", true);
    }

    private SessionStream stream(EventLog log, String name) {
        return stream(log, name, node(store));
    }

    private static ClusterNode node(SessionStore store) {
        return new ClusterNode(store, Duration.ofSeconds(5), Runnable::run, (kind, letter) -> {});
    }

    private SessionStream stream(EventLog log, String name, ClusterNode node) {
        return new SessionStream(
                new SessionStream.Context(ticks, timer, log, Runnable::run, node, Duration.ofMinutes(1)),
                "key",
                name,
                over -> {},
                null);
    }

    @AfterEach
    void end() {
        ticks.close();
        timer.shutdownNow();
        store.close();
    }

    private void say(int number) {
        stream.send(Notification.of("notifications/" + number, null).toJson());
    }

    private List<Integer> kept() {
        return store.events().read("key", "p1", 0, 100).orElseThrow().events().stream()
                .map(event -> numberIn(event.data()))
                .toList();
    }

    private static int numberIn(String text) {
        Matcher matcher = Pattern.compile("notifications/(\\d+)").matcher(text);
        assertThat(matcher.find()).isTrue();
        return Integer.parseInt(matcher.group(1));
    }

    @Test
    void anEventThatWasKeptWithoutAnAnswerIsNotTakenForTheNextOne() {
        say(1);
        answers = false;
        say(2);
        answers = true;
        say(3);

        assertThat(kept()).containsExactly(1, 2, 3);
        assertThat(connection.frames.get(3)).startsWith("id: p1_3\n").contains("notifications/3");
    }

    @Test
    void anEventThatWasNotKeptIsKeptWithTheNextOne() {
        say(1);
        answers = false;
        keeps = false;
        say(2);
        say(3);
        answers = true;
        keeps = true;
        say(4);

        assertThat(kept()).containsExactly(1, 2, 3, 4);
        assertThat(connection.frames)
                .filteredOn(frame -> frame.contains("notifications/2") || frame.contains("notifications/3"))
                .as("what may not be kept has no id")
                .allMatch(frame -> !frame.startsWith("id: "))
                .hasSize(2);
    }

    @Test
    void whatIsSaidWhileTheLogIsAwayForLongGoesOutAndIsBounded() {
        answers = false;
        keeps = false;
        String large = "x".repeat(1000);
        IntStream.range(0, 300)
                .forEach(i -> stream.send(Notification.of("notifications/" + i, Map.of("x", large))
                        .toJson()));
        answers = true;
        keeps = true;
        say(1000);

        assertThat(connection.frames).hasSize(302);
        assertThat(kept()).as("nothing is kept any more").isEmpty();
    }

    @Test
    void whatIsSaidWhileTheNodeKnowsThatTheStoreIsAwayDoesNotWaitForIt() throws Exception {
        ClusterBus away = (ClusterBus) Proxy.newProxyInstance(
                ClusterBus.class.getClassLoader(), new Class<?>[] {ClusterBus.class}, (proxy, method, args) -> {
                    throw new StoreUnavailableException("cut off by a test");
                });
        ClusterNode node = node(new ForwardingSessionStore(store) {
            @Override
            public Capabilities capabilities() {
                return new Capabilities(true, Durability.SERVER);
            }

            @Override
            public ClusterBus bus() {
                return away;
            }
        });
        node.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
        SessionStream other = stream(store.events(), "p2", node);
        Connection reader = new Connection();
        other.begin(reader, "{}", false);

        other.send("{\"said\":\"meanwhile\"}");

        assertThat(reader.frames)
                .singleElement()
                .asString()
                .doesNotContain("id: ")
                .contains("meanwhile");
        assertThat(store.events().read("key", "p2", 0, 10).orElseThrow().events())
                .isEmpty();
        node.close();
    }

    @Test
    void aConnectionForAStreamThatHasEndedIsClosed() {
        SessionStream ended = stream(store.events(), "p2");
        ended.finish();
        Connection late = new Connection();

        ended.begin(late, "{}", true);

        assertThat(late.frames).last().isEqualTo("closed");
        assertThat(ended.isAttached()).isFalse();
    }

    private static final class Connection implements EventStream {
        private final List<String> frames = new ArrayList<>();
        private Runnable onEnd = () -> {};

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
            frames.add("closed");
            onEnd.run();
        }

        @Override
        public void onEnd(Runnable action) {
            onEnd = action;
        }
    }
}
