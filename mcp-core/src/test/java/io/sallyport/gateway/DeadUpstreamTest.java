package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A slow or dead upstream never delays or removes the others, and comes back by itself. */
@Timeout(30)
@Incident("S6")
@Incident("S40")
@Incident("X7")
class DeadUpstreamTest {

    /** How a server shows, or does not show, that it has died. */
    private enum Kind {
        LEGACY,
        LEGACY_WITHOUT_STREAM,
        MODERN;

        RemoteServer named(String name) throws Exception {
            if (this == MODERN) {
                return RemoteServer.modern(name);
            }
            RemoteServer server = RemoteServer.legacy(name);
            if (this == LEGACY_WITHOUT_STREAM) {
                server.script().on("GET", exchange -> exchange.answer(405, null, ""));
            }
            return server;
        }
    }

    private static void assertServes(RemoteServer server, RelayClient client, String tool) throws Exception {
        CompletableFuture<McpHttp.Answer> answer = client.call(tool);
        server.nextCall().text("well");
        assertThat(answer.get().result().toJson()).contains("well");
    }

    private static void assertFailsAtOnce(RelayClient client, String tool) throws Exception {
        McpHttp.Answer answer = client.call(tool).get();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.errorCode()).isEqualTo(50300);
        assertThat(answer.error().get("data").orElseThrow().toJson())
                .contains("\"code\":\"upstream_unavailable\"", "\"component\":\"sick\"", "\"retryable\":true");
    }

    /**
     * Calls until it is noticed that the upstream is gone. Of calls that went into a connection that was just being cut
     * nobody knows what became.
     */
    private static void awaitNoticed(GatewayRig rig, RelayClient client, String tool) {
        Waiting.until("it is noticed that \"sick\" is gone", () -> {
            assertThat(client.call(tool).get().errorCode()).isIn(50300L, 50900L);
            return rig.gateway.upstreams().stream()
                    .filter(status ->
                            status.name().equals("sick") && !status.state().equals("ready"))
                    .findFirst()
                    .orElse(null);
        });
    }

    private static void awaitState(GatewayRig rig, String upstream, String state) {
        Waiting.until(
                upstream + " is " + state,
                () -> rig.gateway.upstreams().stream()
                        .filter(status ->
                                status.name().equals(upstream) && status.state().equals(state))
                        .findFirst()
                        .orElse(null));
    }

    private static void awaitServes(RemoteServer server, RelayClient client, String tool) throws Exception {
        server.script().on("tools/call", exchange -> exchange.result("{\"content\":[],\"resultType\":\"complete\"}"));
        Waiting.until("calls of " + tool + " go through", () -> {
            McpHttp.Answer answer = client.call(tool).get();
            return answer.message().get("result").orElse(null);
        });
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void oneThatIsDeadAtTheStartComesLater(Era era) throws Exception {
        try (RemoteServer well = RemoteServer.legacy("well");
                RemoteServer sick = RemoteServer.legacy("sick")) {
            sick.die();
            try (GatewayRig rig = new GatewayRig(well.upstream(), sick.upstream()).ready()) {
                RelayClient client = RelayClient.of(era, rig.as("ann"));
                assertThat(client.tools()).containsExactly("well__work");
                assertServes(well, client, "well__work");
                try (McpHttp.Stream listening = client.listen()) {
                    // When
                    sick.live();

                    assertThat(listening.nextMessage().getString("method"))
                            .contains("notifications/tools/list_changed");
                    assertThat(client.tools()).containsExactly("well__work", "sick__work");
                    awaitServes(sick, client, "sick__work");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"server/discover", "tools/list"})
    void oneThatHangsAtTheStartKeepsNoCallOfAnotherWaiting(String where) throws Exception {
        try (RemoteServer well = RemoteServer.modern("well");
                RemoteServer sick = RemoteServer.modern("sick")) {
            sick.hold(where);
            try (GatewayRig rig = new GatewayRig(
                    builder -> builder.startupPatience(Duration.ofMinutes(5)), well.upstream(), sick.upstream())) {
                awaitState(rig, "well", "ready");
                Held hanging = sick.next(where);

                // When
                assertServes(well, RelayClient.modern(rig.as("ann")), "well__work");

                hanging.release();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    @Timeout(12)
    void listsWaitForOneThatHangsAtTheStartOnceAndNotEachTime(Era era) throws Exception {
        try (RemoteServer well = RemoteServer.modern("well");
                RemoteServer sick = RemoteServer.modern("sick")) {
            sick.hold("server/discover");
            try (GatewayRig rig = new GatewayRig(
                    builder -> builder.startupPatience(Duration.ofMillis(700)), well.upstream(), sick.upstream())) {
                awaitState(rig, "well", "ready");

                // When
                for (int i = 0; i < 20; i++) {
                    assertThat(RelayClient.of(era, rig.as("ann")).tools()).containsExactly("well__work");
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"LEGACY,LEGACY", "LEGACY_WITHOUT_STREAM,MODERN", "LEGACY_WITHOUT_STREAM,LEGACY", "MODERN,MODERN"})
    void whatOneThatDiesOffersStaysListedAndItsCallsFailAtOnce(Kind kind, Era era) throws Exception {
        try (RemoteServer well = RemoteServer.legacy("well");
                RemoteServer sick = kind.named("sick");
                GatewayRig rig = new GatewayRig(well.upstream(), sick.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            assertServes(sick, client, "sick__work");

            // When
            sick.die();

            awaitNoticed(rig, client, "sick__work");
            for (int i = 0; i < 3; i++) {
                assertFailsAtOnce(client, "sick__work");
                assertThat(client.tools()).containsExactly("well__work", "sick__work");
                assertServes(well, client, "well__work");
            }
            awaitState(rig, "sick", "down");
            assertFailsAtOnce(client, "sick__work");

            sick.live();
            awaitServes(sick, client, "sick__work");
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatOneThatDiesOffersIsHiddenIfSoConfiguredAndClientsOfBothErasAreTold(Kind kind) throws Exception {
        try (RemoteServer well = RemoteServer.legacy("well");
                RemoteServer sick = kind.named("sick");
                GatewayRig rig = new GatewayRig(
                                builder -> builder.endpoint(Endpoint.at("/mcp").hideWhenDown()),
                                well.upstream(),
                                sick.upstream())
                        .ready()) {
            List<RelayClient> clients = List.of(RelayClient.legacy(rig.as("ann")), RelayClient.modern(rig.as("bob")));
            List<McpHttp.Stream> listening = new ArrayList<>();
            for (RelayClient client : clients) {
                listening.add(client.listen());
                assertThat(client.tools()).containsExactly("well__work", "sick__work");
            }

            // When
            sick.die();
            clients.get(0).call("sick__work").get();

            for (int i = 0; i < 2; i++) {
                awaitToolsChanged(listening.get(i));
                assertThat(clients.get(i).tools()).containsExactly("well__work");
                assertServes(well, clients.get(i), "well__work");
            }

            sick.live();
            for (int i = 0; i < 2; i++) {
                awaitToolsChanged(listening.get(i));
                assertThat(clients.get(i).tools()).containsExactly("well__work", "sick__work");
                listening.get(i).close();
            }
        }
    }

    /** Resources change as well; what is told of them is not of interest here. */
    private static void awaitToolsChanged(McpHttp.Stream stream) throws Exception {
        JsonValue told = stream.nextMessage();
        while (!told.getString("method").orElseThrow().equals("notifications/tools/list_changed")) {
            told = stream.nextMessage();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void callsFailAtOnceWhileOneThatCameBackHangs(Era era) throws Exception {
        try (RemoteServer well = RemoteServer.legacy("well");
                RemoteServer sick = RemoteServer.modern("sick");
                GatewayRig rig = new GatewayRig(well.upstream(), sick.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            sick.hold("server/discover");
            sick.die();
            awaitNoticed(rig, client, "sick__work");
            awaitState(rig, "sick", "down");
            sick.live();
            Held hanging = sick.next("server/discover");

            // When
            assertFailsAtOnce(client, "sick__work");

            assertServes(well, client, "well__work");
            hanging.release();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void oneThatHangsWhenItsListIsReadAgainServesOnAndStaysListed(Era era) throws Exception {
        try (RemoteServer sick = RemoteServer.legacy("sick");
                GatewayRig rig = new GatewayRig(sick.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            sick.hold("tools/list");
            sick.tell("session-1", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");

            // When
            Held list = sick.next("tools/list");

            assertThat(client.tools()).containsExactly("sick__work");
            assertServes(sick, client, "sick__work");
            try (McpHttp.Stream listening = client.listen()) {
                list.result(RemoteServer.toolList(List.of("other")));
                awaitToolsChanged(listening);
                assertThat(client.tools()).containsExactly("sick__other");
            }
        }
    }

    @Test
    void aListThatIsNeverAnsweredIsAskedForAgain() throws Exception {
        try (RemoteServer sick = RemoteServer.legacy("sick");
                GatewayRig rig = new GatewayRig(sick.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            String changed = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}";
            sick.hold("tools/list");
            sick.tell("session-1", changed);
            Held hanging = sick.next("tools/list");

            // When
            rig.pass(Duration.ofSeconds(31));

            assertThat(sick.next("notifications/cancelled").json().toJson()).contains("\"requestId\":" + hanging.id());
            awaitState(rig, "sick", "ready");
            sick.script().on("tools/list", exchange -> exchange.result(RemoteServer.toolList(List.of("late"))));
            sick.tell("session-1", changed);
            Waiting.until("the new list is there", () -> client.tools().contains("sick__late") ? "yes" : null);
        }
    }

    @Test
    void anOlderListDoesNotTakeTheNewerOnesPlace() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            McpHttp.Stream listening = client.listen();
            server.hold("tools/list");
            String changed = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}";
            server.tell("session-1", changed);
            Held first = server.next("tools/list");
            server.tell("session-1", changed);
            server.tell("session-1", changed);

            // When
            server.script().on("tools/list", exchange -> exchange.result(RemoteServer.toolList(List.of("newest"))));
            first.result(RemoteServer.toolList(List.of("older")));

            Waiting.until("the newest is listed", () -> client.tools().contains("up__newest") ? "yes" : null);
            listening.close();
            assertThat(server.http().received("tools/list"))
                    .as("the first, the one held, and one for all that changed meanwhile")
                    .hasSize(3);
        }
    }

    @Test
    void whatChangedWhileNobodyListenedIsFoundOut() throws Exception {
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            Held listen = server.next("subscriptions/listen");
            server.setTools("work", "late");

            // When
            listen.event("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":"
                            + "{\"notifications\":{}}}")
                    .cut();

            RelayClient client = RelayClient.modern(rig.as("ann"));
            Waiting.until("the new tool is listed", () -> client.tools().contains("up__late") ? "yes" : null);
        }
    }

    @Test
    @Incident("S51")
    void whatAnOperatorHasMendedIsTriedAtOnce() throws Exception {
        List<AuditEvent> events = new CopyOnWriteArrayList<>();
        try (RemoteServer sick = RemoteServer.modern("sick")) {
            sick.script().on(Methods.DISCOVER, exchange -> exchange.answer(503, null, "", "Retry-After: 300"));
            try (GatewayRig rig = new GatewayRig(builder -> builder.auditSink(events::add), sick.upstream()).ready()) {
                UpstreamStatus down = rig.gateway.upstreams().get(0);
                assertThat(down.state()).isEqualTo("down");
                assertThat(down.attempts()).isEqualTo(1);
                assertThat(down.retryIn()).hasValue(Duration.ofMinutes(5));
                assertThat(down.remedy()).isPresent();
                sick.script()
                        .on(
                                Methods.DISCOVER,
                                exchange -> exchange.result(
                                        "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
                                                + "\"capabilities\":{\"tools\":{}}}"));

                // When
                boolean isFound = rig.gateway.reset(
                        "upstreams",
                        Optional.of("sick"),
                        new Principal("test", "console", "olga", "default"),
                        "it has more memory now");

                assertThat(isFound).isTrue();
                awaitState(rig, "sick", "ready");
                assertThat(events).singleElement().satisfies(event -> {
                    assertThat(event.action()).isEqualTo("upstreams.reset");
                    assertThat(event.principal().subject()).isEqualTo("olga");
                    assertThat(event.upstream()).hasValue("sick");
                    assertThat(event.reason()).isEqualTo("it has more memory now");
                });
                assertThat(rig.gateway.upstreams().get(0).problem()).isEmpty();
            }
        }
    }

    @Test
    void whatThereIsNotCannotBeReset() throws Exception {
        try (RemoteServer well = RemoteServer.modern("well");
                GatewayRig rig = new GatewayRig(well.upstream()).ready()) {
            assertThat(rig.gateway.reset("upstreams", Optional.of("sick"), Principal.anonymous(), "why not"))
                    .isFalse();
            assertThatThrownBy(() -> rig.gateway.reset("circuits", Optional.empty(), Principal.anonymous(), "why not"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("there is nothing that is named \"circuits\"; there are upstreams and []");
        }
    }
}
