package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Resources that clients watch: once upstream, for all of them. */
@Timeout(30)
class SubscriptionRelayTest {

    private static final String URI = "{\"uri\":\"test://up\"}";
    private static final String UPDATED =
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":{\"uri\":\"test://up\"}}";

    private static void subscribe(RelayClient client) {
        assertThat(client.request("resources/subscribe", URI).result().toJson()).isEqualTo("{}");
    }

    private static void unsubscribe(RelayClient client) {
        assertThat(client.request("resources/unsubscribe", URI).result().toJson())
                .isEqualTo("{}");
    }

    private static McpHttp.Stream listenModern(McpHttp http) throws Exception {
        McpHttp.Stream stream = http.openModern(
                "subscriptions/listen",
                "{\"notifications\":{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"test://up\"]}}");
        assertThat(stream.nextMessage().toJson()).contains("acknowledged", "test://up");
        return stream;
    }

    private static void assertHears(McpHttp.Stream stream, String method) throws Exception {
        assertThat(stream.nextMessage().getString("method")).contains(method);
    }

    private static void awaitRequests(RemoteServer server, String method, int count) {
        Waiting.until(count + " times " + method, () -> {
            int seen = server.http().received(method).size();
            assertThat(seen).isLessThanOrEqualTo(count);
            return seen == count ? seen : null;
        });
    }

    /** Makes the upstream say something that all listeners hear, to show that they heard nothing before it. */
    private static void changeTools(RemoteServer server, String... tools) throws Exception {
        server.setTools(tools);
        server.tell("session-1", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
    }

    @Test
    void twoClientsThatWatchAResourceWatchItOnceUpstream() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            RelayClient bob = RelayClient.legacy(rig.as("bob"));
            RelayClient eve = RelayClient.legacy(rig.as("eve"));
            try (McpHttp.Stream toAnn = ann.listen();
                    McpHttp.Stream toBob = bob.listen();
                    McpHttp.Stream toEve = eve.listen()) {
                subscribe(ann);
                subscribe(ann);
                subscribe(bob);

                // When
                server.tell("session-1", UPDATED);

                assertHears(toAnn, "notifications/resources/updated");
                assertHears(toBob, "notifications/resources/updated");
                assertThat(server.http().received("resources/subscribe")).hasSize(1);

                // When
                unsubscribe(ann);
                unsubscribe(ann);
                server.tell("session-1", UPDATED);

                assertHears(toBob, "notifications/resources/updated");
                assertThat(server.http().received("resources/unsubscribe")).isEmpty();

                // When
                unsubscribe(bob);

                awaitRequests(server, "resources/unsubscribe", 1);
                server.tell("session-1", UPDATED);
                changeTools(server, "work", "late");
                for (McpHttp.Stream stream : List.of(toAnn, toBob, toEve)) {
                    assertHears(stream, "notifications/tools/list_changed");
                }
            }
        }
    }

    @Test
    void clientsOfBothErasShareTheWatchOnALegacyUpstream() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            try (McpHttp.Stream toAnn = ann.listen();
                    McpHttp.Stream toBob = listenModern(rig.as("bob"))) {
                subscribe(ann);
                awaitRequests(server, "resources/subscribe", 1);

                // When
                server.tell("session-1", UPDATED);

                assertHears(toAnn, "notifications/resources/updated");
                JsonValue told = toBob.nextMessage();
                assertThat(told.toJson())
                        .contains("notifications/resources/updated", "\"io.modelcontextprotocol/subscriptionId\":7");

                // When
                ann.http().send("DELETE", "", McpHttp.legacyHeaders(ann.session()));
                server.tell("session-1", UPDATED);

                assertHears(toBob, "notifications/resources/updated");
                assertThat(server.http().received("resources/unsubscribe")).isEmpty();
            }
        }
    }

    @Test
    void aSessionThatEndsWatchesNoMore() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            subscribe(ann);

            // When
            ann.http().send("DELETE", "", McpHttp.legacyHeaders(ann.session()));

            awaitRequests(server, "resources/unsubscribe", 1);
        }
    }

    @Test
    void clientsOfBothErasShareTheWatchOnAModernUpstream() throws Exception {
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            Held lists = server.next("subscriptions/listen");
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            try (McpHttp.Stream toAnn = ann.listen();
                    McpHttp.Stream toBob = listenModern(rig.as("bob"))) {
                Held watching = server.next("subscriptions/listen");
                lists.awaitClosedByClient();
                assertThat(watching.json().toJson()).contains("\"resourceSubscriptions\":[\"test://up\"]");
                subscribe(ann);

                // When
                watching.event(UPDATED.replace(
                        "\"params\":{",
                        "\"params\":{\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":" + watching.id() + "},"));

                JsonValue toldAnn = toAnn.nextMessage();
                assertThat(toldAnn.toJson()).contains("resources/updated").doesNotContain("subscriptionId");
                assertThat(toBob.nextMessage().toJson()).contains("\"io.modelcontextprotocol/subscriptionId\":7");
                assertThat(server.hasNoMore("subscriptions/listen")).isTrue();

                // When
                unsubscribe(ann);
                assertThat(server.hasNoMore("subscriptions/listen")).isTrue();
            }
        }
    }

    @Test
    @Incident("S7")
    void whatWasWatchedIsWatchedAgainAfterALoss() throws Exception {
        for (boolean dies : List.of(true, false)) {
            try (RemoteServer server = RemoteServer.legacy("up");
                    GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
                RelayClient ann = RelayClient.legacy(rig.as("ann"));
                subscribe(ann);
                String before =
                        server.http().received("resources/subscribe").get(0).session();

                // When
                if (dies) {
                    server.die();
                    ann.call("up__work").get();
                    server.live();
                } else {
                    server.script().on("tools/list", exchange -> {
                        if (exchange.session().equals(before)) {
                            exchange.answer(404, null, "");
                        } else {
                            exchange.result(RemoteServer.toolList(List.of("work")));
                        }
                    });
                    changeTools(server, "work");
                }

                String after = Waiting.until(
                        "it is watched in another session",
                        () -> server.http().received("resources/subscribe").stream()
                                .map(exchange -> exchange.session())
                                .filter(session -> !session.equals(before))
                                .findFirst()
                                .orElse(null));
                try (McpHttp.Stream toAnn = ann.listen()) {
                    server.tell(after, UPDATED);
                    List<String> heard = new ArrayList<>();
                    while (!heard.contains("notifications/resources/updated")) {
                        heard.add(toAnn.nextMessage().getString("method").orElseThrow());
                    }
                }
            }
        }
    }

    @Test
    void anUpdateOfAnotherUpstreamsResourceIsNotBelieved() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                RemoteServer liar = RemoteServer.legacy("liar");
                GatewayRig rig = new GatewayRig(server.upstream(), liar.upstream()).ready()) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            subscribe(ann);
            try (McpHttp.Stream toAnn = ann.listen();
                    McpHttp.Stream toBob = listenModern(rig.as("bob"))) {
                // When
                liar.tell("session-1", UPDATED);
                changeTools(liar, "work", "late");

                assertHears(toAnn, "notifications/tools/list_changed");
                assertHears(toBob, "notifications/tools/list_changed");
            }
        }
    }

    @Test
    void aWatchThatTheUpstreamRefusesIsRefused() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            server.script()
                    .on(
                            "resources/subscribe",
                            exchange ->
                                    exchange.error(200, exchange.request().id().token(), -32002, "no such"));
            RelayClient ann = RelayClient.legacy(rig.as("ann"));

            // When
            McpHttp.Answer answer = ann.request("resources/subscribe", URI);

            assertThat(answer.errorCode()).isEqualTo(-32002);
            server.script().on("resources/subscribe", exchange -> exchange.result("{}"));
            subscribe(ann);
            assertThat(server.http().received("resources/subscribe")).hasSize(2);
        }
    }
}
