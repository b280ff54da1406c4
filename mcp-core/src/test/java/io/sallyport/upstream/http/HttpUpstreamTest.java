package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.sallyport.egress.EgressGuard;
import io.sallyport.protocol.Era;
import io.sallyport.spi.SecretResolver;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.net.URI;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The settings. */
class HttpUpstreamTest {

    private static final URI URL = URI.create("https://mcp.example/mcp?key=value");

    private static HttpUpstream.Builder builder() {
        return HttpUpstream.at("fake", URL);
    }

    @Test
    void hasTheseDefaults() {
        HttpSettings settings = builder().build().settings();

        assertThat(settings.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.requestTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.idleConnectionTimeout()).isEqualTo(Duration.ofSeconds(4));
        assertThat(settings.waitForConnection()).isEqualTo(Duration.ofSeconds(2));
        assertThat(settings.maxConnections()).isEqualTo(64);
        assertThat(settings.era()).isEmpty();
        assertThat(settings.passHeaders()).isEmpty();
        assertThat(settings.headers().resolve(SecretResolver.none(), "a", "b")).isEmpty();
    }

    @Test
    void isSharedByNobody() {
        assertThat(builder().build().sharesSessions()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ftp://mcp.example/",
                "mcp.example/mcp",
                "https:///mcp",
                "https://user:secret@mcp.example/",
                "https://mcp.example/#part",
                "http://10.0.0.1.example/mcp",
            })
    void refusesAUrl(String url) {
        assertThatThrownBy(() -> HttpUpstream.at("fake", URI.create(url)).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:8080/mcp", "http://localhost/mcp", "http://[::1]:1/mcp"})
    void takesALiteralLoopbackAddressForMeant(String url) {
        assertThat(HttpUpstream.at("fake", URI.create(url)).build().toString()).contains("fake");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a:b", "Host", "content-length", "Mcp-Session-Id", "MCP-Protocol-Version"})
    void refusesToSetAHeader(String name) {
        assertThatThrownBy(() -> builder().header(name, "x")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nX: y", "a\0", "\u00e9"})
    void refusesToSetAHeaderToWhatNoHeaderMayHold(String value) {
        assertThatThrownBy(() -> builder().header("X-Key", value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("X-Key")
                .hasMessageNotContaining(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authorization",
                "authorization",
                "Proxy-Authorization",
                "Cookie",
                "Host",
                "Connection",
                "Transfer-Encoding",
                "Upgrade",
                "Origin",
                "Sec-Fetch-Mode",
                "Mcp-Session-Id",
                "Last-Event-ID",
                "bad name",
            })
    void refusesToPassAHeaderOn(String name) {
        assertThatThrownBy(() -> builder().passHeaders("traceparent", name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name);
    }

    @Test
    void refusesSpansAndNumbersThatAreNotPositive() {
        assertThatThrownBy(() -> builder().connectTimeout(Duration.ZERO)).hasMessageContaining("connectTimeout");
        assertThatThrownBy(() -> builder().requestTimeout(Duration.ofSeconds(-1)))
                .hasMessageContaining("requestTimeout");
        assertThatThrownBy(() -> builder().idleConnectionTimeout(Duration.ZERO))
                .hasMessageContaining("idleConnectionTimeout");
        assertThatThrownBy(() -> builder().waitForConnection(Duration.ZERO)).hasMessageContaining("waitForConnection");
        assertThatThrownBy(() -> builder().maxConnections(0)).hasMessageContaining("maxConnections");
    }

    @Test
    void refusesCertificatesWhereThereIsNoTls() throws Exception {
        HttpUpstream.Builder plain = HttpUpstream.at("fake", URI.create("http://127.0.0.1/"))
                .trustAnchors(new TestCertificates().authority());

        assertThatThrownBy(plain::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http:");
    }

    @Test
    void refusesAGuardThatRefusesTheUrl() {
        EgressGuard strict = EgressGuard.strict();

        assertThatThrownBy(() -> HttpUpstream.at("fake", URI.create("http://127.0.0.1:8080/"))
                        .egress(strict))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("127.0.0.1");
    }

    @Test
    void showsNoSecretInItsTextNorInTheLog() throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Logger library = (Logger) LoggerFactory.getLogger("org.apache.hc");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Level before = root.getLevel();
        log.start();
        root.addAppender(log);
        root.setLevel(Level.TRACE);
        library.setLevel(Level.TRACE);
        try (UpstreamWorkbench bench = new UpstreamWorkbench();
                FakeHttpServer server = new FakeHttpServer(
                        McpScript.legacy().on("tools/call", x -> x.answer(500, "text/html", "<b>payload</b>")))) {
            HttpUpstream upstream = bench.upstream(server, b -> b.header("Authorization", "Bearer top-secret"));

            // When
            UpstreamSession session = bench.open(upstream, Era.LEGACY);
            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();
            upstream.close();

            String shown = upstream + " " + upstream.settings() + " " + failure + " "
                    + log.list.stream()
                            .map(event -> event.getFormattedMessage() + event.getKeyValuePairs())
                            .collect(Collectors.joining("\n"));
            assertThat(shown).doesNotContain("top-secret", "session-1", "payload", "hello");
        } finally {
            root.detachAppender(log);
            root.setLevel(before);
            library.setLevel(null);
        }
    }
}
