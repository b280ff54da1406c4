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
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.stdio.StdioUpstream;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a client's session has at an upstream, at gateways that share a store of sessions: it has it once. */
public interface UpstreamStateContract {

    /** Returns the store as a node sees it that starts now. All that were returned for one test see the same data. */
    SessionStore storeOfANode();

    /** Returns a container that a node is served by. */
    default Container container() {
        return new JettyContainer();
    }

    /** Two gateways before an upstream, which each of them has made. */
    final class Pair implements AutoCloseable {

        private final UpstreamStateContract contract;
        private final Supplier<Upstream> upstream;
        private final Sealer sealer = Sealer.withKeys(ClusterContract.TwoNodes.key());
        final Member a;
        final Member b;

        Pair(UpstreamStateContract contract, Supplier<Upstream> upstream) throws Exception {
            this.contract = contract;
            this.upstream = upstream;
            a = another();
            b = another();
        }

        Member another() throws Exception {
            return new Member(contract, sealer, upstream.get());
        }

        @Override
        public void close() {
            a.close();
            b.close();
        }
    }

    /** One of them. */
    final class Member implements AutoCloseable {

        private final UnreachableSessionStore store;
        private final McpGateway gateway;
        private final Container container;
        final McpHttp client;

        Member(UpstreamStateContract contract, Sealer sealer, Upstream upstream) throws Exception {
            container = contract.container();
            store = new UnreachableSessionStore(contract.storeOfANode());
            gateway = McpGateway.builder()
                    .upstream(upstream)
                    .endpoint(Endpoint.at("/mcp").transparent())
                    .sessionStore(store)
                    .sealer(sealer)
                    .nodeLease(Duration.ofSeconds(1))
                    .allowAnonymous()
                    .build();
            gateway.start().get(20, TimeUnit.SECONDS);
            client = new McpHttp(
                    URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
        }

        /** Dies, as far as the others can see: it says nothing any more, and hears nothing. */
        void die() {
            store.setReachable(false);
        }

        McpHttp.Answer call(String session, int id, String tool) {
            return client.legacy(session, id, "tools/call", "{\"name\":\"" + tool + "\",\"arguments\":{}}");
        }

        @Override
        public void close() {
            gateway.close();
            try {
                container.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** A server over HTTP whose tool says in which of its sessions it was called. */
    private static RemoteServer remote(Set<String> forgotten) throws Exception {
        RemoteServer server = RemoteServer.legacy("up");
        server.script().on("tools/call", exchange -> {
            if (forgotten.contains(exchange.session())) {
                exchange.answer(404, null, "");
            } else {
                exchange.result("{\"content\":[],\"in\":\"" + exchange.session() + "\"}");
            }
        });
        return server;
    }

    private static String in(McpHttp.Answer answer) {
        return answer.result().getString("in").orElseThrow(() -> new AssertionError(answer.body()));
    }

    @Test
    default void anUpstreamKnowsOneSessionOfAClientWhicheverNodeCalls() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{}");

            String first = in(nodes.a.call(session, 1, "work"));

            assertThat(in(nodes.b.call(session, 2, "work"))).isEqualTo(first);
            assertThat(in(nodes.a.call(session, 3, "work"))).isEqualTo(first);
        }
    }

    @Test
    default void requestsOfTwoNodesInOneSessionHaveDifferentIds() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{}");
            for (int i = 1; i <= 3; i++) {
                nodes.a.call(session, i, "work");
                nodes.b.call(session, -i, "work");
            }

            assertThat(server.http().received("tools/call").stream()
                            .map(exchange -> {
                                try {
                                    return exchange.request().id();
                                } catch (Exception e) {
                                    throw new AssertionError(e);
                                }
                            })
                            .distinct())
                    .hasSize(6);
        }
    }

    @Test
    default void theUpstreamsSessionOutlivesANodeThatStopsAndEndsWithTheClients() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{}");
            String first = in(nodes.a.call(session, 1, "work"));

            nodes.a.close();

            assertThat(in(nodes.b.call(session, 2, "work"))).isEqualTo(first);
            assertThat(ended(server)).doesNotContain(first);
            nodes.b.client.send("DELETE", "", McpHttp.legacyHeaders(session));
            Waiting.until("the upstream is told", () -> ended(server).contains(first) ? true : null);
        }
    }

    private static List<String> ended(RemoteServer server) {
        return server.http().received().stream()
                .filter(exchange -> exchange.method().equals("DELETE"))
                .map(exchange -> exchange.header("Mcp-Session-Id"))
                .toList();
    }

    @Test
    default void nodesThatBeginAtTheSameTimeEndUpInOneSession() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{}");
            List<CompletableFuture<McpHttp.Answer>> racing = IntStream.range(0, 6)
                    .mapToObj(i -> CompletableFuture.supplyAsync(
                            () -> (i % 2 == 0 ? nodes.a : nodes.b).call(session, 10 + i, "work")))
                    .toList();
            racing.forEach(CompletableFuture::join);

            assertThat(in(nodes.a.call(session, 1, "work"))).isEqualTo(in(nodes.b.call(session, 2, "work")));
        }
    }

    @Test
    default void whatOneNodeOpensAnewAfterALossTheOthersUseToo() throws Exception {
        Set<String> forgotten = ConcurrentHashMap.newKeySet();
        try (RemoteServer server = remote(forgotten);
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{}");
            String first = in(nodes.a.call(session, 1, "work"));
            nodes.b.call(session, 2, "work");
            forgotten.add(first);

            String second = in(nodes.b.call(session, 3, "work"));
            nodes.b.call(session, 4, "work");

            assertThat(second).isNotEqualTo(first);
            assertThat(in(nodes.a.call(session, 5, "work"))).isEqualTo(second);
        }
    }

    @Test
    default void whatAnUpstreamSaysOutsideCallsReachesTheClientWhereItListens() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{\"sampling\":{}}");
            String there = in(nodes.a.call(session, 1, "work"));
            try (McpHttp.Stream listening = nodes.b.client.open("GET", "", McpHttp.legacyHeaders(session))) {
                listening.nextEvent();

                server.tell(there, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}");
                assertThat(listening.nextMessage().toJson()).contains("notifications/message");

                server.tell(
                        there, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\",\"params\":{}}");
                JsonValue question = listening.nextMessage();
                nodes.b.client.post(
                        "{\"jsonrpc\":\"2.0\",\"id\":"
                                + question.get("id").orElseThrow().toJson() + ",\"result\":{\"said\":\"yes\"}}",
                        McpHttp.legacyHeaders(session));
                assertThat(server.next("response").exchange().message().toJson())
                        .contains("\"id\":7")
                        .contains("yes");
            }
        }
    }

    @Test
    default void thatTheClientsRootsChangedReachesTheUpstreamFromAnyNode() throws Exception {
        try (RemoteServer server = remote(Set.of());
                Pair nodes = new Pair(this, server::upstream)) {
            String session = nodes.a.client.initialize("{\"roots\":{\"listChanged\":true}}");
            nodes.a.call(session, 1, "work");

            nodes.b.client.post(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}",
                    McpHttp.legacyHeaders(session));

            assertThat(server.next("notifications/roots/list_changed")).isNotNull();
        }
    }

    private static Upstream child() {
        return StdioUpstream.of("child", CountingServer.command()).build();
    }

    private static String text(JsonValue answer) {
        return answer.get("result")
                .flatMap(result -> result.get("content"))
                .map(content -> content.elements().get(0))
                .flatMap(content -> content.getString("text"))
                .orElseThrow(() -> new AssertionError(answer.toJson()));
    }

    /** Returns what a call was answered, in whichever form. */
    private static JsonValue answered(McpHttp.Answer answer) {
        List<JsonValue> messages = answer.messages();
        return messages.get(messages.size() - 1);
    }

    @Test
    default void aChildThatRemembersIsCalledByTheNodeThatHasIt() throws Exception {
        try (Pair nodes = new Pair(this, UpstreamStateContract::child)) {
            String session = nodes.a.client.initialize("{}");
            String first = text(answered(nodes.a.call(session, 1, "count")));

            assertThat(text(answered(nodes.b.call(session, 2, "count")))).isEqualTo(first.replaceFirst("1", "2"));
            assertThat(text(answered(nodes.a.call(session, 3, "count")))).isEqualTo(first.replaceFirst("1", "3"));
        }
    }

    @Test
    default void aClientThatTakesNoStreamGetsTheAnswerOfAnotherNodesChildAsJson() throws Exception {
        try (Pair nodes = new Pair(this, UpstreamStateContract::child)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.call(session, 1, "count");

            McpHttp.Answer answer = nodes.b.client.legacy(
                    session, 2, "tools/call", "{\"name\":\"count\"}", "Accept", "application/json");

            assertThat(answer.header("Content-Type")).contains("application/json");
            assertThat(text(answer.message())).startsWith("2 in ");
        }
    }

    @Test
    default void aCallOfAnotherNodesChildReportsAndMayBeCancelledAtAnyNode() throws Exception {
        try (Pair nodes = new Pair(this, UpstreamStateContract::child)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.call(session, 1, "count");
            String waiting = "{\"name\":\"wait\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}";
            try (McpHttp.Stream stream = nodes.b.client.openLegacy(session, 2, "tools/call", waiting)) {
                assertThat(stream.nextMessage().toJson()).contains("notifications/progress");

                nodes.b.client.post(
                        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":2}}",
                        McpHttp.legacyHeaders(session));

                assertThat(stream.nextEvent()).as("the end").isEmpty();
            }
        }
    }

    @Test
    @Incident("S4")
    default void aClientIsToldOnceThatAChildsStateDiedWithItsNode() throws Exception {
        try (Pair nodes = new Pair(this, UpstreamStateContract::child)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.call(session, 1, "count");

            nodes.a.die();
            JsonValue told = Waiting.until("the node is taken for dead", () -> lost(nodes.b.call(session, 2, "count")));

            assertThat(told.get("code").orElseThrow().toJson()).isEqualTo("50901");
            assertThat(told.toJson()).contains("upstream_state_lost").contains("\"retryable\":true");
            assertThat(text(answered(nodes.b.call(session, 3, "count")))).startsWith("1 in ");
        }
    }

    /** Calls that a node still seemed to be there for have an unknown outcome. */
    private static JsonValue lost(McpHttp.Answer answer) {
        return Optional.of(answered(answer))
                .flatMap(message -> message.get("error"))
                .filter(error -> !error.toJson().contains("50900"))
                .orElse(null);
    }

    @Test
    default void aCallOfADeadNodesChildHasAnUnknownOutcome() throws Exception {
        try (Pair nodes = new Pair(this, UpstreamStateContract::child)) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.call(session, 1, "count");
            String waiting = "{\"name\":\"wait\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}";
            try (McpHttp.Stream stream = nodes.b.client.openLegacy(session, 2, "tools/call", waiting)) {
                stream.nextMessage();

                nodes.a.die();

                assertThat(stream.nextMessage().toJson()).contains("50900").contains("\"id\":2");
            }
        }
    }

    @Test
    default void aChildThatRemembersNothingIsCalledByEachNodeItself() throws Exception {
        try (Pair nodes = new Pair(
                this,
                () -> StdioUpstream.of("child", CountingServer.command())
                        .stateless(true)
                        .build())) {
            String session = nodes.a.client.initialize("{}");
            nodes.a.call(session, 1, "count");

            assertThat(text(answered(nodes.b.call(session, 2, "count")))).startsWith("1 in ");
        }
    }
}
