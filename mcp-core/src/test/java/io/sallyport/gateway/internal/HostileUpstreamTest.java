package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.testing.Waiting;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Upstreams that say more than they should. */
class HostileUpstreamTest {

    private static final int MANY = 1000;
    private static final String TOOLS_LIST = "tools/list";

    private final ScriptedUpstream upstream = new ScriptedUpstream(Era.LEGACY, "{\"tools\":{\"listChanged\":true}}");
    private final McpGateway gateway = McpGateway.builder()
            .upstream(upstream)
            .endpoint(Endpoint.at("/mcp").transparent())
            .allowAnonymous()
            .build();

    @AfterEach
    void stop() {
        gateway.close();
    }

    @Test
    void aStormOfListChangesIsReadFewTimesAndNeverTwiceAtOnce() throws Exception {
        gateway.start().get(10, TimeUnit.SECONDS);
        upstream.answersLists = false;
        say(Methods.TOOLS_CHANGED);
        Waiting.until("that is read", () -> readings() == 2 ? true : null);

        // When
        for (int i = 0; i < MANY; i++) {
            say(Methods.TOOLS_CHANGED);
        }

        assertThat(upstream.asked(TOOLS_LIST))
                .as("the first, and one under way")
                .hasSize(2);
        upstream.answersLists = true;
        answer(1);
        Waiting.until("what was announced during the reading is read", () -> readings() == 3 ? true : null);
        say(Methods.TOOLS_CHANGED);
        long begun = System.nanoTime();
        for (int i = 4; i <= 6; i++) {
            int expected = i;
            say(Methods.TOOLS_CHANGED);
            Waiting.until("a later change is read as well", () -> readings() == expected ? true : null);
        }
        assertThat(System.nanoTime() - begun)
                .as("with two pauses between them at least")
                .isGreaterThan(TimeUnit.MILLISECONDS.toNanos(500));
    }

    private int readings() {
        return upstream.asked(TOOLS_LIST).size();
    }

    private void say(String method) {
        upstream.open().get(0).listener.onNotification(Notification.of(method, null));
    }

    private void answer(int reading) {
        upstream.asked(TOOLS_LIST)
                .get(reading)
                .answer("{\"tools\":[{\"name\":\"other\",\"inputSchema\":{\"type\":\"object\"}}]}");
    }
}
