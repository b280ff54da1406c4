package io.sallyport.session.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.McpHttp;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers as processes of their own behind a balancer; a node is killed while a client reads what it says. With our
 * provider the client goes on with its session and has lost nothing that had an id; with the SDK's own the session is lost.
 */
class KilledNodeSweepTest {

    private static final int KILLS = "full".equals(System.getProperty("sallyport.proof")) ? 40 : 2;

    private final long seed = Long.getLong("sallyport.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final List<Process> processes = new ArrayList<>();

    /** A server and the port that it serves at. */
    private record Server(Process process, int port) {

        /** As {@code kill -9}: nothing of the process runs any more. */
        void kill() throws InterruptedException {
            process.destroyForcibly();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** What a client saw of one call: the ids of its events, their messages, and how it ended. */
    private static final class Seen {
        private final List<String> ids = new ArrayList<>();
        private final List<JsonValue> messages = new ArrayList<>();

        /** Reads one event; false at the end of the stream. */
        boolean read(McpHttp.Stream stream) throws IOException {
            List<String> event;
            do {
                event = stream.nextEvent();
            } while (!event.isEmpty() && event.stream().noneMatch(line -> line.startsWith("data:")));
            for (String line : event) {
                if (line.startsWith("id: ")) {
                    ids.add(line.substring(4));
                } else if (line.startsWith("data: {")) {
                    messages.add(JsonValue.trusted(line.substring(6)));
                }
            }
            return !event.isEmpty();
        }

        String lastId() {
            return ids.get(ids.size() - 1);
        }

        /** Reads until the connection breaks. */
        void readToTheBreak(McpHttp.Stream stream) {
            try {
                while (read(stream)) {
                    // Goes on.
                }
            } catch (IOException broken) {
                // That is what a kill looks like.
            }
        }
    }

    private final String key = randomKey();

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
    }

    private static String randomKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    private Server start(String provider, String store) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile="
                                + System.getProperty("logback.configurationFile", "io/sallyport/testing/logback.xml"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        ServerProgram.class.getName(),
                        provider,
                        store,
                        key)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        processes.add(process);
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine();
        while (line != null && !line.startsWith("READY ")) {
            line = out.readLine();
        }
        assertThat(line).as("the server has started").isNotNull();
        return new Server(process, Integer.parseInt(line.substring(6)));
    }

    /** Not faster than a client reads: the log does not keep all. */
    private static String counting() {
        return "{\"name\":\"count\",\"arguments\":{\"to\":\"1000000\",\"pause\":\"1000\"},\"_meta\":{\"progressToken\":\"t\"}}";
    }

    @Test
    void losesNothingThatHadAnIdAndNoSession(@TempDir Path directory) throws Exception {
        try (SharedStores store = SharedStores.start(directory)) {
            List<Server> servers = new ArrayList<>(List.of(start("ours", store.url()), start("ours", store.url())));
            List<Integer> ports = new CopyOnWriteArrayList<>(
                    servers.stream().map(Server::port).toList());
            try (RoundRobin balancer = new RoundRobin(ports);
                    McpSyncClient client = McpClient.sync(HttpClientStreamableHttpTransport.builder(
                                            balancer.uri().toString())
                                    .build())
                            .requestTimeout(Duration.ofSeconds(10))
                            .build()) {
                McpHttp http = new McpHttp(balancer.uri().resolve("/mcp"));
                String session = http.initialize("{}");
                client.initialize();
                String before = session(client);

                for (int kill = 1; kill <= KILLS; kill++) {
                    int victim = random.nextInt(2);
                    Seen seen = new Seen();
                    McpHttp direct = new McpHttp(java.net.URI.create(
                            "http://127.0.0.1:" + servers.get(victim).port() + "/mcp"));
                    try (McpHttp.Stream stream = direct.openLegacy(session, kill, "tools/call", counting())) {
                        int upTo = 1 + random.nextInt(100);
                        while (seen.messages.size() < upTo && seen.read(stream)) {
                            // Goes on.
                        }
                        // When
                        servers.get(victim).kill();
                        seen.readToTheBreak(stream);
                    }
                    int beforeTheKill = seen.messages.size();
                    try (McpHttp.Stream rest =
                            http.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", seen.lastId()))) {
                        assertThat(rest.status()).isEqualTo(200);
                        while (seen.read(rest)) {
                            // Goes on.
                        }
                    }

                    check(seen, kill);
                    assertThat(session(client)).as("seed %d", seed).isEqualTo(before);
                    System.out.printf(
                            "kill %d of %d: events=%d before=%d lost=0 duplicated=0 reordered=0%n",
                            kill, KILLS, seen.messages.size(), beforeTheKill);
                    servers.set(victim, start("ours", store.url()));
                    ports.set(victim, servers.get(victim).port());
                }
            }
        }
    }

    /** The events are all there, once, in order, and the last says that the outcome is unknown. */
    private void check(Seen seen, int call) {
        String stream = seen.lastId().replaceFirst("_[0-9]+$", "");
        List<String> expected = new ArrayList<>();
        for (int number = 0; number <= seen.messages.size(); number++) {
            expected.add(stream + "_" + number);
        }
        assertThat(seen.ids).as("seed %d", seed).isEqualTo(expected);
        List<JsonValue> progress = seen.messages.subList(0, seen.messages.size() - 1);
        for (int i = 0; i < progress.size(); i++) {
            assertThat(progress.get(i).get("params").flatMap(params -> params.get("progress")))
                    .map(JsonValue::toJson)
                    .hasValue((i + 1) + ".0");
        }
        JsonValue end = seen.messages.get(progress.size());
        assertThat(end.get("id").orElseThrow().toJson()).isEqualTo(Integer.toString(call));
        assertThat(end.get("error").flatMap(error -> error.get("code")).map(JsonValue::toJson))
                .as("seed %d: %s", seed, end.toJson())
                .hasValue("50900");
    }

    /** Returns what the server calls the client's session, the same at every node. */
    private static String session(McpSyncClient client) {
        McpSchema.CallToolResult result = client.callTool(
                McpSchema.CallToolRequest.builder("session").arguments(Map.of()).build());
        return ((McpSchema.TextContent) result.content().get(0)).text();
    }

    @Test
    void losesTheSessionWithTheProviderOfTheSdk() throws Exception {
        Server first = start("theirs", "");
        Server second = start("theirs", "");
        McpHttp http = new McpHttp(java.net.URI.create("http://127.0.0.1:" + first.port() + "/mcp"));
        String session = http.initialize("{}");
        Seen seen = new Seen();
        try (McpHttp.Stream stream = http.openLegacy(session, 1, "tools/call", counting())) {
            while (seen.messages.size() < 10 && seen.read(stream)) {
                // Goes on.
            }
            // When
            first.kill();
            seen.readToTheBreak(stream);
        }

        McpHttp other = new McpHttp(java.net.URI.create("http://127.0.0.1:" + second.port() + "/mcp"));
        assertThat(other.legacy(session, 2, "ping", "{}").status()).isEqualTo(404);
        try (McpHttp.Stream rest =
                other.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", seen.lastId()))) {
            assertThat(rest.status()).isEqualTo(404);
        }
        assertThat(Optional.of(seen.messages.get(0)).flatMap(message -> message.getString("method")))
                .as("it was at work when it was killed")
                .hasValue("notifications/progress");
    }
}
