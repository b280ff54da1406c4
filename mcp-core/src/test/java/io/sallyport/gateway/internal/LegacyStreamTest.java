package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Notification;
import io.sallyport.spi.EventLog;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a stream is while the log of its events does not answer. */
class LegacyStreamTest {

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Ticks ticks = new Ticks(timer, System::nanoTime);
    private final SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system());
    private final Connection connection = new Connection();
    private boolean answers = true;
    private boolean keeps = true;
    private LegacyStream stream;

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
        stream = new LegacyStream(
                new LegacyStream.Context(ticks, timer, log, Runnable::run, "node", Duration.ofMinutes(1)),
                "key",
                "p1",
                () -> {});
        stream.begin(connection, "{}", true);
    }

    @AfterEach
    void end() {
        ticks.close();
        timer.shutdownNow();
        store.close();
    }

    private void say(int number) {
        stream.send(Notification.of("notifications/" + number, null));
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
        IntStream.range(0, 300).forEach(i -> stream.send(Notification.of("notifications/" + i, Map.of("x", large))));
        answers = true;
        keeps = true;
        say(1000);

        assertThat(connection.frames).hasSize(302);
        assertThat(kept()).as("nothing is kept any more").isEmpty();
    }

    private static final class Connection implements EventStream {
        private final List<String> frames = new ArrayList<>();

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
        }

        @Override
        public void onEnd(Runnable action) {
            // Does not end.
        }
    }
}
