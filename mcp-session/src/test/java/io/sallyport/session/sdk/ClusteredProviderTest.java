package io.sallyport.session.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.SessionIds;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two servers that share a store, and a client that talks now to one, now to the other. */
class ClusteredProviderTest {

    private static final String ASKABLE = "{\"elicitation\":{},\"sampling\":{},\"roots\":{}}";

    private final SharedStore store = new SharedStore();
    private Node a;
    private Node b;

    @BeforeEach
    void start() throws Exception {
        a = new Node(store);
        b = new Node(store);
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
    }

    private static String call(String tool, String arguments) {
        return "{\"name\":\"" + tool + "\",\"arguments\":" + arguments + ",\"_meta\":{\"progressToken\":\"t\"}}";
    }

    private static String text(JsonValue response) {
        return response.get("result")
                .flatMap(result -> result.get("content"))
                .map(content -> content.elements().get(0))
                .flatMap(content -> content.getString("text"))
                .orElseThrow(() -> new AssertionError(response.toJson()));
    }

    private static String id(List<String> event) {
        return event.stream()
                .filter(line -> line.startsWith("id: "))
                .map(line -> line.substring(4))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no id in " + event));
    }

    private static JsonValue message(List<String> event) {
        return event.stream()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> JsonValue.trusted(line.substring(6)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no message in " + event));
    }

    private static McpHttp.Stream listen(Node node, String session, String... headers) throws Exception {
        McpHttp.Stream stream = node.http().open("GET", "", McpHttp.legacyHeaders(session, headers));
        assertThat(stream.status()).isEqualTo(200);
        return stream;
    }

    @Test
    void servesAtOneNodeASessionThatAnotherOpened() {
        String session = a.http().initialize("{}");

        // When
        McpHttp.Answer answer = b.http().legacy(session, 1, "tools/call", call("echo", "{\"text\":\"hi\"}"));

        assertThat(text(answer.message())).isEqualTo("hi");
    }

    @Test
    void answersQuickRequestsAsPlainJsonWithOneLookAtTheStore() {
        String session = a.http().initialize("{}");
        int before = store.finds.get();

        // When
        McpHttp.Answer answer = a.http().legacy(session, 1, "tools/list", "{}");

        assertThat(answer.header("Content-Type")).hasValue("application/json");
        assertThat(answer.result().get("tools").orElseThrow().elements()).isNotEmpty();
        assertThat(store.finds.get() - before).isEqualTo(1);
    }

    @Test
    void callsASessionTheSameAtEveryNodeAndNotByItsId() {
        String session = a.http().initialize("{}");

        // When
        String atA = text(
                a.http().legacy(session, 1, "tools/call", call("session", "{}")).message());
        String atB = text(
                b.http().legacy(session, 2, "tools/call", call("session", "{}")).message());

        assertThat(atA).isEqualTo(atB).isNotEqualTo(session);
    }

    @Test
    void keepsEventsInOrderUnderIdsOfTheirStream() throws Exception {
        String session = a.http().initialize("{}");

        try (McpHttp.Stream stream = b.http().openLegacy(session, 1, "tools/call", call("count", "{\"to\":50}"))) {
            String name = id(stream.nextEvent()).replaceFirst("_0$", "");
            // When
            for (int i = 1; i <= 50; i++) {
                List<String> event = stream.nextEvent();
                assertThat(id(event)).isEqualTo(name + "_" + i);
                assertThat(message(event)
                                .get("params")
                                .orElseThrow()
                                .get("progress")
                                .orElseThrow()
                                .toJson())
                        .isEqualTo(i + ".0");
            }
            assertThat(text(message(stream.nextEvent()))).isEqualTo("counted to 50");
            assertThat(stream.nextEvent()).isEmpty();
        }
    }

    @Test
    void takesAtOneNodeTheAnswerToWhatAnotherHasAsked() throws Exception {
        String session = a.http().initialize(ASKABLE);
        try (McpHttp.Stream stream = a.http().openLegacy(session, 1, "tools/call", call("ask", "{}"))) {
            JsonValue question = stream.nextMessage();
            assertThat(question.getString("method")).hasValue("elicitation/create");

            // When
            McpHttp.Answer accepted = b.http()
                    .post(
                            "{\"jsonrpc\":\"2.0\",\"id\":"
                                    + question.get("id").orElseThrow().toJson()
                                    + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}",
                            McpHttp.legacyHeaders(session));

            assertThat(accepted.status()).isEqualTo(202);
            assertThat(text(stream.nextMessage())).isEqualTo("Hello, Ann");
        }
    }

    @Test
    void acceptsAnAnswerThatNobodyWaitsFor() {
        String session = a.http().initialize(ASKABLE);

        // When
        McpHttp.Answer accepted = a.http()
                .post("{\"jsonrpc\":\"2.0\",\"id\":\"gone.x-1\",\"result\":{}}", McpHttp.legacyHeaders(session));

        assertThat(accepted.status()).isEqualTo(202);
    }

    @Test
    void tellsThoseWhoListenOfWhatHasChanged() throws Exception {
        String session = a.http().initialize("{}");
        try (McpHttp.Stream stream = listen(b, session)) {
            assertThat(id(stream.nextEvent())).endsWith("_0");

            // When
            b.server.mcp.notifyToolsListChanged();

            assertThat(stream.nextMessage().getString("method")).hasValue("notifications/tools/list_changed");
        }
    }

    @Test
    void tellsOfAResourceWhereTheClientListensWhoeverWasAskedToWatchIt() throws Exception {
        String session = a.http().initialize("{}");
        try (McpHttp.Stream stream = listen(b, session)) {
            stream.nextEvent();
            assertThat(a.http()
                            .legacy(session, 1, "resources/subscribe", "{\"uri\":\"" + TestServer.RESOURCE + "\"}")
                            .status())
                    .isEqualTo(200);

            // When
            a.server.mcp.notifyResourcesUpdated(new McpSchema.ResourcesUpdatedNotification(TestServer.RESOURCE));

            assertThat(stream.nextMessage().getString("method")).hasValue("notifications/resources/updated");
        }
    }

    @Test
    void knowsAtANodeThatTakesTheSessionOverWhatIsWatched() throws Exception {
        String session = a.http().initialize("{}");
        a.http().legacy(session, 1, "resources/subscribe", "{\"uri\":\"" + TestServer.RESOURCE + "\"}");
        try (McpHttp.Stream stream = listen(b, session)) {
            stream.nextEvent();

            // When
            b.server.mcp.notifyResourcesUpdated(new McpSchema.ResourcesUpdatedNotification(TestServer.RESOURCE));

            assertThat(stream.nextMessage().getString("method")).hasValue("notifications/resources/updated");
        }
    }

    @Test
    void asksOutsideCallsWhereTheClientListens() throws Exception {
        String session = a.http().initialize(ASKABLE);
        try (McpHttp.Stream stream = listen(b, session)) {
            stream.nextEvent();

            // When
            a.http()
                    .post(
                            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}",
                            McpHttp.legacyHeaders(session));

            JsonValue question = stream.nextMessage();
            assertThat(question.getString("method")).hasValue("roots/list");
            b.http()
                    .post(
                            "{\"jsonrpc\":\"2.0\",\"id\":"
                                    + question.get("id").orElseThrow().toJson()
                                    + ",\"result\":{\"roots\":[{\"uri\":\"file:///home\"}]}}",
                            McpHttp.legacyHeaders(session));
            assertThat(stream.nextMessage().toJson()).contains("roots: file:///home");
        }
    }

    @Test
    void keepsTheLogLevelForTheNextNode() {
        String session = a.http().initialize("{}");
        a.http().legacy(session, 1, "logging/setLevel", "{\"level\":\"critical\"}");

        // When
        McpHttp.Answer answer = b.http().legacy(session, 2, "tools/call", call("log", "{}"));

        assertThat(answer.messages()).hasSize(4);
        assertThat(answer.messages().get(0).toJson()).contains("\"critical\"");
    }

    @Test
    void goesOnWithAStreamAtAnotherNodeWhileItsOwnNodeLives() throws Exception {
        String session = a.http().initialize("{}");
        String last;
        try (McpHttp.Stream stream = a.http().openLegacy(session, 1, "tools/call", call("wait", "{}"))) {
            stream.nextEvent();
            last = id(stream.nextEvent());
        }

        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", last)) {
            // When
            a.server.gate.release();

            assertThat(stream.nextMessage().toJson()).contains("\"progress\":2.0");
            assertThat(text(stream.nextMessage())).isEqualTo("waited");
        }
    }

    @Test
    void goesOnWithTheStreamOutsideCallsAtAnotherNode() throws Exception {
        String session = a.http().initialize("{}");
        String last;
        try (McpHttp.Stream stream = listen(a, session)) {
            last = id(stream.nextEvent());
        }
        a.server.mcp.notifyPromptsListChanged();

        // When
        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", last)) {
            List<String> event = stream.nextEvent();
            assertThat(id(event)).isEqualTo(last.replaceFirst("_0$", "_1"));
            assertThat(message(event).getString("method")).hasValue("notifications/prompts/list_changed");
        }
    }

    @Test
    void tellsAClientThatComesFromAnotherNodeToLookAgain() throws Exception {
        String session = a.http().initialize("{}");
        a.http().legacy(session, 1, "resources/subscribe", "{\"uri\":\"" + TestServer.RESOURCE + "\"}");
        String last;
        try (McpHttp.Stream stream = listen(a, session)) {
            last = id(stream.nextEvent());
        }

        // When
        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", last)) {
            assertThat(stream.nextMessage().getString("method")).hasValue("notifications/tools/list_changed");
            assertThat(stream.nextMessage().getString("method")).hasValue("notifications/resources/list_changed");
            assertThat(stream.nextMessage().toJson()).contains("resources/updated", TestServer.RESOURCE);
        }
    }

    @Test
    void neverShowsTheEventsOfAnotherSessionsStream() throws Exception {
        String ours = a.http().initialize("{}");
        String theirs = a.http().initialize("{}");
        McpHttp.Answer told = a.http().legacy(theirs, 1, "tools/call", call("count", "{\"to\":3}"));
        String theirEvent = told.body()
                .lines()
                .filter(line -> line.startsWith("id: "))
                .findFirst()
                .orElseThrow()
                .substring(4);

        // When
        try (McpHttp.Stream stream = listen(b, ours, "Last-Event-ID", theirEvent)) {
            assertThat(stream.nextEvent()).isEmpty();
        }
    }

    @Test
    void saysThatTheOutcomeIsUnknownOfWhatADeadNodeHasBegun() throws Exception {
        String session = a.http().initialize("{}");
        EventLog.Pen pen = left(session, "pdead", "{\"id\":\"7\"}");
        log().append(key(session), "pdead", pen.fence(), 1, List.of("{\"n\":1}", "{\"n\":2}"), false);

        // When
        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", "pdead_1")) {
            assertThat(stream.nextMessage().toJson()).isEqualTo("{\"n\":2}");
            JsonValue end = stream.nextMessage();
            assertThat(end.get("id").orElseThrow().toJson()).isEqualTo("7");
            assertThat(end.get("error").orElseThrow().get("code").orElseThrow().asLong())
                    .hasValue(50900);
            assertThat(stream.nextEvent()).isEmpty();
        }
    }

    @Test
    void makesAgainWhatADeadNodeHasBegunIfItChangesNothing() throws Exception {
        String session = a.http().initialize("{}");
        left(
                session,
                "pdead",
                io.sallyport.protocol.Json.write(Map.of(
                        "id",
                        "7",
                        "again",
                        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/read\",\"params\":{\"uri\":\""
                                + TestServer.RESOURCE + "\"}}")));

        // When
        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", "pdead_0")) {
            assertThat(stream.nextMessage().toJson()).contains("sunny").contains("\"id\":7");
        }
        assertThat(b.server.reads.availablePermits()).isEqualTo(1);
    }

    private static String key(String session) {
        return new SessionIds(Node.SEALER, InstantSource.system())
                .open(session, "/mcp", Node.user("ann"))
                .orElseThrow()
                .key();
    }

    /** The log as nodes see it. */
    private EventLog log() {
        return SessionStore.sealed(store, Node.SEALER).events();
    }

    /** A stream of a node that is no more. */
    private EventLog.Pen left(String session, String stream, String about) {
        return log().open(key(session), stream, "dead", about).orElseThrow();
    }

    @Test
    void endsASessionAtAllNodes() throws Exception {
        String session = a.http().initialize("{}");
        try (McpHttp.Stream stream = listen(a, session)) {
            stream.nextEvent();

            // When
            McpHttp.Answer deleted = b.http().send("DELETE", "", McpHttp.legacyHeaders(session));

            assertThat(deleted.status()).isEqualTo(200);
            assertThat(stream.nextEvent()).isEmpty();
        }
        McpHttp.Answer after = a.http().legacy(session, 1, "ping", "{}");
        assertThat(after.status()).isEqualTo(404);
        assertThat(after.body()).contains("terminated_by_client");
    }

    @Test
    void tellsACallUnderWayThatItsSessionWasEnded() throws Exception {
        String session = a.http().initialize("{}");
        try (McpHttp.Stream stream = a.http().openLegacy(session, 1, "tools/call", call("wait", "{}"))) {
            stream.nextMessage();

            // When
            b.http().send("DELETE", "", McpHttp.legacyHeaders(session));

            assertThat(stream.nextMessage().toJson()).contains("-32001");
        }
    }

    @Test
    void doesNotExistForOthers() throws Exception {
        String session = a.http().initialize("{}");
        String[] asBob = McpHttp.legacyHeaders(session, "X-User", "bob");

        for (Node node : List.of(a, b)) {
            // When
            List<Integer> statuses = new ArrayList<>();
            statuses.add(
                    node.http().post(McpHttp.legacyBody(1, "ping", "{}"), asBob).status());
            statuses.add(node.http().send("GET", "", asBob).status());
            statuses.add(node.http().send("DELETE", "", asBob).status());

            assertThat(statuses).containsOnly(404);
        }
        assertThat(a.http().legacy(session, 2, "ping", "{}").status()).isEqualTo(200);
    }

    @Test
    void takesNoIdThatAClientHasThoughtOf() {
        McpHttp.Answer opened = a.http()
                .post(
                        "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                                + "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
                        "Mcp-Session-Id",
                        "chosen");

        assertThat(opened.header("Mcp-Session-Id").orElseThrow()).isNotEqualTo("chosen");
        // When
        assertThat(a.http().legacy("chosen", 1, "ping", "{}").status()).isEqualTo(404);
    }

    @Test
    void forgetsASessionThatNobodyUses() {
        String session = a.http().initialize("{}");
        store.letPass(Duration.ofMinutes(31));

        // When
        McpHttp.Answer answer = a.http().legacy(session, 1, "ping", "{}");

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.body()).contains("expired_idle");
    }

    @Test
    void opensNoMoreSessionsThanTheStoreHasRoomFor() throws Exception {
        SharedStore small =
                new SharedStore(new SessionStore.Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 2, 2));
        try (Node node = new Node(small)) {
            node.http().initialize("{}");
            node.http().initialize("{}");

            // When
            McpHttp.Answer full = node.http()
                    .post(
                            "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                                    + "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":"
                                    + "{\"name\":\"t\",\"version\":\"1\"}}}",
                            "X-User",
                            "bob");

            assertThat(full.status()).isEqualTo(503);
            assertThat(full.header("Retry-After")).isPresent();
            assertThat(full.errorCode()).isEqualTo(50301);
        }
    }

    @Test
    void saysWhenToComeBackWhileTheStoreIsAway() {
        String session = a.http().initialize("{}");
        store.goDown(true);

        // When
        McpHttp.Answer answer = a.http().legacy(session, 1, "ping", "{}");

        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.header("Retry-After")).isPresent();
        store.goDown(false);
        assertThat(a.http().legacy(session, 2, "ping", "{}").status()).isEqualTo(200);
    }

    @Test
    void losesNoEventWhenTheStoreKeepsOneAndCannotSaySo() throws Exception {
        String session = a.http().initialize("{}");
        String last;
        try (McpHttp.Stream stream = a.http().openLegacy(session, 1, "tools/call", call("wait", "{}"))) {
            stream.nextEvent();
            last = id(stream.nextEvent());
            // When
            store.loseAnswersToAppends(1);
            a.server.gate.release();

            assertThat(stream.nextEvent()).noneMatch(line -> line.startsWith("id:"));
            assertThat(id(stream.nextEvent())).endsWith("_3");
        }
        try (McpHttp.Stream stream = listen(b, session, "Last-Event-ID", last)) {
            assertThat(stream.nextMessage().toJson()).contains("\"progress\":2.0");
            assertThat(text(stream.nextMessage())).isEqualTo("waited");
        }
    }

    @Test
    void refusesWhatIsNoMessageWithoutSayingWhatItIsMadeOf() {
        String session = a.http().initialize("{}");

        // When
        McpHttp.Answer answer =
                a.http().post("{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\"}", McpHttp.legacyHeaders(session));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).doesNotContain("jackson").doesNotContain("stackTrace");
    }

    @Test
    void asksForTheHeaderOfTheSession() {
        assertThat(a.http().post(McpHttp.legacyBody(1, "ping", "{}")).status()).isEqualTo(400);
    }

    @Test
    void refusesARevisionThatIsNone() {
        String session = a.http().initialize("{}");

        // When
        McpHttp.Answer answer = a.http()
                .post(
                        McpHttp.legacyBody(1, "ping", "{}"),
                        "Mcp-Session-Id",
                        session,
                        "MCP-Protocol-Version",
                        "1900-01-01");

        assertThat(answer.status()).isEqualTo(400);
    }

    @Test
    void isAtItsPathOnly() {
        assertThat(new McpHttp(java.net.URI.create("http://127.0.0.1:" + a.port() + "/other/mcp"))
                        .post(McpHttp.legacyBody(1, "ping", "{}"))
                        .status())
                .isEqualTo(404);
    }

    @Test
    void asksTheHostsValidatorOfHeaders() throws Exception {
        try (Node guarded = new Node(
                store,
                settings -> settings.httpHeaderValidator(headers -> {
                    if (!headers.getHeader("Origin").isEmpty()) {
                        throw new io.modelcontextprotocol.server.transport.ServerTransportSecurityException(403, "no");
                    }
                }))) {
            // When
            McpHttp.Answer answer =
                    guarded.http().post(McpHttp.legacyBody(1, "ping", "{}"), "Origin", "http://evil.example");

            assertThat(answer.status()).isEqualTo(403);
        }
    }

    @Test
    void mayForbidClientsToEndSessions() throws Exception {
        try (Node lasting = new Node(store, settings -> settings.disallowDelete(true))) {
            String session = lasting.http().initialize("{}");

            // When
            int status = lasting.http()
                    .send("DELETE", "", McpHttp.legacyHeaders(session))
                    .status();

            assertThat(status).isEqualTo(405);
            assertThat(lasting.http().legacy(session, 1, "ping", "{}").status()).isEqualTo(200);
        }
    }

    @Test
    void sendsACommentWhileNothingHappens() throws Exception {
        try (Node node = new Node(store, settings -> settings.keepAliveInterval(Duration.ofMillis(50)))) {
            String session = node.http().initialize("{}");
            try (McpHttp.Stream stream = listen(node, session)) {
                // When
                String line = stream.nextLine();
                while (!line.equals(":")) {
                    line = stream.nextLine();
                }
                assertThat(line).isEqualTo(":");
            }
        }
    }

    @Test
    void saysSoIfTheServersCodeAnswersNothing() {
        String session = a.http().initialize("{}");

        // When
        McpHttp.Answer answer = a.http().legacy(session, 1, "tools/call", call("nothing", "{}"));

        assertThat(answer.errorCode()).isEqualTo(-32603);
    }

    @Test
    void runsTheServersCodeInWhatTheHostPutsAroundIt() throws Exception {
        ThreadLocal<String> user = new ThreadLocal<>();
        List<String> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
        try (Node node = new Node(
                store,
                settings -> settings.aroundCalls(request -> {
                    String name = String.valueOf(request.getHeader("X-Name"));
                    return task -> () -> {
                        user.set(name);
                        seen.add(user.get());
                        task.run();
                    };
                }))) {
            String session = node.http().initialize("{}", "X-Name", "opens");

            // When
            node.http().legacy(session, 1, "ping", "{}", "X-Name", "pings");

            assertThat(seen).containsExactly("opens", "pings");
        }
    }

    @Test
    void letsClientsGoOnElsewhereWhenItIsClosed() throws Exception {
        String session = a.http().initialize("{}");
        try (McpHttp.Stream listening = listen(a, session);
                McpHttp.Stream call = a.http().openLegacy(session, 1, "tools/call", call("wait", "{}"))) {
            String last = id(listening.nextEvent());
            String firstOfCall = id(call.nextEvent());
            call.nextMessage();

            // When
            a.provider.closeGracefully().block();

            assertThat(a.http().legacy(session, 2, "ping", "{}").status()).isEqualTo(503);
            try (McpHttp.Stream again = listen(b, session, "Last-Event-ID", firstOfCall)) {
                assertThat(again.nextMessage().toJson()).contains("notifications/progress");
                assertThat(again.nextMessage().get("error").orElseThrow().toJson())
                        .contains("50900");
            }
            try (McpHttp.Stream again = listen(b, session, "Last-Event-ID", last)) {
                b.server.mcp.notifyToolsListChanged();
                assertThat(again.nextMessage().getString("method")).hasValue("notifications/tools/list_changed");
            }
        }
    }

    @Test
    void leavesNoThreadWhenItIsClosed() throws Exception {
        Node node = new Node(store);
        String session = node.http().initialize("{}");
        node.http().legacy(session, 1, "tools/call", call("count", "{\"to\":3}"));
        a.close();
        b.close();

        // When
        node.close();

        Waiting.until(
                "no thread is left",
                () -> Thread.getAllStackTraces().keySet().stream()
                                .noneMatch(thread -> thread.getName().startsWith("sallyport-sdk"))
                        ? true
                        : null);
    }
}
