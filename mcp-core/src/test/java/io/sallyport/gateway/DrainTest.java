package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** How a gateway ends: what is under way may end, nothing new begins, streams end. */
@Timeout(30)
@Incident("S203")
class DrainTest {

    private static RemoteServer server(Era era) throws Exception {
        return era == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
    }

    private static CompletableFuture<Boolean> drain(GatewayRig rig) {
        CompletableFuture<Boolean> closing = RelayClient.meanwhile(() -> rig.gateway.close(Duration.ofSeconds(20)));
        Waiting.until("the gateway drains", () -> rig.gateway.isServing() ? null : "yes");
        return closing;
    }

    @ParameterizedTest
    @CsvSource({"LEGACY,LEGACY", "MODERN,MODERN", "LEGACY,MODERN", "MODERN,LEGACY"})
    void callsUnderWayEndAndNewRequestsAreRefused(Era era, Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));
            CompletableFuture<McpHttp.Answer> answer = client.call("up__work");
            Held call = server.nextCall();

            // When
            CompletableFuture<Boolean> closing = drain(rig);

            McpHttp.Answer refused = client.request("tools/list", "{}");
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.header("Retry-After").orElseThrow()).matches("[1-5]");
            assertThat(refused.errorCode()).isEqualTo(50301);
            assertThat(client.http()
                            .send("GET", "", "Mcp-Session-Id", client.session())
                            .status())
                    .isEqualTo(503);
            assertThat(closing).isNotDone();
            call.text("done");
            assertThat(answer.get().result().toJson()).contains("done");
            assertThat(closing.get()).isTrue();
            assertThat(server.http().received("tools/list")).hasSize(1);
        }
    }

    @Test
    void aClientThatIsAskedCanStillAnswer() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().ask("1", "roots/list", "{}");
            JsonValue question = stream.get().nextMessage();
            CompletableFuture<Boolean> closing = drain(rig);

            // When
            client.answer(question, "{\"roots\":[]}");

            assertThat(server.next("response").json().toJson()).contains("\"roots\"");
            call.text("done");
            assertThat(stream.get().nextMessage().toJson()).contains("done");
            assertThat(closing.get()).isTrue();
        }
    }

    @Test
    void aClientCanStillCancelItsCall() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            client.call("up__work");
            server.nextCall();
            CompletableFuture<Boolean> closing = drain(rig);

            // When
            client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");

            assertThat(closing.get()).isTrue();
        }
    }

    @Test
    void aClientThatLostItsStreamCanStillFetchTheRest() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().progress(1);
            String lastEvent = stream.get().nextEvent().get(0).substring("id: ".length());
            stream.get().close();
            CompletableFuture<Boolean> closing = drain(rig);

            // When
            try (McpHttp.Stream back = client.http()
                    .open("GET", "", McpHttp.legacyHeaders(client.session(), "Last-Event-ID", lastEvent))) {
                assertThat(back.nextMessage().getString("method")).contains("notifications/progress");
                call.text("done");

                assertThat(back.nextMessage().toJson()).contains("done");
            }
            assertThat(closing.get()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void whenTheTimeIsOverCallsAreToldThatTheyWereCutOff(Era era) throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.of(era, rig.as("ann")).call("up__work");
            server.nextCall();

            // When
            boolean ended = rig.gateway.close(Duration.ofMillis(1));

            assertThat(ended).isFalse();
            assertThat(answer.get().errorCode()).isEqualTo(50900);
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void streamsEnd(Era era) throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready();
                McpHttp.Stream listening = RelayClient.of(era, rig.as("ann")).listen()) {
            // When
            boolean ended = rig.gateway.close(Duration.ofSeconds(10));

            assertThat(ended).isTrue();
            if (era == Era.MODERN) {
                assertThat(listening.nextMessage().get("result").orElseThrow().toJson())
                        .contains("\"resultType\":\"complete\"");
            }
            assertThat(listening.nextEvent()).isEmpty();
        }
    }

    @Test
    void sessionsWithUpstreamsAreEnded() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.legacy(rig.as("ann")).call("up__work");
            server.nextCall().text("done");
            answer.get();

            // When
            rig.gateway.close();

            Waiting.until("both sessions are ended", () -> {
                long ended = server.http().received().stream()
                        .filter(exchange -> exchange.method().equals("DELETE"))
                        .count();
                return ended == 2 ? ended : null;
            });
        }
    }
}
