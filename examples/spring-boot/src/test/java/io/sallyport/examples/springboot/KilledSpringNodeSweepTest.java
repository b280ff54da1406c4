package io.sallyport.examples.springboot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.McpHttp;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.h2.tools.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes as processes of their own; one is killed while a client reads what it says. With the example's sessions the
 * client goes on at the other node and has lost nothing; with those of Spring AI's starter it has no session any more.
 */
class KilledSpringNodeSweepTest {

    private static final int NUMBERS_BEFORE_THE_KILL = 20;

    /** More than it gets to say. */
    private static final String COUNTING =
            "{\"name\":\"count\",\"arguments\":{\"to\":1000000,\"millis\":1},\"_meta\":{\"progressToken\":\"t\"}}";

    private final List<Process> processes = new ArrayList<>();

    private record Node(Process process, McpHttp http) {

        /** As {@code kill -9}: nothing of the process runs any more. */
        void kill() throws InterruptedException {
            process.destroyForcibly();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** What a client saw of a call. */
    private static final class Seen {
        private final List<String> ids = new ArrayList<>();
        private final List<JsonValue> messages = new ArrayList<>();

        /** Reads up to so many messages, the stream's end, or where it breaks. */
        void read(McpHttp.Stream stream, int upTo) {
            try {
                List<String> event = List.of("");
                while (messages.size() < upTo && !event.isEmpty()) {
                    event = stream.nextEvent();
                    for (String line : event) {
                        if (line.startsWith("id:")) {
                            ids.add(line.substring(3).strip());
                        } else if (line.startsWith("data:") && line.contains("{")) {
                            messages.add(JsonValue.trusted(line.substring(5)));
                        }
                    }
                }
            } catch (IOException broken) {
                // That is what a kill looks like.
            }
        }

        String lastId() {
            return ids.get(ids.size() - 1);
        }
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
    }

    private static String randomKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** Starts two at once, because a start takes seconds. */
    private List<Node> startTwo(Class<?> program, Map<String, String> environment) throws IOException {
        List<Process> started = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ProcessBuilder builder = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx128m",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            program.getName())
                    .redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().putAll(environment);
            started.add(builder.start());
        }
        processes.addAll(started);
        List<Node> nodes = new ArrayList<>();
        for (Process process : started) {
            nodes.add(new Node(process, new McpHttp(awaitReady(process))));
        }
        return nodes;
    }

    private static URI awaitReady(Process process) throws IOException {
        String line =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
        assertThat(line).startsWith("READY ");
        return URI.create(line.substring("READY ".length()));
    }

    /** Kills a node that is counting for a client. */
    private static Seen killWhileCounting(Node node, String session) throws Exception {
        Seen seen = new Seen();
        try (McpHttp.Stream stream = node.http().openLegacy(session, 1, "tools/call", COUNTING)) {
            seen.read(stream, NUMBERS_BEFORE_THE_KILL);
            node.kill();
            seen.read(stream, Integer.MAX_VALUE);
        }
        assertThat(seen.messages).as("it was at work when it was killed").hasSizeGreaterThan(1);
        return seen;
    }

    @Test
    void goesOnAtAnotherNodeAndHasLostNothing(@TempDir Path directory) throws Exception {
        Server database = Server.createTcpServer("-tcpPort", "0", "-ifNotExists", "-baseDir", directory.toString())
                .start();
        try {
            List<Node> nodes = startTwo(
                    Main.class,
                    Map.of(
                            "SPRING_DATASOURCE_URL",
                            "jdbc:h2:tcp://127.0.0.1:" + database.getPort() + "/sessions;DB_CLOSE_DELAY=-1",
                            "SPRING_DATASOURCE_USERNAME",
                            "sa",
                            "SESSION_KEY",
                            randomKey()));
            McpHttp other = nodes.get(1).http();
            String session = nodes.get(0).http().initialize("{}");

            // When
            Seen seen = killWhileCounting(nodes.get(0), session);

            int beforeTheKill = seen.messages.size();
            try (McpHttp.Stream rest =
                    other.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", seen.lastId()))) {
                assertThat(rest.status()).isEqualTo(200);
                seen.read(rest, Integer.MAX_VALUE);
            }
            check(seen);
            assertThat(other.legacy(
                                    session,
                                    2,
                                    "tools/call",
                                    "{\"name\":\"count\",\"arguments\":{\"to\":0,\"millis\":0}}")
                            .result()
                            .toJson())
                    .contains("counted to 0");
            System.out.printf(
                    "Spring Boot, our provider: events=%d before=%d lost=0 duplicated=0 reordered=0%n",
                    seen.messages.size(), beforeTheKill);
        } finally {
            database.stop();
        }
    }

    /** The events are all there, once, in order, and the last says that the outcome is unknown. */
    private static void check(Seen seen) {
        String stream = seen.lastId().replaceFirst("_[0-9]+$", "");
        assertThat(seen.ids)
                .isEqualTo(IntStream.rangeClosed(0, seen.messages.size())
                        .mapToObj(number -> stream + "_" + number)
                        .toList());
        int numbers = seen.messages.size() - 1;
        assertThat(seen.messages.subList(0, numbers))
                .extracting(message -> message.get("params")
                        .flatMap(params -> params.get("progress"))
                        .map(JsonValue::toJson)
                        .orElse(""))
                .isEqualTo(IntStream.rangeClosed(1, numbers)
                        .mapToObj(number -> number + ".0")
                        .toList());
        JsonValue end = seen.messages.get(numbers);
        assertThat(end.get("id").map(JsonValue::toJson)).hasValue("1");
        assertThat(end.get("error").flatMap(error -> error.get("code")).map(JsonValue::toJson))
                .as(end.toJson())
                .hasValue("50900");
    }

    @Test
    void losesTheSessionWithTheTransportOfTheStarter() throws Exception {
        List<Node> nodes = startTwo(StarterProgram.class, Map.of());
        McpHttp other = nodes.get(1).http();
        String session = nodes.get(0).http().initialize("{}");

        // When
        killWhileCounting(nodes.get(0), session);

        int status = other.legacy(session, 2, "ping", "{}").status();
        assertThat(status).isEqualTo(404);
        System.out.printf("Spring Boot, the starter's provider: the session is gone, status %d%n", status);
    }
}
