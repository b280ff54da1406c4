package io.sallyport.session.kill;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.SessionIds;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A node that was paused for longer than its lease does not know that it was, and may not spoil what others went on with. */
class PausedNodeSweepTest {

    private static final boolean FULL = "full".equals(System.getProperty("sallyport.proof"));

    private static final int CALL = 7;

    /** Long enough a call for the pause to meet it, and to go on for a while after that. */
    private static final String COUNTING = counting(300);

    private static Servers servers;

    @TempDir
    Path logs;

    @BeforeAll
    static void startServers() throws IOException {
        servers = new Servers();
    }

    @AfterAll
    static void stopServers() throws IOException {
        servers.close();
    }

    private static String counting(int to) {
        return "{\"name\":\"count\",\"arguments\":{\"to\":" + to + "},\"_meta\":{\"progressToken\":1}}";
    }

    /** What a client has read of one stream. */
    private static final class Reading {

        /** By the numbers of their events. */
        private final Map<Long, String> messages = new LinkedHashMap<>();

        /** What came without an id, and so was not promised. */
        private final List<String> unnumbered = new ArrayList<>();

        private String last = "";

        /** Reads the next event; returns false at the end. */
        boolean next(McpHttp.Stream stream) throws IOException {
            List<String> event = stream.nextEvent();
            boolean isNumbered = false;
            for (String line : event) {
                if (line.startsWith("id: ")) {
                    isNumbered = true;
                    last = line.substring("id: ".length());
                } else if (line.startsWith("data: {")) {
                    take(line.substring("data: ".length()), isNumbered);
                }
            }
            return !event.isEmpty();
        }

        private void take(String message, boolean isNumbered) {
            if (!isNumbered) {
                unnumbered.add(message);
                return;
            }
            long number = Long.parseLong(last.substring(last.lastIndexOf('_') + 1));
            assertThat(messages.put(number, message))
                    .as("event %d for the first time", number)
                    .isNull();
        }

        String stream() {
            return last.substring(0, last.lastIndexOf('_'));
        }

        Reading upTo(int count, McpHttp.Stream stream) throws IOException {
            while (messages.size() < count) {
                assertThat(next(stream)).as("an event after %s", last).isTrue();
            }
            return this;
        }

        Reading toTheEnd(McpHttp.Stream stream) throws IOException {
            boolean more = true;
            while (more) {
                more = next(stream);
            }
            return this;
        }
    }

    private static McpHttp.Stream resume(McpHttp at, String session, Reading read) {
        return at.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", read.last));
    }

    /** A look into the log, past the nodes. */
    private static EventLog.Reading logged(EventLog log, Sealer sealer, String session, String stream) {
        String key = new SessionIds(sealer, InstantSource.system())
                .open(session, "/mcp", Principal.anonymous())
                .orElseThrow()
                .key();
        return log.read(key, stream, 0, Integer.MAX_VALUE).orElseThrow();
    }

    static Stream<String> stores() {
        return FULL ? Stream.of("postgres", "redis") : Stream.of("redis");
    }

    @ParameterizedTest
    @MethodSource("stores")
    void whatAPausedOwnerWritesLateIsRefused(String store) throws Exception {
        String key = Nodes.newKey();
        Sealer sealer = Sealer.withKeys(new SecretKeySpec(Base64.getDecoder().decode(key), "AES"));
        try (Nodes nodes = new Nodes(servers.url(store), key, logs)) {
            Nodes.Node owner = nodes.start("-");
            McpHttp first = new McpHttp(owner.uri());
            McpHttp other = new McpHttp(nodes.start("-").uri());
            String session = first.initialize("{}");
            Reading read = new Reading();
            try (SessionStore looked = SessionStore.sealed(servers.store(store), sealer);
                    McpHttp.Stream left = first.openLegacy(session, CALL, "tools/call", COUNTING)) {
                read.upTo(5, left);
                Reading behind = new Reading();
                behind.last = read.last;

                // When
                owner.pause();
                try (McpHttp.Stream rest = resume(other, session, read)) {
                    read.toTheEnd(rest);
                }
                EventLog.Reading takenOver = logged(looked.events(), sealer, session, read.stream());
                boolean died = owner.process().waitFor(2 * NodeProgram.LEASE.toMillis(), TimeUnit.MILLISECONDS);
                owner.goOn();

                assertThat(died).isFalse();
                assertThat(read.unnumbered).isEmpty();
                Waiting.until("the call has ended that nobody waits for", () -> isOver(first, session) ? true : null);
                assertThat(logged(looked.events(), sealer, session, read.stream()))
                        .as("what was added after the stream was taken over")
                        .isEqualTo(takenOver);
                assertThat(read.messages.keySet())
                        .as("each event once, in order")
                        .containsExactlyElementsOf(LongStream.rangeClosed(1, read.messages.size())
                                .boxed()
                                .toList());
                assertThat(read.messages.values())
                        .as("what the client has read")
                        .containsExactlyElementsOf(takenOver.events().stream()
                                .map(EventLog.Event::data)
                                .toList());
                assertThat(read.messages.values())
                        .filteredOn(message -> !message.contains("notifications/progress"))
                        .as("the end")
                        .singleElement()
                        .asString()
                        .contains("\"id\":" + CALL, "50900", "outcome_unknown");
                // What the node had sent to the log when it was paused may be given up, and go out without an id.
                assertThat(behind.toTheEnd(left).unnumbered)
                        .as("what a client learns that waits at the first node all the time")
                        .allMatch(message -> message.contains("notifications/progress"));
                assertThat(behind.messages)
                        .as("what it may come back with")
                        .allSatisfy(
                                (number, message) -> assertThat(read.messages).containsEntry(number, message))
                        .doesNotContainKey((long) read.messages.size());
            }
            assertThat(owner.said())
                    .as("what the node says of itself")
                    .anyMatch(line -> line.contains("this node was not heard of in time"))
                    .anyMatch(line -> line.contains("another node has taken the stream over"));
            servesAsIfNothingHadBeen(first, other, session);
        }
    }

    /** Whether a call is over at a node: until then its id is not free. */
    private static boolean isOver(McpHttp node, String session) {
        return node.legacy(session, CALL, "tools/call", counting(0)).status() == 200;
    }

    /** The node writes streams again that the others leave to it. */
    private static void servesAsIfNothingHadBeen(McpHttp node, McpHttp other, String session) throws IOException {
        Reading read = new Reading();
        try (McpHttp.Stream stream = node.openLegacy(session, CALL + 1, "tools/call", COUNTING)) {
            read.upTo(1, stream);
        }
        try (McpHttp.Stream stream = resume(other, session, read)) {
            read.toTheEnd(stream);
        }
        JsonValue end = JsonValue.trusted(read.messages.get((long) read.messages.size()));
        assertThat(end.get("result").map(JsonValue::toJson).orElse(""))
                .as("%s", end.toJson())
                .contains("counted to 300");
    }
}
