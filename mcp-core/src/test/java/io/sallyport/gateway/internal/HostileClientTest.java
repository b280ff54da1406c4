package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.catalogue.Exposure;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.gateway.internal.ScriptedUpstream.Asked;
import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.Methods;
import io.sallyport.testing.Container;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that want more than is theirs. */
class HostileClientTest {

    private static final String CAPABILITIES =
            "{\"tools\":{\"listChanged\":true},\"prompts\":{},\"completions\":{},\"resources\":{\"subscribe\":true}}";

    private final Container container = new JettyContainer();
    private ScriptedUpstream upstream;
    private McpGateway gateway;
    private McpHttp client;

    private void serve(Era era) throws Exception {
        upstream = new ScriptedUpstream(era, CAPABILITIES);
        gateway = McpGateway.builder()
                .upstream(upstream)
                .endpoint(Endpoint.at("/mcp").transparent().prompt("scripted", "hidden", Exposure.HIDDEN))
                .idleHeartbeat(Duration.ofSeconds(1))
                .allowAnonymous()
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        int port = container.start(new McpServlet(gateway), "/mcp");
        client = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.close();
        container.stop();
    }

    @Test
    void manyResourcesToWatchBecomeFewRequestsToTheUpstream() throws Exception {
        serve(Era.MODERN);
        String uris = IntStream.range(0, 1000).mapToObj(i -> "\"r:" + i + "\"").collect(Collectors.joining(","));
        String params = "{\"notifications\":{\"resourceSubscriptions\":[" + uris + "]}}";

        // When
        try (McpHttp.Stream stream = client.openModern(Methods.SUBSCRIPTIONS_LISTEN, params)) {
            assertThat(stream.nextMessage().toJson()).contains("r:999");

            Waiting.until("all are listened to", () -> listened().stream().anyMatch(this::namesAll) ? true : null);
            assertThat(listened()).hasSizeLessThan(5);
        }
        Waiting.until(
                "none is any more",
                () -> listened().get(listened().size() - 1).request().size() < 1000 ? true : null);
        assertThat(listened()).hasSizeLessThan(10);
    }

    private List<Asked> listened() {
        return upstream.asked(Methods.SUBSCRIPTIONS_LISTEN);
    }

    private boolean namesAll(Asked listen) {
        String json = listen.request().toJson();
        return IntStream.range(0, 1000).allMatch(i -> json.contains("\"r:" + i + "\""));
    }

    @Test
    void aReferenceWithTwoMeaningsIsNotPassedOn() throws Exception {
        serve(Era.MODERN);
        String argument = ",\"argument\":{\"name\":\"a\",\"value\":\"\"}}";

        McpHttp.Answer hidden =
                client.modern(Methods.COMPLETE, "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"hidden\"}" + argument);
        McpHttp.Answer both = client.modern(
                Methods.COMPLETE, "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"hidden\",\"uri\":\"r:1\"}" + argument);

        assertThat(hidden.errorCode()).isEqualTo(-32602);
        assertThat(both.errorCode()).isEqualTo(-32602);
        assertThat(upstream.asked(Methods.COMPLETE)).isEmpty();
    }

    @Test
    void aClientIntroducesItselfBriefly() throws Exception {
        serve(Era.MODERN);
        String start = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                + "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"";
        String end = "\",\"version\":\"1\"}}}";
        String longest = "n".repeat(64 * 1024 - start.length() - end.length());

        assertThat(client.post(start + longest + end).status()).isEqualTo(200);
        assertThat(client.post(start + longest + "n" + end).errorCode()).isEqualTo(-32602);
        assertThat(gateway.sessions().statistics().live()).isEqualTo(1);
    }
}
