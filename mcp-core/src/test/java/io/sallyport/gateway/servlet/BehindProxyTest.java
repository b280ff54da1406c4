package io.sallyport.gateway.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.filter.Decision;
import io.sallyport.filter.McpFilter;
import io.sallyport.filter.Refusal;
import io.sallyport.filter.Stage;
import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.testing.CapturedLog;
import io.sallyport.testing.Incident;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What proxies between clients and a gateway make of its answers, and the gateway of what they send. */
class BehindProxyTest {

    private static final String ECHO = "{\"name\":\"echo\",\"arguments\":{\"text\":\"hi\"}}";

    private final EndpointTools tools = new EndpointTools();
    private final JettyContainer container = new JettyContainer();
    private McpGateway gateway;
    private int port;
    private McpHttp client;

    @BeforeEach
    void start() throws Exception {
        gateway = McpGateway.builder()
                .upstream(tools.server)
                .endpoint(Endpoint.at("/mcp").transparent())
                .idleHeartbeat(Duration.ofMillis(100))
                .filter(McpFilter.onRequest(
                        Stage.LIMIT,
                        (call, request) ->
                                call.target().filter("refuse"::equals).isPresent()
                                        ? Decision.refuse(Refusal.rateLimited("Slowly.", Duration.ofMillis(2500)))
                                        : Decision.proceed()))
                .allowAnonymous()
                .build();
        gateway.start().get(10, TimeUnit.SECONDS);
        port = container.start(new McpServlet(gateway), "/mcp");
        client = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
    }

    @AfterEach
    void stop() throws Exception {
        tools.release.countDown();
        gateway.close();
        container.stop();
    }

    private McpHttp.Stream listen() {
        return client.openModern("subscriptions/listen", "{\"notifications\":{\"toolsListChanged\":true}}");
    }

    private McpHttp.Stream sessionStream() {
        return client.open("GET", "", McpHttp.legacyHeaders(client.initialize("{}")));
    }

    private static void isLeftAlone(McpHttp.Stream stream) {
        assertThat(stream.header("Content-Type")).contains("text/event-stream");
        assertThat(stream.header("X-Accel-Buffering")).contains("no");
        assertThat(stream.header("Cache-Control").orElseThrow()).contains("no-store", "no-cache", "no-transform");
    }

    @Test
    @Incident("S31")
    @Incident("S32")
    void streamsAskNotToBeBufferedAndBeginAtOnce() throws Exception {
        try (McpHttp.Stream stream = listen()) {
            isLeftAlone(stream);
            assertThat(stream.nextLine()).startsWith("data: ");
        }
        try (McpHttp.Stream stream = sessionStream()) {
            isLeftAlone(stream);
            assertThat(stream.nextLine()).startsWith("id: ");
        }
        try (McpHttp.Stream stream = client.openModern("tools/call", "{\"name\":\"wait\",\"arguments\":{}}")) {
            isLeftAlone(stream);
            assertThat(stream.nextLine()).isEqualTo(":");
        }
    }

    @Test
    @Incident("S33")
    @Timeout(14) // Else the default of 15 s would do as well.
    void idleStreamsAreKeptAlive() throws Exception {
        try (McpHttp.Stream stream = listen()) {
            stream.nextEvent();
            assertThat(stream.nextLine()).isEqualTo(":");
        }
        try (McpHttp.Stream stream = sessionStream()) {
            stream.nextEvent();
            assertThat(stream.nextLine()).isEqualTo(":");
        }
        String session = client.initialize("{}");
        try (McpHttp.Stream stream =
                client.openLegacy(session, 1, "tools/call", "{\"name\":\"wait\",\"arguments\":{}}")) {
            stream.nextEvent();
            assertThat(stream.nextLine()).isEqualTo(":");
        }
    }

    @Test
    @Incident("S32")
    void noAnswerIsKeptOnTheWay() {
        assertThat(client.modern("tools/call", ECHO).header("Cache-Control")).contains("no-store");
        McpHttp.Answer none = client.send("GET", "", McpHttp.legacyHeaders("unknown"));
        assertThat(none.status()).isEqualTo(404);
        assertThat(none.header("Cache-Control")).contains("no-store");
    }

    @Test
    @Incident("S34")
    void aProxyThatSpeaksHttp10IsServedAndNamedOnce() throws Exception {
        try (CapturedLog log = CapturedLog.of("io.sallyport.http")) {
            assertThat(http10("echo", ECHO)).startsWith("HTTP/1.1 200").contains("\"hi\"");
            String stream = http10("report", "{\"name\":\"report\",\"arguments\":{}}");
            assertThat(stream).contains("text/event-stream", "notifications/progress", "reported");
            assertThat(stream)
                    .as("the end of the stream is that of the connection")
                    .doesNotContain("chunked");

            assertThat(log.lines()).singleElement().asString().contains("HTTP/1.0", "proxy_http_version 1.1");
        }
    }

    private String http10(String tool, String params) throws Exception {
        String body = McpHttp.modernBody("tools/call", params, "{}");
        return RawHttp.exchange(
                port,
                "POST /mcp HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " + tool
                        + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }

    @ParameterizedTest
    @CsvSource({"Host,gw.example,set publicUrl", "Origin,https://evil.example,allowOrigin"})
    @Incident("S22")
    @Incident("S35")
    void whyAHostOrAnOriginIsRefusedStandsInTheLogAndTheClientGetsTheIdToFindIt(
            String header, String value, String remedy) throws Exception {
        String body = McpHttp.modernBody("tools/list", "{}", "{}");
        try (CapturedLog log = CapturedLog.of("io.sallyport.http")) {
            // When
            String answer = RawHttp.exchange(
                    port,
                    "POST /mcp HTTP/1.1\r\n" + (header.equals("Host") ? "" : "Host: localhost\r\n") + header + ": "
                            + value + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                            + "\r\nConnection: close\r\n\r\n" + body);

            assertThat(answer).startsWith("HTTP/1.1 403").contains("\"code\":\"forbidden\"", "log");
            assertThat(answer).as("no hint for strangers").doesNotContain(value, "publicUrl", "allowOrigin");
            String id = answer.replaceAll("(?s).*\"correlationId\":\"([0-9a-f]+)\".*", "$1");
            assertThat(log.lines()).singleElement().asString().contains(id, value, remedy);
        }
    }

    @Test
    @Incident("S213")
    void theTimeInTheBodyIsInTheHeaderToo() {
        McpHttp.Answer answer = client.modern("tools/call", "{\"name\":\"refuse\",\"arguments\":{}}");

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.header("Retry-After"))
                .as("whole seconds, not too soon")
                .contains("3");
        assertThat(answer.error().toJson()).contains("\"retryAfterMs\":2500");
    }
}
