package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Request;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SecretResolver;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamSession;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpSecretsTest {

    private static final String CANARY = "canary-7f3a91";

    private final List<SecretResolver.Use> uses = new CopyOnWriteArrayList<>();
    private volatile String value = CANARY;
    private volatile boolean allowed = true;

    private final UpstreamWorkbench bench = new UpstreamWorkbench().withSecrets((reference, use) -> {
        uses.add(use);
        return allowed ? Optional.of(value.toCharArray()) : Optional.empty();
    });

    @AfterEach
    void close() {
        bench.close();
    }

    private HttpUpstream upstream(FakeHttpServer server) {
        return bench.upstream(server, builder -> builder.header("Authorization", "Bearer secret://acme/weather#token"));
    }

    @Test
    void sendsTheValueOfASecretWithEachRequest() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamSession session = bench.open(upstream(server), Era.MODERN);

            call(session, toolCall(session, "1")).response();

            assertThat(server.received())
                    .hasSize(2)
                    .allSatisfy(x -> assertThat(x.header("Authorization")).isEqualTo("Bearer " + CANARY));
        }
    }

    @Test
    void sendsItInTheOlderTransportToo() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(exchange -> exchange.answer(401, null, ""))) {
            bench.failureToOpen(
                    bench.keep(HttpUpstream.at("fake", server.uri())
                            .header("Authorization", "Bearer secret://acme/weather#token")
                            .buildSse()),
                    Era.LEGACY);

            assertThat(server.received().get(0).header("Authorization")).isEqualTo("Bearer " + CANARY);
        }
    }

    @Test
    @Incident("S12")
    @Incident("S13")
    void usesAReplacedValueFromTheNextRequestOn() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamSession session = bench.open(upstream(server), Era.MODERN);
            value = "another-value";

            call(session, toolCall(session, "1")).response();

            assertThat(server.received("tools/call").get(0).header("Authorization"))
                    .isEqualTo("Bearer another-value");
        }
    }

    @Test
    void tellsTheResolverWhichUpstreamAndHostTheValueIsFor() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            bench.open(upstream(server), Era.MODERN);

            assertThat(uses)
                    .containsOnly(new SecretResolver.Use(
                            "fake", Optional.of("127.0.0.1:" + server.port()), SecretResolver.Use.HEADER));
        }
    }

    @Test
    void leavesOutThePortOfHttpsOnly() {
        assertThat(settings("https://Weather.example/mcp").secretHost()).isEqualTo("weather.example");
        assertThat(settings("https://weather.example:443/mcp").secretHost()).isEqualTo("weather.example");
        assertThat(settings("https://weather.example:8443/mcp").secretHost()).isEqualTo("weather.example:8443");
        assertThat(settings("http://127.0.0.1/mcp").secretHost()).isEqualTo("127.0.0.1:80");
        assertThat(settings("http://[::1]/mcp").secretHost()).isEqualTo("[::1]:80");
    }

    private static HttpSettings settings(String url) {
        return HttpUpstream.at("a", URI.create(url)).build().settings();
    }

    @Test
    @Incident("S131")
    void sendsNothingAtAllWithoutAValue() throws Exception {
        allowed = false;
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamFailure failure = bench.failureToOpen(upstream(server), Era.MODERN);

            assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
            assertThat(failure.detail()).contains("header Authorization", "secret://acme/weather#token");
            assertThat(server.connectionsAccepted()).isZero();
        }
    }

    @Test
    void failsACallWhoseSecretMayNotBeUsedAnyMore() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamSession session = bench.open(upstream(server), Era.MODERN);
            allowed = false;

            UpstreamFailure failure = call(session, toolCall(session, "1")).failure();

            assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
            assertThat(failure.maybeExecuted()).isFalse();
            assertThat(server.received("tools/call")).isEmpty();
        }
    }

    @Test
    void refusesAValueThatWouldBeginAnotherHeaderWithoutShowingIt() throws Exception {
        value = CANARY + "\r\nX-Other: 1";
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            UpstreamFailure failure = bench.failureToOpen(upstream(server), Era.MODERN);

            assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.SECRET);
            assertThat(failure.detail()).doesNotContain(CANARY);
            assertThat(server.connectionsAccepted()).isZero();
        }
    }

    @Test
    void carriesNothingToWhereARedirectLeads() throws Exception {
        for (int status : new int[] {301, 302, 303, 307, 308}) {
            try (FakeHttpServer other = new FakeHttpServer(McpScript.modern());
                    FakeHttpServer server = new FakeHttpServer(
                            exchange -> exchange.answer(status, null, "", "Location: " + other.uri("localhost")))) {
                UpstreamFailure failure = bench.failureToOpen(upstream(server), Era.MODERN);

                assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.PROTOCOL);
                assertThat(server.received()).isNotEmpty();
                assertThat(other.connectionsAccepted()).isZero();
            }
        }
    }

    @Test
    void leavesWhatClientsSayAsItIs() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            HttpUpstream upstream = bench.upstream(server, builder -> builder.passHeaders("X-Client"));
            UpstreamSession session = bench.open(upstream, Era.MODERN);
            McpHeaders.Source headers =
                    name -> name.equals("X-Client") ? List.of("secret://acme/weather#token") : List.of();
            Request request = (Request) Message.of(toolCall(session, "\"secret://acme/weather\"")
                    .toJson()
                    .replace("hello", "secret://acme/weather#token")
                    .replace("echo", "secret://acme/weather"));
            RecordingCall call = new RecordingCall();

            session.call(request, new CallSpec(Principal.anonymous(), "correlation", headers), call);

            call.response();
            FakeHttpServer.Exchange received = server.received("tools/call").get(0);
            assertThat(received.text()).isEqualTo(request.toJson());
            assertThat(received.header("X-Client")).isEqualTo("secret://acme/weather#token");
            assertThat(uses).isEmpty();
        }
    }

    @Test
    @Incident("S39")
    void refusesAReferenceThatIsNoneWhenItIsSet() {
        HttpUpstream.Builder builder = HttpUpstream.at("a", URI.create("https://weather.example/mcp"));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.header("Authorization", "Bearer secret://weather"))
                .withMessageContaining("header Authorization")
                .withMessageContaining("\"secret://weather\"");
    }
}
