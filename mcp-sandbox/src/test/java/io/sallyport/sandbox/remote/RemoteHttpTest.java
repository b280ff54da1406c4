package io.sallyport.sandbox.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.egress.EgressGuard;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import io.sallyport.testing.Incident;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that wait no longer, and read no more, than whoever asks says. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class RemoteHttpTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final McpboxStandIn server = new McpboxStandIn();

    @AfterEach
    void close() {
        server.close();
    }

    private static RemoteHttp.Reply get(URI uri, String path, EgressGuard guard, int mostBytes, Duration atMost)
            throws Exception {
        try (RemoteHttp http = new RemoteHttp(uri, guard, Duration.ofSeconds(5), 2)) {
            return http.send("GET", path, Map.of(), null, mostBytes, atMost, new Cancellation());
        }
    }

    private RemoteHttp.Reply get(int mostBytes, Duration atMost) throws Exception {
        return get(server.uri(), "/health", EgressGuard.of(server.uri()), mostBytes, atMost);
    }

    @Test
    void readsAnswers() throws Exception {
        assertThat(get(10_000, LONG).status()).isEqualTo(200);
    }

    @Test
    void readsAnAnswerOfTheVerySizeAndNoneThatIsLarger() throws Exception {
        int size = get(10_000, LONG).body().length;

        assertThat(get(size, LONG).body()).hasSize(size);
        assertThatThrownBy(() -> get(size - 1, LONG)).hasFieldOrPropertyWithValue("kind", Kind.TOO_LARGE);
    }

    @Test
    void anAnswerThatDripsEndsWithItsTime() {
        server.misbehave("/health", Misbehaviour.DRIP);

        assertThatThrownBy(() -> get(1_000_000, Duration.ofMillis(300))).hasFieldOrPropertyWithValue("kind", Kind.LATE);
    }

    @Incident("S183")
    @Test
    void nothingIsSentTwiceThoughTheConnectionBreaks() {
        server.misbehave("/health", Misbehaviour.RESET);

        assertThatThrownBy(() -> get(10_000, LONG)).hasFieldOrPropertyWithValue("kind", Kind.BROKEN);
    }

    @Test
    void proxiesOfTheSystemAreNotUsed() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(proxy.getLocalPort());
            Map<String, String> properties = Map.of(
                    "http.proxyHost", "127.0.0.1",
                    "http.proxyPort", port,
                    "http.nonProxyHosts", "",
                    "socksProxyHost", "127.0.0.1",
                    "socksProxyPort", port,
                    "socksNonProxyHosts", "");
            properties.forEach(System::setProperty);
            try {
                assertThat(get(10_000, Duration.ofSeconds(5)).status()).isEqualTo(200);
            } finally {
                properties.keySet().forEach(System::clearProperty);
            }
        }
    }

    @Test
    void aNameThatLeadsToThisMachineIsRefusedUnlessItIsNamed() throws Exception {
        int port = server.uri().getPort();
        URI uri = URI.create("http://sandbox.example:" + port);
        EgressGuard.Builder guard = EgressGuard.builder(uri).allowPlaintext().resolver(host ->
                new InetAddress[] {InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})});
        assertThatThrownBy(() -> get(uri, "/health", guard.build(), 10_000, LONG))
                .hasFieldOrPropertyWithValue("kind", Kind.NOT_SENT);

        guard.allowHost("sandbox.example");

        assertThat(get(uri, "/health", guard.build(), 10_000, LONG).status()).isEqualTo(200);
    }

    @Test
    void aServerThatDoesNotAcceptConnectionsIsGivenUpInTime() throws Exception {
        try (FullServer full = new FullServer();
                RemoteHttp http = new RemoteHttp(full.uri(), EgressGuard.of(full.uri()), Duration.ofMillis(300), 2)) {
            assertThatThrownBy(() -> http.send("GET", "/", Map.of(), null, 100, LONG, new Cancellation()))
                    .hasFieldOrPropertyWithValue("kind", Kind.NOT_SENT);
        }
    }
}
