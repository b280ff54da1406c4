package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.RemoteServer.Held;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.CapturedLog;
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

/** How calls are given up: by clients, each era in its way, and by the deadline. */
@Timeout(30)
class CancellationRelayTest {

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final Duration AT_MOST = Duration.ofMinutes(2);
    private static final Duration NEARLY = DEADLINE.minusSeconds(1);

    private static RemoteServer server(Era era) throws Exception {
        return era == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
    }

    private static GatewayRig rig(RemoteServer server) throws Exception {
        return new GatewayRig(builder -> builder.callDeadline(DEADLINE).maxCallDuration(AT_MOST), server.upstream())
                .ready();
    }

    /** Waits until an upstream has been told, in the way of its era, that a call is given up. */
    private static void awaitCancelled(RemoteServer server, Era era, Held call) throws Exception {
        if (era == Era.LEGACY) {
            Held cancelled = server.next("notifications/cancelled");
            assertThat(cancelled.session()).isEqualTo(call.session());
            assertThat(cancelled
                            .json()
                            .get("params")
                            .orElseThrow()
                            .get("requestId")
                            .orElseThrow()
                            .toJson())
                    .isEqualTo(call.id());
        } else {
            call.awaitClosedByClient();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void aLegacyClientCancelsItsCallAndNoOther(Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = rig(server)) {
            RelayClient ann = RelayClient.legacy(rig.as("ann"));
            RelayClient bob = RelayClient.legacy(rig.as("bob"));
            CompletableFuture<McpHttp.Answer> ofAnn = ann.call("up__work");
            Held annsCall = server.nextCall();
            CompletableFuture<McpHttp.Answer> ofBob = bob.call("up__work");
            Held bobsCall = server.nextCall();

            // When
            ann.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7,"
                    + "\"reason\":\"changed my mind\"}}");

            awaitCancelled(server, upstream, annsCall);
            assertThat(ofAnn.get().status()).as("no answer").isEqualTo(202);
            bobsCall.text("done");
            assertThat(ofBob.get().result().toJson()).contains("done");
        }
    }

    @Test
    void theReasonOfAClientReachesTheUpstream() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            server.nextCall().progress(1);
            stream.get().nextMessage();

            // When
            client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7,"
                    + "\"reason\":\"changed my mind\"}}");

            assertThat(server.next("notifications/cancelled").json().toJson()).contains("changed my mind");
            assertThat(stream.get().nextEvent())
                    .as("the stream ends without an answer")
                    .isEmpty();
        }
    }

    @Test
    void aCancelledIdMayBeUsedAgain() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            client.call("up__work");
            server.nextCall();
            client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");

            // When
            CompletableFuture<McpHttp.Answer> again = client.call("up__work");

            server.nextCall().text("again");
            assertThat(again.get().result().toJson()).contains("again");
        }
    }

    @Test
    void anIdThatIsInUseIsRefusedAndNamedAsItWasSent() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            String call = McpHttp.legacyBody(7, "tools/call", "{\"name\":\"up__work\",\"arguments\":{}}")
                    .replace("\"id\":7", "\"id\":\"seven\"");
            RelayClient.meanwhile(() -> client.http().post(call, McpHttp.legacyHeaders(client.session())));
            server.nextCall();

            // When
            McpHttp.Answer again = client.http().post(call, McpHttp.legacyHeaders(client.session()));

            assertThat(again.status()).isEqualTo(400);
            assertThat(again.error().getString("message"))
                    .contains("A request with the id \"seven\" is still under way in this session");
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void aModernClientCancelsByClosingTheStream(Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Stream> stream = RelayClient.modern(rig.as("ann")).stream("up__work");
            Held call = server.nextCall().progress(1);
            stream.get().nextMessage();

            // When
            stream.get().close();

            // It is noticed by writing, and what is written is a heartbeat every two seconds.
            CompletableFuture<Void> told = RelayClient.meanwhile(() -> {
                try {
                    awaitCancelled(server, upstream, call);
                    return null;
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            Waiting.until("the upstream is told", () -> {
                rig.pass(Duration.ofMillis(2_001));
                return told.isDone() ? told : null;
            });
            told.get();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    @Incident("S32")
    void aLegacyClientThatLosesItsStreamHasCancelledNothing(Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().progress(1);
            String lastEvent = stream.get().nextEvent().get(0).substring("id: ".length());
            stream.get().close();
            // What is written is what makes the container notice.
            for (int i = 2; i < 50; i++) {
                call.progress(i);
            }

            // When
            try (McpHttp.Stream back = client.http()
                    .open("GET", "", McpHttp.legacyHeaders(client.session(), "Last-Event-ID", lastEvent))) {
                call.text("done");

                for (int i = 1; i < 50; i++) {
                    assertThat(back.nextMessage().get("params").orElseThrow().toJson())
                            .isEqualTo("{\"progressToken\":\"p\",\"progress\":" + i + "}");
                }
                assertThat(back.nextMessage().toJson()).contains("done", "\"id\":7");
                assertThat(back.nextEvent()).isEmpty();
            }
            if (upstream == Era.LEGACY) {
                assertThat(server.hasNoMore("notifications/cancelled")).isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"LEGACY,LEGACY", "MODERN,MODERN", "LEGACY,MODERN", "MODERN,LEGACY"})
    @Incident("S79")
    @Incident("S173")
    void aCallThatTakesTooLongIsAnsweredAndCancelled(Era client, Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = rig(server);
                CapturedLog log = CapturedLog.of("io.sallyport.call")) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.of(client, rig.as("ann")).call("up__work");
            Held call = server.nextCall();

            // When
            rig.pass(DEADLINE.plusMillis(1));

            assertThat(answer.get().errorCode()).isEqualTo(50400);
            JsonValue data = answer.get().error().get("data").orElseThrow();
            assertThat(data.getString("code")).contains("deadline_exceeded");
            assertThat(log.lines())
                    .as("what the operator finds under the id that the client was given")
                    .filteredOn(line ->
                            line.contains(data.getString("correlationId").orElseThrow()))
                    .singleElement()
                    .asString()
                    .contains("a call failed", "up", "tools/call", "DEADLINE_EXCEEDED");
            awaitCancelled(server, upstream, call);
        }
    }

    @ParameterizedTest
    @CsvSource({"LEGACY,LEGACY", "MODERN,MODERN", "LEGACY,MODERN", "MODERN,LEGACY"})
    void progressBeginsTheDeadlineAnewUpToTheGreatestTimeForACall(Era client, Era upstream) throws Exception {
        try (RemoteServer server = server(upstream);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Stream> stream = RelayClient.of(client, rig.as("ann")).stream("up__work");
            Held call = server.nextCall();
            Duration passed = Duration.ZERO;
            int progress = 0;
            while (passed.plus(NEARLY).compareTo(AT_MOST) < 0) {
                rig.pass(NEARLY);
                passed = passed.plus(NEARLY);
                call.progress(++progress);
                assertThat(stream.get().nextMessage().getString("method"))
                        .as("after " + passed)
                        .contains("notifications/progress");
            }

            // When
            rig.pass(AT_MOST.minus(passed).plusMillis(1));

            JsonValue answer = stream.get().nextMessage();
            assertThat(answer.get("error").orElseThrow().toJson())
                    .contains("50400", "(" + AT_MOST.toMillis() + " ms at all)");
            awaitCancelled(server, upstream, call);
        }
    }

    @Test
    void theDeadlineStandsStillWhileTheClientIsAsked() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().ask("1", "roots/list", "{}");
            JsonValue question = stream.get().nextMessage();
            rig.pass(DEADLINE.multipliedBy(3));

            // When
            client.answer(question, "{\"roots\":[]}");
            server.next("response");
            rig.pass(NEARLY);
            call.progress(1);

            assertThat(stream.get().nextMessage().getString("method")).contains("notifications/progress");
            rig.pass(DEADLINE.plusMillis(1));
            assertThat(stream.get().nextMessage().toJson()).contains("50400");
        }
    }

    @Test
    void endingTheSessionCancelsItsCalls() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Stream> stream = client.stream("up__work");
            Held call = server.nextCall().progress(1);
            stream.get().nextMessage();

            // When
            client.http().send("DELETE", "", McpHttp.legacyHeaders(client.session()));

            assertThat(stream.get().nextEvent()).isEmpty();
            Waiting.until(
                    "the session upstream is ended",
                    () -> server.http().received().stream()
                            .filter(exchange -> exchange.method().equals("DELETE"))
                            .filter(exchange -> exchange.session().equals(call.session()))
                            .findFirst()
                            .orElse(null));
        }
    }
}
