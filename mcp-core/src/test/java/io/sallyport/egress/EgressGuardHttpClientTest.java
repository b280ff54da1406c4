package io.sallyport.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.testing.Incident;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleHttpResponse;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.async.methods.SimpleRequestProducer;
import org.apache.hc.client5.http.async.methods.SimpleResponseConsumer;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.HttpHost;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That the hooks of Apache HttpClient 5 are enough for the guard, seen from the socket at the other end. */
class EgressGuardHttpClientTest {

    private static final int WAIT_SECONDS = 20;

    private CountingListener listener;

    @BeforeEach
    void listen() throws IOException {
        listener = new CountingListener();
    }

    @AfterEach
    void close() throws Exception {
        listener.close();
    }

    @Test
    void aNameThatResolvesToLoopbackIsRefusedBeforeAConnectionIsMade() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .allowPort(listener.port())
                .resolver(Egress.answers("127.0.0.1"))
                .build();

        assertThatThrownBy(() -> getAsync(guard, "upstream.example"))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(EgressRefusedException.class);
        assertThatThrownBy(() -> getClassic(guard, "upstream.example")).isInstanceOf(EgressRefusedException.class);

        assertThat(listener.connections()).isZero();
    }

    @Test
    void aNameWithOnePrivateAddressAmongLoopbackOnesThatAreOpenIsRefusedBeforeAConnectionIsMade() throws Exception {
        EgressGuard guard = EgressGuard.builder()
                .allowPort(listener.port())
                .allowAddresses("127.0.0.0/8")
                .resolver(Egress.answers("127.0.0.1", "10.0.0.1"))
                .build();

        assertThatThrownBy(() -> getAsync(guard, "upstream.example")).hasCauseInstanceOf(EgressRefusedException.class);
        assertThatThrownBy(() -> getClassic(guard, "upstream.example")).isInstanceOf(EgressRefusedException.class);

        assertThat(listener.connections()).isZero();
    }

    @Test
    void anAddressInTheUrlDoesNotGoAroundTheResolver() throws Exception {
        EgressGuard guard = EgressGuard.builder().allowPort(listener.port()).build();

        // 127.0.0.1 by the JDK's reading of each; nothing of it may come here.
        for (String host : List.of("127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost")) {
            assertThatThrownBy(() -> getAsync(guard, host)).as(host).hasCauseInstanceOf(EgressRefusedException.class);
            assertThatThrownBy(() -> getClassic(guard, host)).as(host).isInstanceOf(EgressRefusedException.class);
        }

        assertThat(listener.connections()).isZero();
    }

    @Test
    void aNamedHostIsReachedAtTheAddressThatWasJudged() throws Exception {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        // Flips: whoever looked up a second time would be led to where nobody listens.
        HostResolver flipping = host -> {
            asked.add(host);
            return new InetAddress[] {Egress.ip(asked.size() % 2 == 1 ? "127.0.0.1" : "127.99.99.99")};
        };
        EgressGuard guard = EgressGuard.builder()
                .allowPort(listener.port())
                .allowHost("upstream.example")
                .resolver(flipping)
                .build();

        assertThat(getAsync(guard, "upstream.example").getCode()).isEqualTo(200);

        assertThat(asked).containsExactly("upstream.example");
        assertThat(listener.connections()).isOne();
        assertThat(listener.received()).contains("Host: upstream.example:" + listener.port());
    }

    @Test
    @Incident("S185")
    void localhostIsReachedAlthoughOnlyOneOfItsAddressesListens() throws Exception {
        URI url = URI.create("http://localhost:" + listener.port() + "/mcp");
        EgressGuard guard = EgressGuard.builder(url)
                .resolver(Egress.answers("::1", "127.0.0.1"))
                .build();

        assertThat(getAsync(guard, "localhost").getCode()).isEqualTo(200);
        assertThat(getClassic(guard, "localhost")).isEqualTo(200);

        assertThat(listener.connections()).isEqualTo(2);
    }

    @Test
    @Incident("S197")
    void aNameIsLookedUpAnewForEachConnection() throws Exception {
        List<String> answers = new ArrayList<>(List.of("127.0.0.1", "127.0.0.1", "10.0.0.1"));
        EgressGuard guard = EgressGuard.builder()
                .allowPort(listener.port())
                .allowAddresses("127.0.0.1")
                .resolver(host -> new InetAddress[] {Egress.ip(answers.remove(0))})
                .build();

        try (CloseableHttpAsyncClient client = HttpClientHooks.asyncClient(guard, true)) {
            client.start();
            // The listener closes each connection, so that the client has to connect again.
            assertThat(get(client, null, "upstream.example").getCode()).isEqualTo(200);
            assertThat(get(client, null, "upstream.example").getCode()).isEqualTo(200);
            assertThatThrownBy(() -> get(client, null, "upstream.example"))
                    .hasCauseInstanceOf(EgressRefusedException.class);
        }

        assertThat(answers).isEmpty();
        assertThat(listener.connections()).isEqualTo(2);
    }

    /** HttpClient connects to an address that is set beside the name without asking its resolver. */
    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void aConnectionThatWentAroundTheResolverIsClosedBeforeAByteIsSent(String scheme) throws Exception {
        HttpHost target = new HttpHost(scheme, Egress.ip("127.0.0.1"), "upstream.example", listener.port());

        try (CloseableHttpAsyncClient client = HttpClientHooks.asyncClient(neverAsked(), false)) {
            client.start();
            assertThatThrownBy(() -> get(client, target, "upstream.example"))
                    .hasCauseInstanceOf(EgressRefusedException.class)
                    .hasMessageContaining("127.0.0.0/8");
        }

        assertThat(listener.connections()).isOne();
        assertThat(listener.received()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void aWayAroundTheResolverEndsBeforeConnectingIfTheInitiatorAsks(String scheme) throws Exception {
        HttpHost target = new HttpHost(scheme, Egress.ip("127.0.0.1"), "upstream.example", listener.port());

        try (CloseableHttpAsyncClient client = HttpClientHooks.asyncClient(neverAsked(), true)) {
            client.start();
            assertThatThrownBy(() -> get(client, target, "upstream.example"))
                    .hasCauseInstanceOf(EgressRefusedException.class);
        }

        assertThat(listener.connections()).isZero();
    }

    private EgressGuard neverAsked() {
        return EgressGuard.builder()
                .allowPort(listener.port())
                .resolver(host -> {
                    throw new AssertionError("looked up: " + host);
                })
                .build();
    }

    private SimpleHttpResponse getAsync(EgressGuard guard, String host) throws Exception {
        try (CloseableHttpAsyncClient client = HttpClientHooks.asyncClient(guard, true)) {
            client.start();
            return get(client, null, host);
        }
    }

    private SimpleHttpResponse get(CloseableHttpAsyncClient client, HttpHost target, String host) throws Exception {
        SimpleHttpRequest request = SimpleRequestBuilder.get(url(host)).build();
        Future<SimpleHttpResponse> response = client.execute(
                target, SimpleRequestProducer.create(request), SimpleResponseConsumer.create(), null, null, null);
        return response.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    private int getClassic(EgressGuard guard, String host) throws IOException {
        try (CloseableHttpClient client = HttpClients.custom()
                .disableAutomaticRetries()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setDnsResolver(new HttpClientHooks.GuardedResolver(guard))
                        .build())
                .build()) {
            return client.execute(new HttpGet(url(host)), response -> response.getCode());
        }
    }

    private String url(String host) {
        return "http://" + host + ":" + listener.port() + "/mcp";
    }
}
