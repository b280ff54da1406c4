package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.CallPolicy;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a policy for calls is asked, and what becomes of calls by it. */
@Timeout(30)
class CallPolicyTest {

    private final ScriptedPolicy policy = new ScriptedPolicy();

    private GatewayRig rig(RemoteServer server) throws Exception {
        return new GatewayRig(builder -> builder.callPolicy(policy), server.upstream()).ready();
    }

    private static RemoteServer server(Era era) throws Exception {
        return era == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
    }

    private static CompletableFuture<McpHttp.Answer> call(GatewayRig rig) {
        return RelayClient.modern(rig.as("ann")).call("up__work");
    }

    private void awaitAsked(String what) {
        Waiting.until("it is asked: " + what, () -> policy.asked.contains(what) ? what : null);
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void aCallThatHasFailedIsMadeAgainIfThePolicyWantsItSo(Era era) throws Exception {
        policy.retries = 1;
        for (Era client : Era.values()) {
            policy.asked.clear();
            policy.retries = 1;
            try (RemoteServer server = server(era);
                    GatewayRig rig = rig(server)) {
                CompletableFuture<McpHttp.Answer> answer =
                        RelayClient.of(client, rig.as("ann")).call("up__work");
                server.nextCall().cut();

                // When
                server.nextCall().text("done");

                assertThat(answer.get().result().toJson()).contains("done");
                assertThat(policy.ofCalls())
                        .containsExactly(
                                "enter", "attempt", "failed INTERRUPTED repeatable", "attempt", "ended ANSWERED");
            }
        }
    }

    @Test
    void whatAClientHasHeardItDoesNotHearAgain() throws Exception {
        policy.retries = 1;
        try (RemoteServer server = server(Era.LEGACY);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Stream> opening = RelayClient.legacy(rig.as("ann")).stream("up__work");
            RemoteServer.Held held = server.nextCall().log("half");
            try (McpHttp.Stream stream = opening.get()) {
                assertThat(stream.nextMessage().toJson()).contains("half");

                // When
                held.cut();

                assertThat(stream.nextMessage().toJson()).contains("50900");
                assertThat(policy.ofCalls()).containsExactly("enter", "attempt", "failed INTERRUPTED", "ended FAILED");
            }
        }
    }

    @Test
    void aCallThatIsKeptAwayIsNotSent() throws Exception {
        policy.keptAway =
                Optional.of(UpstreamFailure.notSent(UpstreamFailure.Kind.UNREACHABLE, "the circuit at 10.0.0.1 is open")
                        .retryAfter(Duration.ofSeconds(3)));
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {

            McpHttp.Answer answer = call(rig).get();

            assertThat(answer.errorCode()).isEqualTo(50300);
            assertThat(answer.error().toJson())
                    .contains("\"upstream_unavailable\"", "\"retryAfterMs\":3000", "\"retryable\":true")
                    .doesNotContain("10.0.0.1");
            assertThat(server.http().received(Methods.TOOLS_CALL)).isEmpty();
            assertThat(policy.ofCalls()).containsExactly("enter", "attempt", "ended FAILED");
        }
    }

    @Test
    void aCallWaitsForRoom() throws Exception {
        policy.room = new CompletableFuture<>();
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Answer> answer = call(rig);
            awaitAsked("enter");
            assertThat(server.http().received(Methods.TOOLS_CALL)).isEmpty();

            // When
            policy.room.complete(null);

            server.nextCall().text("done");
            assertThat(answer.get().result().toJson()).contains("done");
        }
    }

    @Test
    void aCallThatWaitsForRoomEndsWithItsDeadline() throws Exception {
        policy.room = new CompletableFuture<>();
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Answer> answer = call(rig);
            awaitAsked("enter");

            // When
            rig.pass(Duration.ofSeconds(31));

            assertThat(answer.get().errorCode()).isEqualTo(50400);
            policy.room.complete(null);
            assertThat(policy.ofCalls()).containsExactly("enter", "ended LATE");
            assertThat(server.http().received(Methods.TOOLS_CALL)).isEmpty();
        }
    }

    @Test
    void aCallThatWaitsForRoomMayBeCancelled() throws Exception {
        policy.room = new CompletableFuture<>();
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            client.call("up__work");
            awaitAsked("enter");

            // When
            client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");

            awaitAsked("ended CANCELLED");
            policy.room.complete(null);
            assertThat(policy.ofCalls()).containsExactly("enter", "ended CANCELLED");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"begin", "enter", "attempt"})
    void aPolicyThatFailsLetsNothingPass(String fails) throws Exception {
        policy.fails = fails;
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {

            McpHttp.Answer answer = call(rig).get();

            assertThat(answer.errorCode()).isEqualTo(-32603);
            assertThat(answer.body()).doesNotContain("fault in");
            assertThat(server.http().received(Methods.TOOLS_CALL)).isEmpty();
        }
    }

    @Test
    void anUpstreamThatHasFailedIsToldApartFromATool() throws Exception {
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {
            CompletableFuture<McpHttp.Answer> first = call(rig);
            RemoteServer.Held held = server.nextCall();
            held.exchange().error(200, held.id(), -32603, "out of memory");
            held.release();
            assertThat(first.get().errorCode()).isEqualTo(-32603);
            CompletableFuture<McpHttp.Answer> second = call(rig);
            RemoteServer.Held other = server.nextCall();
            other.exchange().error(200, other.id(), -32602, "no such thing");
            other.release();
            assertThat(second.get().errorCode()).isEqualTo(-32602);
            CompletableFuture<McpHttp.Answer> third = call(rig);
            server.nextCall().result("{\"content\":[],\"isError\":true,\"resultType\":\"complete\"}");
            assertThat(third.get().result().toJson()).contains("isError");

            assertThat(policy.asked.stream().filter(each -> each.startsWith("ended")))
                    .containsExactly("ended INTERNAL_ERROR", "ended ANSWERED", "ended ANSWERED");
        }
    }

    @Test
    void thePolicyIsToldWhatToolsSayOfThemselves() throws Exception {
        try (RemoteServer server = server(Era.MODERN)) {
            server.script().on(Methods.TOOLS_LIST, exchange -> exchange.result("""
                    {"tools":[
                    {"name":"work","inputSchema":{"type":"object"},
                    "annotations":{"readOnlyHint":true,"idempotentHint":"true"}},
                    {"name":"other","inputSchema":{"type":"object"},"annotations":{"idempotentHint":true}},
                    {"name":"mute","inputSchema":{"type":"object"}}]}""".replace("\n", "")));
            try (GatewayRig rig = rig(server)) {
                RelayClient client = RelayClient.modern(rig.as("ann"));
                for (String tool : new String[] {"work", "other", "mute"}) {
                    CompletableFuture<McpHttp.Answer> answer = client.call("up__" + tool);
                    server.nextCall().text("done");
                    answer.get();
                }

                assertThat(policy.asked.stream().filter(each -> each.startsWith("begin")))
                        .containsExactly(
                                "begin up work " + new CallPolicy.Hints(true, false),
                                "begin up other " + new CallPolicy.Hints(false, true),
                                "begin up mute " + CallPolicy.Hints.NONE);
            }
        }
    }

    @Test
    void thePolicyIsToldThatAnUpstreamIsBack() throws Exception {
        try (RemoteServer server = server(Era.MODERN);
                GatewayRig rig = rig(server)) {
            assertThat(policy.asked).containsExactly("connected up");
            server.die();
            assertThat(call(rig).get().errorCode()).isEqualTo(50300);
            policy.asked.clear();

            // When
            server.live();

            awaitAsked("connected up");
        }
    }
}
