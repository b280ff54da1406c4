package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.Era;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of calls whose handler fails, in the gateway's own process. */
@Timeout(30)
class LocalHandlerTest {

    private static final String LOG = "io.sallyport.upstream.local.LocalSession";

    @ParameterizedTest
    @EnumSource(Era.class)
    void aHandlerWhoseClassesAreMissingIsAnsweredAtOnce(Era era) throws Exception {
        LocalServer shop = LocalServer.named("shop")
                .tool(Tool.named("stock").handler(call -> {
                    throw new NoClassDefFoundError("shop/Warehouse");
                }))
                .build();
        try (GatewayRig rig = new GatewayRig(shop).ready();
                CapturedLog log = CapturedLog.of(LOG)) {
            RelayClient client = RelayClient.of(era, rig.as("ann"));

            // When
            McpHttp.Answer answer = client.call("shop__stock").get();

            assertThat(answer.result().toJson())
                    .contains("The tool failed", "\"isError\":true")
                    .doesNotContain("Warehouse");
            assertThat(log.messages()).containsExactly("a local handler failed");
        }
    }

    @Test
    void aHandlerThatWasCancelledIsNoFaultWhateverItThrows() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        LocalServer shop = LocalServer.named("shop")
                .tool(Tool.named("wait").handler(call -> {
                    begun.countDown();
                    try {
                        never.await();
                        return ToolResult.text("never");
                    } catch (InterruptedException e) {
                        throw new IllegalStateException("the warehouse did not answer", e);
                    } finally {
                        over.countDown();
                    }
                }))
                .build();
        try (GatewayRig rig = new GatewayRig(shop).ready();
                CapturedLog log = CapturedLog.ofDebug(LOG)) {
            RelayClient client = RelayClient.legacy(rig.as("ann"));
            CompletableFuture<McpHttp.Answer> answer = client.call("shop__wait");
            begun.await();

            // When
            client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}");

            assertThat(answer.get().status()).isEqualTo(202);
            over.await();
            Waiting.until("it was told", () -> log.levels().isEmpty() ? null : "yes");
            assertThat(log.levels()).containsExactly("DEBUG");
        }
    }
}
