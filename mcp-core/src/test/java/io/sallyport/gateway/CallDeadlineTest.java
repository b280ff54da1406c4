package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.testing.Incident;
import io.sallyport.testing.McpHttp;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a call may take, and who learns it. */
@Timeout(30)
@Incident("S79")
class CallDeadlineTest {

    private static String deadlineOf(RemoteServer.Held held) {
        return held.json()
                .get("params")
                .flatMap(params -> params.get("_meta"))
                .flatMap(meta -> meta.get("io.sallyport/deadlineMs"))
                .map(JsonValue::toJson)
                .orElse("none");
    }

    private static CompletableFuture<McpHttp.Answer> call(GatewayRig rig, String deadline) {
        String params = "{\"name\":\"up__work\",\"arguments\":{}}";
        String body = McpHttp.modernBody("tools/call", params, "{}")
                .replace("\"_meta\":{", "\"_meta\":{\"io.sallyport/deadlineMs\":" + deadline + ",");
        return RelayClient.meanwhile(() -> rig.as("ann").post(body, McpHttp.modernHeaders("tools/call", params)));
    }

    @ParameterizedTest
    @CsvSource({"LEGACY, LEGACY", "LEGACY, MODERN", "MODERN, LEGACY", "MODERN, MODERN"})
    void anUpstreamIsToldHowMuchTimeThereIs(Era client, Era upstream) throws Exception {
        try (RemoteServer server = upstream == Era.LEGACY ? RemoteServer.legacy("up") : RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.of(client, rig.as("ann")).call("up__work");

            RemoteServer.Held held = server.nextCall();

            assertThat(deadlineOf(held)).isEqualTo("30000");
            held.text("done");
            answer.get();
        }
    }

    @Test
    void aClientMayWaitForLess() throws Exception {
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer = call(rig, "700");
            assertThat(deadlineOf(server.nextCall())).isEqualTo("700");

            // When
            rig.pass(Duration.ofMillis(800));

            assertThat(answer.get().errorCode()).isEqualTo(50400);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"30001", "0", "-1", "7.5", "\"700\"", "null", "99999999999999999999"})
    void aClientMayNotWaitForMoreNorForWhatIsNoTime(String deadline) throws Exception {
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer = call(rig, deadline);

            RemoteServer.Held held = server.nextCall();

            assertThat(deadlineOf(held)).isEqualTo("30000");
            held.text("done");
            answer.get();
        }
    }

    @ParameterizedTest
    @EnumSource(Era.class)
    void anotherAttemptHasTheTimeThatIsLeft(Era era) throws Exception {
        ScriptedPolicy policy = new ScriptedPolicy();
        policy.retries = 1;
        try (RemoteServer server = RemoteServer.modern("up");
                GatewayRig rig = new GatewayRig(builder -> builder.callPolicy(policy), server.upstream()).ready()) {
            CompletableFuture<McpHttp.Answer> answer =
                    RelayClient.of(era, rig.as("ann")).call("up__work");
            RemoteServer.Held first = server.nextCall();
            rig.pass(Duration.ofSeconds(12));

            // When
            first.cut();

            RemoteServer.Held second = server.nextCall();
            assertThat(deadlineOf(second)).isEqualTo("18000");
            second.text("done");
            answer.get();
        }
    }
}
