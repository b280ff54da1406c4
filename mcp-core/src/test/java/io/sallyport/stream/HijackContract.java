package io.sallyport.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Principal;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.McpHttp;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A session is of use to nobody but who opened it, where it was opened, as long as it lives; whoever else presents its id
 * finds what he would find with any other, at every node, and does no harm. The test of whatever serves sessions implements
 * this.
 */
public interface HijackContract {

    /** How long a session lives unused. */
    Duration IDLE = Duration.ofMinutes(30);

    /** The id of the call that Ann waits for. */
    int WAITING = 7;

    String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /**
     * Two nodes that share a store, whose sessions live for {@link #IDLE}. Each has the endpoints {@code /mcp} and {@code
     * /other}, both with the tool {@code count}, which reports its progress up to {@code to}, and the tool {@code wait}, which
     * reports some and waits to be released before it reports more. Who asks say the headers, see {@link #principal}.
     */
    interface Cluster extends AutoCloseable {

        /** Returns where one of the two nodes, 0 or 1, has an endpoint. */
        URI at(int node, String path);

        /** Lets time pass for the store. */
        void letPass(Duration duration);

        /** Returns how many sessions live. */
        int sessions();

        /** Lets calls of the tool {@code wait} go on. */
        void release();

        /** Has the first node tell those who listen there that its tools have changed. */
        void toolsChange();

        @Override
        void close();
    }

    /** Returns nodes that have just been started. */
    Cluster cluster() throws Exception;

    /** Returns who sends a request with these headers; without any it is Ann. */
    static Principal principal(Function<String, Optional<String>> header) {
        return new Principal(
                header.apply("X-Issuer").orElse("issuer"),
                header.apply("X-Client").orElse("client"),
                header.apply("X-User").orElse("ann"),
                header.apply("X-Tenant").orElse(Principal.DEFAULT_TENANT));
    }

    private static McpHttp client(Cluster cluster, int node, String path, String... headers) {
        McpHttp client = new McpHttp(cluster.at(node, path));
        for (int i = 0; i < headers.length; i += 2) {
            client.defaults().put(headers[i], headers[i + 1]);
        }
        return client;
    }

    private static String call(String tool, String arguments) {
        return "{\"name\":\"" + tool + "\",\"arguments\":" + arguments + ",\"_meta\":{\"progressToken\":\"secret\"}}";
    }

    /** Reads a stream up to its first event, which has no message, and returns the id of that. */
    private static String first(McpHttp.Stream stream) throws IOException {
        return stream.nextEvent().stream()
                .filter(line -> line.startsWith("id: "))
                .map(line -> line.substring("id: ".length()))
                .findFirst()
                .orElseThrow();
    }

    /** Ann's sessions: one that she uses, with all that a session can have, and two that are no more. */
    final class Scene implements AutoCloseable {

        private final CapturedLog log = CapturedLog.of("io.sallyport.session");
        final Cluster cluster;
        final String session;
        final String expired;
        final String deleted;

        /** After which all of the living session's streams may be gone on with. */
        final List<String> firstEvents = new ArrayList<>();

        private final McpHttp first;
        private final McpHttp.Stream listening;
        private final McpHttp.Stream call;

        Scene(Cluster cluster) throws IOException {
            this.cluster = cluster;
            first = client(cluster, 0, "/mcp");
            expired = withAStream();
            cluster.letPass(IDLE.dividedBy(2));
            session = withAStream();
            deleted = withAStream();
            first.send("DELETE", "", McpHttp.legacyHeaders(deleted));
            cluster.letPass(IDLE.dividedBy(2));
            listening = first.open("GET", "", McpHttp.legacyHeaders(session));
            firstEvents.add(first(listening));
            call = first.openLegacy(session, WAITING, "tools/call", call("wait", "{}"));
            firstEvents.add(first(call));
            call.nextMessage();
        }

        private String withAStream() throws IOException {
            String id = first.initialize("{}");
            try (McpHttp.Stream stream = first.openLegacy(id, 1, "tools/call", call("count", "{\"to\":3}"))) {
                firstEvents.add(first(stream));
                boolean more = true;
                while (more) {
                    more = !stream.nextEvent().isEmpty();
                }
            }
            return id;
        }

        void worksAt(int node, String after) {
            assertThat(client(cluster, node, "/mcp")
                            .legacy(session, 2, "ping", "{}")
                            .status())
                    .as("Ann's session after %s", after)
                    .isEqualTo(200);
        }

        /** What Ann waits for comes to her, where she waits for it. */
        void goesOn() throws IOException {
            cluster.toolsChange();
            assertThat(listening.nextMessage().getString("method")).hasValue("notifications/tools/list_changed");
            cluster.release();
            assertThat(call.nextMessage().getString("method")).hasValue("notifications/progress");
            JsonValue end = call.nextMessage();
            assertThat(end.get("id").map(JsonValue::toJson)).hasValue(Integer.toString(WAITING));
            assertThat(end.get("result")).as("%s", end.toJson()).isPresent();
            for (String id : List.of(session, expired, deleted)) {
                assertThat(log.lines()).as("what operators read").noneMatch(line -> line.contains(id));
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
            call.close();
            log.close();
        }
    }

    /** Something that may be tried with an id. */
    record Request(String method, String body) {}

    Request CALL = new Request("POST", McpHttp.legacyBody(9, "tools/call", call("count", "{\"to\":1}")));
    Request LISTEN = new Request("GET", "");
    Request DELETE = new Request("DELETE", "");

    /** All that would tell something of a session or harm it. */
    private static List<Request> requests() {
        return List.of(
                CALL,
                new Request(
                        "POST",
                        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
                                + WAITING + "}}"),
                new Request("POST", "{\"jsonrpc\":\"2.0\",\"id\":\"x.1\",\"result\":{\"action\":\"accept\"}}"),
                LISTEN,
                DELETE);
    }

    /** Tries everything with an id, and finds nothing. */
    private static void findsNothing(Scene scene, McpHttp client, String id, String what) {
        for (Request request : requests()) {
            isNotFound(client.send(request.method(), request.body(), McpHttp.legacyHeaders(id)), what + ": " + request);
            for (String event : scene.firstEvents) {
                isNotFound(
                        client.send(
                                request.method(), request.body(), McpHttp.legacyHeaders(id, "Last-Event-ID", event)),
                        what + ": " + request + " after " + event);
            }
        }
    }

    private static void isNotFound(McpHttp.Answer answer, String what) {
        assertThat(answer.status()).as(what).isEqualTo(404);
        assertThat(answer.header("Content-Type")).as(what).hasValue("application/json");
        assertThat(answer.header("Mcp-Session-Id")).as(what).isEmpty();
        assertThat(answer.errorCode()).as(what).isEqualTo(-32001);
        assertThat(answer.body()).as(what).doesNotContain("s1.", "secret", "ann");
    }

    /** Who presents an id of Ann's, and where. */
    enum Attempt {
        BY_ANOTHER_USER("/mcp", "X-User", "eve"),
        BY_THE_SAME_USER_WITH_ANOTHER_CLIENT("/mcp", "X-Client", "other"),
        BY_A_USER_WHO_HAS_HER_NAME_AT_ANOTHER_ISSUER("/mcp", "X-Issuer", "other"),
        BY_THE_SAME_USER_IN_ANOTHER_TENANT("/mcp", "X-Tenant", "other"),
        BY_HERSELF_AT_ANOTHER_ENDPOINT("/other"),
        BY_HERSELF_AFTER_IT_HAS_EXPIRED("/mcp"),
        BY_HERSELF_AFTER_SHE_HAS_DELETED_IT("/mcp");

        private final String path;
        private final String[] headers;

        Attempt(String path, String... headers) {
            this.path = path;
            this.headers = headers;
        }

        private String id(Scene scene) {
            return switch (this) {
                case BY_HERSELF_AFTER_IT_HAS_EXPIRED -> scene.expired;
                case BY_HERSELF_AFTER_SHE_HAS_DELETED_IT -> scene.deleted;
                default -> scene.session;
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Attempt.class)
    default void anIdOpensNothing(Attempt attempt) throws Exception {
        try (Cluster cluster = cluster();
                Scene scene = new Scene(cluster)) {
            for (int node = 0; node < 2; node++) {
                findsNothing(
                        scene, client(cluster, node, attempt.path, attempt.headers), attempt.id(scene), attempt.name());

                scene.worksAt(node, attempt.name());
            }
            scene.goesOn();
        }
    }

    @Test
    default void anIdWithOneCharacterChangedOpensNothing() throws Exception {
        try (Cluster cluster = cluster();
                Scene scene = new Scene(cluster)) {
            String id = scene.session;
            for (int i = 0; i < id.length(); i++) {
                // The smallest change there is: one bit of what the character stands for.
                int value = ALPHABET.indexOf(id.charAt(i));
                char other = value < 0 ? (char) (id.charAt(i) ^ 1) : ALPHABET.charAt(value ^ 1 << i % 6);
                String changed = id.substring(0, i) + other + id.substring(i + 1);
                int node = i % 2;
                McpHttp client = client(cluster, node, "/mcp");
                for (Request request : List.of(CALL, LISTEN, DELETE)) {
                    String event = scene.firstEvents.get(i % scene.firstEvents.size());
                    isNotFound(
                            client.send(
                                    request.method(),
                                    request.body(),
                                    McpHttp.legacyHeaders(changed, "Last-Event-ID", event)),
                            "character " + i + ": " + request);
                }

                scene.worksAt(node, changed);
            }
            scene.goesOn();
        }
    }

    /** What stands in the id of an event is no more than the name of a stream, and no secret. */
    @Test
    default void anothersEventsAreNotSeenInASessionOfOnesOwn() throws Exception {
        try (Cluster cluster = cluster();
                Scene scene = new Scene(cluster)) {
            for (int node = 0; node < 2; node++) {
                McpHttp eve = client(cluster, node, "/mcp", "X-User", "eve");
                String own = eve.initialize("{}");
                for (String event : scene.firstEvents) {
                    McpHttp.Answer answer = eve.send("GET", "", McpHttp.legacyHeaders(own, "Last-Event-ID", event));

                    assertThat(answer.status()).isEqualTo(200);
                    assertThat(answer.body()).as("after %s", event).doesNotContain("data:", "id:");
                }
                scene.worksAt(node, "a look at its streams");
            }
            scene.goesOn();
        }
    }

    @Test
    default void anIdThatAClientProposesIsNeverTakenUp() throws Exception {
        try (Cluster cluster = cluster();
                Scene scene = new Scene(cluster)) {
            for (String proposed : List.of(
                    "fixed",
                    UUID.randomUUID().toString(),
                    "s1." + "A".repeat(115),
                    scene.session,
                    scene.expired,
                    scene.deleted)) {
                for (int node = 0; node < 2; node++) {
                    McpHttp eve = client(cluster, node, "/mcp", "X-User", "eve");
                    int before = cluster.sessions();

                    String opened = eve.initialize("{}", "Mcp-Session-Id", proposed);

                    assertThat(opened).isNotEqualTo(proposed);
                    assertThat(cluster.sessions()).as("one more").isEqualTo(before + 1);
                    isNotFound(eve.legacy(proposed, 1, "ping", "{}"), proposed + " when Eve has proposed it");
                    assertThat(eve.send("DELETE", "", McpHttp.legacyHeaders(opened))
                                    .status())
                            .isEqualTo(200);
                    scene.worksAt(node, "it was proposed");
                }
            }
            scene.goesOn();
        }
    }

    @Test
    default void anInventedIdOpensNothingNotEvenASession() throws Exception {
        try (Cluster cluster = cluster();
                Scene scene = new Scene(cluster)) {
            int before = cluster.sessions();
            for (String invented : List.of(
                    "0",
                    "fixed",
                    UUID.randomUUID().toString(),
                    "s1.",
                    "s1." + "A".repeat(115),
                    scene.session + "A",
                    scene.session + "=",
                    scene.session.substring(0, scene.session.length() - 1),
                    scene.session + "," + scene.session)) {
                for (int node = 0; node < 2; node++) {
                    findsNothing(scene, client(cluster, node, "/mcp"), invented, invented);

                    scene.worksAt(node, invented);
                }
            }
            assertThat(cluster.sessions()).isEqualTo(before);
            scene.goesOn();
        }
    }
}
