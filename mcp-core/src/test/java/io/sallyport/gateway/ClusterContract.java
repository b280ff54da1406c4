package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Container;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.UnreachableSessionStore;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.local.InputRequest;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Resource;
import io.sallyport.upstream.local.ResourceContents;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** What gateways that share a store of sessions are to their clients: one. A store's test implements this. */
public interface ClusterContract extends UpstreamStateContract {

    /** Two gateways with tools of their own and a store that they share. */
    final class TwoNodes implements AutoCloseable {

        private final Sealer sealer = Sealer.withKeys(key());
        public final Node a;
        public final Node b;

        static SecretKey key() {
            byte[] bytes = new byte[32];
            new SecureRandom().nextBytes(bytes);
            return new SecretKeySpec(bytes, "AES");
        }

        public TwoNodes(ClusterContract contract) throws Exception {
            a = new Node(contract.storeOfANode(), sealer, contract.container());
            b = new Node(contract.storeOfANode(), sealer, contract.container());
        }

        @Override
        public void close() {
            a.close();
            b.close();
        }
    }

    /** A gateway. */
    final class Node implements AutoCloseable {

        final CountDownLatch called = new CountDownLatch(1);
        public final CountDownLatch release = new CountDownLatch(1);
        final CountDownLatch interrupted = new CountDownLatch(1);
        final AtomicInteger reads = new AtomicInteger();
        final UnreachableSessionStore store;
        final LocalServer server;
        final McpGateway gateway;
        final Container container;
        public final McpHttp client;

        Node(SessionStore shared, Sealer sealer) throws Exception {
            this(shared, sealer, new JettyContainer());
        }

        Node(SessionStore shared, Sealer sealer, Container container) throws Exception {
            this.container = container;
            store = new UnreachableSessionStore(shared);
            server = LocalServer.named("local")
                    .tool(Tool.named("echo")
                            .param("text", "string", "What to say")
                            .handler(call -> ToolResult.text(call.string("text"))))
                    .tool(Tool.named("steps").handler(call -> {
                        call.progress(1, 3, "one");
                        call.progress(2, 3, "two");
                        held();
                        call.progress(3, 3, "three");
                        return ToolResult.text("done");
                    }))
                    .tool(Tool.named("say").handler(call -> {
                        call.log("debug", "quietly");
                        call.log("error", "loudly");
                        return ToolResult.text("said");
                    }))
                    .tool(Tool.named("ask")
                            .handler(call -> call.filledIn("name")
                                    .map(form -> ToolResult.text(
                                            "Hello, " + form.getString("name").orElse("nobody")))
                                    .orElseGet(() -> ToolResult.inputRequired(InputRequest.elicitation(
                                            "name",
                                            "Who are you?",
                                            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}")))))
                    .resource(Resource.at("test://slow").reader((uri, call) -> {
                        reads.incrementAndGet();
                        call.progress(1, 2, "reading");
                        held();
                        return ResourceContents.text(uri, "text/plain", "read");
                    }))
                    .resource(Resource.at("test://watched")
                            .reader((uri, call) -> ResourceContents.text(uri, "text/plain", "x")))
                    .build();
            gateway = McpGateway.builder()
                    .upstream(server)
                    .endpoint(Endpoint.at("/mcp").transparent())
                    .sessionStore(store)
                    .sealer(sealer)
                    .nodeLease(Duration.ofSeconds(1))
                    .allowAnonymous()
                    .build();
            gateway.start().get(10, TimeUnit.SECONDS);
            client = new McpHttp(
                    URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
        }

        private void held() throws InterruptedException {
            called.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
        }

        /** Returns the sessions, as an operator is shown them. */
        public List<SessionAdministration.Entry> list() {
            return gateway.sessions().list("", 100, Optional.empty(), Optional.empty());
        }

        /** Dies, as far as the others can see: it says nothing any more, and hears nothing. */
        void die() {
            store.setReachable(false);
        }

        @Override
        public void close() {
            release.countDown();
            gateway.close();
            try {
                container.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static String call(String tool) {
        return "{\"name\":\"" + tool + "\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}";
    }

    /** What a client has read of a stream. */
    final class Read {
        final List<String> messages = new ArrayList<>();
        String last = "";

        /** Reads the next event; returns false at the end. */
        boolean next(McpHttp.Stream stream) throws IOException {
            List<String> event = stream.nextEvent();
            for (String line : event) {
                if (line.startsWith("id: ")) {
                    last = line.substring(4);
                } else if (line.startsWith("data: {")) {
                    messages.add(line.substring(6));
                }
            }
            return !event.isEmpty();
        }

        Read until(McpHttp.Stream stream, String text) throws IOException {
            while (messages.stream().noneMatch(message -> message.contains(text))) {
                assertThat(next(stream))
                        .as("%s before the end of %s", text, messages)
                        .isTrue();
            }
            return this;
        }

        Read toTheEnd(McpHttp.Stream stream) throws IOException {
            boolean more = true;
            while (more) {
                more = next(stream);
            }
            return this;
        }
    }

    private static McpHttp.Stream resume(Node at, String session, String lastEvent) {
        return at.client.open("GET", "", McpHttp.legacyHeaders(session, "Last-Event-ID", lastEvent));
    }

    @Test
    @Incident("S4")
    @Incident("S135")
    default void anyNodeServesASession() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");

            for (int i = 1; i <= 6; i++) {
                McpHttp client = i % 2 == 0 ? nodes.a.client : nodes.b.client;
                assertThat(client.legacy(
                                        session,
                                        i,
                                        "tools/call",
                                        "{\"name\":\"echo\",\"arguments\":{\"text\":\"" + i + "\"}}")
                                .result()
                                .toJson())
                        .contains("\"" + i + "\"");
            }
        }
    }

    @Test
    default void aSessionThatOneNodeEndedHasEndedAtAll() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            try (McpHttp.Stream stream = nodes.a.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                stream.nextEvent();

                assertThat(nodes.b
                                .client
                                .send("DELETE", "", McpHttp.legacyHeaders(session))
                                .status())
                        .isEqualTo(200);

                assertThat(stream.nextEvent()).as("the end").isEmpty();
                McpHttp.Answer answer = nodes.a.client.legacy(session, 1, "ping", "{}");
                assertThat(answer.status()).isEqualTo(404);
                assertThat(answer.body()).contains("terminated_by_client");
            }
        }
    }

    @Test
    default void anAnswerToWhatTheClientWasAskedMayComeToAnyNode() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{\"elicitation\":{}}");
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 1, "tools/call", call("ask"))) {
                JsonValue question = stream.nextMessage();
                String id = question.get("id").orElseThrow().toJson();

                assertThat(nodes.b
                                .client
                                .post(
                                        "{\"jsonrpc\":\"2.0\",\"id\":" + id
                                                + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}",
                                        McpHttp.legacyHeaders(session))
                                .status())
                        .isEqualTo(202);

                assertThat(stream.nextMessage().toJson()).contains("Hello, Ann");
            }
        }
    }

    @Test
    default void anotherSessionsAnswerIsNotTaken() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{\"elicitation\":{}}");
            String other = nodes.a.client.initialize("{\"elicitation\":{}}");
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 1, "tools/call", call("ask"))) {
                String id = stream.nextMessage().get("id").orElseThrow().toJson();
                for (String name : new String[] {"Eve", "Ann"}) {
                    nodes.b.client.post(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + id
                                    + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"" + name + "\"}}}",
                            McpHttp.legacyHeaders(name.equals("Eve") ? other : session));
                }

                assertThat(stream.nextMessage().toJson()).contains("Hello, Ann");
            }
        }
    }

    @Test
    default void aCallMayBeCancelledAtAnyNode() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                nodes.a.called.await();

                nodes.b.client.post(
                        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}",
                        McpHttp.legacyHeaders(session));

                assertThat(nodes.a.interrupted.await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(new Read().toTheEnd(stream).messages).noneMatch(message -> message.contains("\"id\":7"));
            }
        }
    }

    @Test
    default void theNodeAtWhichAClientListensTellsOfChanges() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://watched\"}");
            try (McpHttp.Stream stream = nodes.b.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                stream.nextEvent();

                nodes.b.server.add(Tool.named("late").handler(call -> ToolResult.text("late")));
                assertThat(stream.nextMessage().getString("method")).contains("notifications/tools/list_changed");
                nodes.b.server.resourceUpdated("test://watched");
                assertThat(stream.nextMessage().getString("method")).contains("notifications/resources/updated");
            }
        }
    }

    @Test
    default void aResourceThatIsWatchedFromElsewhereIsTold() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            try (McpHttp.Stream stream = nodes.b.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                stream.nextEvent();
                nodes.a.client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://watched\"}");

                CompletableFuture<JsonValue> message = CompletableFuture.supplyAsync(() -> {
                    try {
                        return stream.nextMessage();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                JsonValue told = Waiting.until("the other node watches", () -> {
                    nodes.b.server.resourceUpdated("test://watched");
                    return message.getNow(null);
                });

                assertThat(told.getString("method")).contains("notifications/resources/updated");
            }
        }
    }

    @Test
    default void aClientThatListensAtAnotherNodeListensNoMoreAtTheFirst() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            try (McpHttp.Stream first = nodes.a.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                first.nextEvent();
                try (McpHttp.Stream second = nodes.b.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                    second.nextEvent();

                    assertThat(first.nextEvent()).as("the end").isEmpty();
                }
            }
        }
    }

    @Test
    default void aClientThatComesFromADeadNodeIsToldToLookAgain() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.client.legacy(session, 1, "resources/subscribe", "{\"uri\":\"test://watched\"}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                read.next(stream);
                nodes.a.die();
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last)) {
                read.until(stream, "tools/list_changed")
                        .until(stream, "resources/list_changed")
                        .until(stream, "test://watched");
            }
        }
    }

    @Test
    default void aClientThatLostItsStreamIsToldWhatChangedWhenItComesBack() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                read.next(stream);
            }
            nodes.a.server.add(Tool.named("late").handler(call -> ToolResult.text("late")));

            try (McpHttp.Stream stream = resume(nodes.a, session, read.last)) {
                read.until(stream, "tools/list_changed");
            }
        }
    }

    @Test
    default void theLevelOfLogMessagesHoldsAtAllNodes() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.client.legacy(session, 1, "logging/setLevel", "{\"level\":\"error\"}");

            String said =
                    nodes.b.client.legacy(session, 2, "tools/call", call("say")).body();

            assertThat(said).contains("loudly").doesNotContain("quietly");
        }
    }

    @Test
    @Incident("S32")
    default void aClientGoesOnAtAnotherNodeWhereItStopped() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                read.until(stream, "\"one\"");
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last)) {
                read.until(stream, "\"two\"");
                nodes.a.release.countDown();
                read.toTheEnd(stream);
            }

            assertThat(read.messages)
                    .satisfiesExactly(
                            m -> assertThat(m).contains("\"one\""),
                            m -> assertThat(m).contains("\"two\""),
                            m -> assertThat(m).contains("\"three\""),
                            m -> assertThat(m).contains("\"id\":7", "done"));
        }
    }

    @Test
    default void whatHasEndedMeanwhileIsReadToItsEndAtAnotherNode() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            nodes.a.release.countDown();
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                read.toTheEnd(stream);
            }
            Read again = new Read();
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last.replaceAll("_\\d+$", "_0"))) {
                again.toTheEnd(stream);
            }

            assertThat(again.messages).isEqualTo(read.messages).hasSize(4);
        }
    }

    @Test
    default void noEventOfAnotherSessionIsEverSeen() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            nodes.a.release.countDown();
            String session = nodes.a.client.initialize("{}");
            String other = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                read.toTheEnd(stream);
            }
            for (Node node : List.of(nodes.a, nodes.b)) {
                try (McpHttp.Stream stream = resume(node, other, read.last.replaceAll("_\\d+$", "_0"))) {
                    assertThat(new Read().toTheEnd(stream).messages).isEmpty();
                }
            }
        }
    }

    @Test
    default void aCallWhoseNodeDiedEndsWithoutAWordOfWhetherItWasCarriedOut() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                read.until(stream, "\"two\"");
                nodes.a.die();
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last)) {
                read.toTheEnd(stream);
            }

            assertThat(read.messages)
                    .satisfiesExactly(
                            m -> assertThat(m).contains("\"one\""),
                            m -> assertThat(m).contains("\"two\""),
                            m -> assertThat(m).contains("\"id\":7", "50900", "outcome_unknown"));
            assertThat(nodes.b.called.getCount()).as("not carried out twice").isEqualTo(1);
        }
    }

    @Test
    default void aNodeThatStopsLeavesItsStreamsToTheOthers() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            Read call = new Read();
            Read listening = new Read();
            try (McpHttp.Stream stream = nodes.a.client.open("GET", "", McpHttp.legacyHeaders(session));
                    McpHttp.Stream answer = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                listening.next(stream);
                call.until(answer, "\"two\"");

                nodes.a.gateway.close();

                call.toTheEnd(answer);
                listening.toTheEnd(stream);
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, listening.last);
                    McpHttp.Stream answer = resume(nodes.b, session, call.last)) {
                call.toTheEnd(answer);
                listening.until(stream, "list_changed");
            }

            assertThat(call.messages).last().asString().contains("\"id\":7", "50900");
        }
    }

    @Test
    default void whatChangesNothingIsDoneAgainWhenItsNodeDied() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            nodes.b.release.countDown();
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(
                    session, 7, "resources/read", "{\"uri\":\"test://slow\",\"_meta\":{\"progressToken\":1}}")) {
                read.until(stream, "reading");
                nodes.a.die();
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last)) {
                read.until(stream, "\"id\":7").toTheEnd(stream);
            }

            assertThat(read.messages.get(read.messages.size() - 1)).contains("\"id\":7", "\"read\"");
            assertThat(nodes.b.reads).hasValue(1);
        }
    }

    @Test
    default void aNodeThatWasTakenForDeadAddsNothingAfterwards() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            Read read = new Read();
            try (McpHttp.Stream stream = nodes.a.client.openLegacy(session, 7, "tools/call", call("steps"))) {
                read.until(stream, "\"two\"");
                nodes.a.die();
            }
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last)) {
                read.toTheEnd(stream);
            }
            nodes.a.store.setReachable(true);
            nodes.a.release.countDown();
            nodes.a.gateway.close(Duration.ofSeconds(10));

            Read again = new Read();
            try (McpHttp.Stream stream = resume(nodes.b, session, read.last.replaceAll("_\\d+$", "_0"))) {
                again.toTheEnd(stream);
            }
            assertThat(again.messages).isEqualTo(read.messages);
        }
    }

    @Test
    @Incident("S1")
    default void withoutTheStoreOnlySessionsAreNotServed() throws Exception {
        try (TwoNodes nodes = new TwoNodes(this)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.store.setReachable(false);

            McpHttp.Answer answer = nodes.a.client.legacy(session, 1, "tools/list", "{}");
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.error().toJson()).contains("unavailable", "sessions", "\"retryable\":true");
            assertThat(answer.header("Retry-After").map(Integer::parseInt).orElseThrow())
                    .isBetween(1, 10);
            assertThat(nodes.a.client.modern("tools/list", "{}").status()).isEqualTo(200);

            nodes.a.store.setReachable(true);
            assertThat(nodes.a.client.legacy(session, 2, "tools/list", "{}").status())
                    .isEqualTo(200);
        }
    }
}
