package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.upstream.http.FakeHttpServer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of calls when a legacy upstream forgets its sessions. */
@Timeout(30)
@Incident("X6")
class UpstreamSessionLossTest {

    /** The ways in which servers in use say that a session is gone. */
    private enum Shape {
        NOT_FOUND(404, 0, ""),
        NOT_FOUND_WITH_ERROR(404, -32001, "Session not found"),
        INVALID_REQUEST(400, -32600, "Session not found"),
        SESSION_ERROR(400, -32001, "Session not found"),
        TERMINATED_IN_ANSWER(200, 32600, "Session terminated");

        private final int status;
        private final int code;
        private final String message;

        Shape(int status, int code, String message) {
            this.status = status;
            this.code = code;
            this.message = message;
        }

        void say(FakeHttpServer.Exchange exchange) throws Exception {
            if (code == 0) {
                exchange.answer(status, null, "");
            } else {
                String id = status == 200 ? exchange.request().id().token() : "null";
                exchange.error(status, id, code, message);
            }
        }
    }

    private final Set<String> forgotten = ConcurrentHashMap.newKeySet();

    private RemoteServer forgetful(Shape shape) throws Exception {
        RemoteServer server = RemoteServer.legacy("up");
        server.script().on("tools/call", exchange -> {
            if (forgotten.contains(exchange.session()) || forgotten.contains("all")) {
                shape.say(exchange);
            } else {
                exchange.result("{\"content\":[],\"in\":\"" + exchange.session() + "\"}");
            }
        });
        return server;
    }

    static Stream<Arguments> shapes() {
        return Stream.of(Shape.values())
                .flatMap(shape -> Stream.of(Era.values()).map(era -> Arguments.of(shape, era)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void theSessionIsOpenedAnewAndTheCallMadeAgainOnce(Shape shape, Era era) throws Exception {
        try (RemoteServer server = forgetful(shape);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            String first =
                    client.call("up__work").get().result().getString("in").orElseThrow();
            forgotten.add(first);

            // When
            McpHttp.Answer answer = client.call("up__work").get();

            assertThat(answer.result().getString("in").orElseThrow()).isNotEqualTo(first);
            assertThat(server.http().received("tools/call")).hasSize(3);
            assertThat(server.sessions())
                    .as("the gateway's, the client's, and another")
                    .hasSize(3);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void anUpstreamThatForgetsEverySessionIsCalledTwiceAndNotMore(Shape shape, Era era) throws Exception {
        try (RemoteServer server = forgetful(shape);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            forgotten.add("all");

            // When
            McpHttp.Answer answer = client.call("up__work").get();

            assertThat(answer.errorCode()).isEqualTo(50901);
            assertThat(answer.error().get("data").orElseThrow().toJson())
                    .contains("\"code\":\"upstream_state_lost\"", "\"retryable\":true");
            assertThat(server.http().received("tools/call")).hasSize(2);
            assertThat(server.sessions()).hasSize(3);
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    @Incident("S183")
    @Incident("S184")
    void aCallWhoseConnectionIsCutIsNotMadeAgain(Era era) throws Exception {
        for (Era upstream : Era.values()) {
            try (RemoteServer server = upstream == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
                    GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
                CompletableFuture<McpHttp.Answer> answer =
                        RelayClient.of(era, rig.as("ann")).call("up__work");

                // When
                server.nextCall().cut();

                assertThat(answer.get().errorCode()).isEqualTo(50900);
                assertThat(answer.get().error().get("data").orElseThrow().toJson())
                        .contains("\"code\":\"outcome_unknown\"", "\"retryable\":false", "\"remedy\"");
                assertThat(server.http().received("tools/call")).hasSize(1);
            }
        }
    }

    @Test
    void aSessionThatIsLostBeforeTheAnswerWasFetchedLeavesTheOutcomeUnknown() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.modern(rig.as("ann")).call("up__work");
            Held call = server.nextCall();
            server.script().on("GET", exchange -> exchange.answer(404, null, ""));

            // When
            call.event(
                    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n" + "id: e1\nretry: 1");
            call.release();

            assertThat(answer.get().errorCode()).isEqualTo(50900);
            assertThat(server.http().received("tools/call")).hasSize(1);
        }
    }

    @Test
    void theOthersSessionsGoOn() throws Exception {
        try (RemoteServer server = forgetful(Shape.NOT_FOUND);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            RelayClient bob = RelayClient.legacy(rig.as("bob"));
            String anns = ann.call("up__work").get().result().getString("in").orElseThrow();
            String bobs = bob.call("up__work").get().result().getString("in").orElseThrow();
            forgotten.add(anns);

            // When
            ann.call("up__work").get().result();

            assertThat(bob.call("up__work").get().result().getString("in")).contains(bobs);
        }
    }

    @Test
    void listsAreReadAgainWhenAClientsSessionWasForgotten() throws Exception {
        try (RemoteServer server = forgetful(Shape.NOT_FOUND);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            server.script().on("GET", exchange -> exchange.answer(405, null, ""));
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            forgotten.add(client.call("up__work").get().result().getString("in").orElseThrow());
            // It was started anew, in another version.
            server.setTools("work", "new");

            // When
            client.call("up__work").get().result();

            io.sallyport.testing.Waiting.until(
                    "the new tool is listed", () -> client.tools().contains("up__new") ? "yes" : null);
        }
    }
}
