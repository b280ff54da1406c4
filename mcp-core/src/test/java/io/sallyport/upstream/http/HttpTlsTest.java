package io.sallyport.upstream.http;

import static io.sallyport.upstream.http.UpstreamWorkbench.call;
import static io.sallyport.upstream.http.UpstreamWorkbench.toolCall;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.protocol.Era;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpTlsTest {

    private static TestCertificates certificates;
    private static Path pem;
    private static KeyStore forThisHost;
    private static KeyStore forAnotherHost;
    private static KeyStore expired;
    private static KeyStore selfSigned;
    private static KeyStore client;

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @BeforeAll
    static void makeCertificates(@TempDir Path folder) throws Exception {
        certificates = new TestCertificates();
        pem = Files.writeString(folder.resolve("authority.pem"), certificates.authorityPem());
        Instant now = Instant.now();
        forThisHost = certificates.issue("CN=here", "127.0.0.1", now);
        forAnotherHost = certificates.issue("CN=127.0.0.1", "elsewhere.example", now);
        expired = certificates.issue("CN=here", "127.0.0.1", now.minus(Duration.ofDays(10)));
        selfSigned = certificates.selfSigned("CN=self", "127.0.0.1");
        client = certificates.issue("CN=the gateway", "client.example", now);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private FakeHttpServer server(KeyStore key, Consumer<SSLServerSocket> settings) throws Exception {
        SSLServerSocket socket = (SSLServerSocket) certificates
                .serverContext(key)
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        settings.accept(socket);
        return new FakeHttpServer(socket, "https", McpScript.modern());
    }

    private FakeHttpServer server(KeyStore key) throws Exception {
        return server(key, socket -> {});
    }

    private HttpUpstream upstream(FakeHttpServer server, UnaryOperator<HttpUpstream.Builder> settings) {
        return bench.upstream(server, settings);
    }

    private UpstreamFailure failure(FakeHttpServer server, UnaryOperator<HttpUpstream.Builder> settings)
            throws Exception {
        UpstreamFailure failure = bench.failureToOpen(upstream(server, settings), Era.MODERN);
        assertThat(server.received()).as("nothing was sent").isEmpty();
        assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(failure.maybeExecuted()).isFalse();
        return failure;
    }

    private static UnaryOperator<HttpUpstream.Builder> trusting() {
        return builder -> builder.trustAnchors(pem);
    }

    @Test
    @Incident("S189")
    void talksToAServerWhoseAuthorityTheOperatorTrusts() throws Exception {
        try (FakeHttpServer server = server(forThisHost)) {
            // When
            UpstreamSession session =
                    bench.open(upstream(server, builder -> builder.trustAnchors(certificates.authority())), Era.MODERN);

            assertThat(call(session, toolCall(session, "1")).response().isError())
                    .isFalse();
            assertThat(server.received().get(0).header("Host")).isEqualTo("127.0.0.1:" + server.port());
        }
    }

    @Test
    @Incident("S187")
    void refusesAnAuthorityThatItDoesNotKnowAndPrintsTheChain() throws Exception {
        try (FakeHttpServer server = server(forThisHost)) {
            // When
            UpstreamFailure failure = failure(server, builder -> builder);

            assertThat(failure.detail())
                    .contains(
                            "the certificate is not trusted",
                            "no path from the certificate to a trust anchor",
                            "checked against the trust store of this Java runtime",
                            "certificate 1 of 2: subject CN=here, issuer CN=Test Authority, valid until 20",
                            "certificate 2 of 2: subject CN=Test Authority");
        }
    }

    @Test
    @Incident("S187")
    void saysThatACertificateHasExpired() throws Exception {
        try (FakeHttpServer server = server(expired)) {
            // When
            UpstreamFailure failure = failure(server, trusting());

            assertThat(failure.detail())
                    .contains("a certificate has expired", "1 trust anchor(s) configured for this upstream");
        }
    }

    @Test
    @Incident("S189")
    void refusesASelfSignedCertificateUntilItIsNamed() throws Exception {
        try (FakeHttpServer server = server(selfSigned)) {
            // When
            UpstreamFailure failure = failure(server, trusting());

            assertThat(failure.detail()).contains("self-signed and not among the trust anchors");
            X509Certificate itself = (X509Certificate) selfSigned.getCertificate("key");
            UpstreamSession session = bench.open(upstream(server, builder -> builder.trustAnchors(itself)), Era.MODERN);
            assertThat(session.era()).isEqualTo(Era.MODERN);
        }
    }

    @Test
    @Incident("S187")
    void refusesACertificateForAnotherHost() throws Exception {
        try (FakeHttpServer server = server(forAnotherHost)) {
            HttpUpstream upstream = HttpUpstream.at("fake", server.uri("localhost"))
                    .trustAnchors(pem)
                    .build();

            // When
            UpstreamFailure failure = bench.failureToOpen(bench.keep(upstream), Era.MODERN);

            assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(failure.detail()).contains("the certificate is for another host", "[elsewhere.example]");
            assertThat(server.received()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    @Incident("S188")
    void presentsItsCertificateToAServerThatWantsOne(String version) throws Exception {
        Consumer<SSLServerSocket> wantsOne = socket -> {
            socket.setNeedClientAuth(true);
            socket.setEnabledProtocols(new String[] {version});
        };
        try (FakeHttpServer server = server(forThisHost, wantsOne)) {
            // When
            UpstreamFailure without = failure(server, trusting());
            UpstreamSession session = bench.open(
                    upstream(
                            server,
                            builder -> builder.trustAnchors(pem).clientCertificate(client, TestCertificates.PASSWORD)),
                    Era.MODERN);

            assertThat(without.detail()).contains("client certificate").contains("missing");
            assertThat(session.era()).isEqualTo(Era.MODERN);
        }
    }

    @Test
    @Incident("S188")
    void saysThatThereIsNoCipherInCommon() throws Exception {
        // The server's key is none that this one could be used with.
        Consumer<SSLServerSocket> unusable = socket -> {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            socket.setEnabledCipherSuites(new String[] {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
        };
        try (FakeHttpServer server = server(forThisHost, unusable)) {
            // When
            UpstreamFailure failure = failure(server, trusting());

            assertThat(failure.detail()).contains("no cipher in common", "handshake_failure");
        }
    }

    @Test
    @Incident("S188")
    void saysThatThereIsNoVersionInCommon() throws Exception {
        Consumer<SSLServerSocket> old = socket -> socket.setEnabledProtocols(new String[] {"TLSv1.1"});
        try (FakeHttpServer server = server(forThisHost, old)) {
            // When
            UpstreamFailure failure = failure(server, trusting());

            assertThat(failure.detail()).startsWith("TLS: 127.0.0.1").contains("version");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 400 Bad Request\r\n\r\n", ""})
    @Incident("S188")
    void saysThatThereIsNoTlsAtThePort(String reply) throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            bench.executor.execute(() -> answerAll(plain, reply));
            URI uri = URI.create("https://127.0.0.1:" + plain.getLocalPort() + "/mcp");

            // When
            UpstreamFailure failure =
                    bench.failureToOpen(bench.keep(HttpUpstream.at("fake", uri).build()), Era.MODERN);

            assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(failure.detail()).contains("there is no TLS at this port");
        }
    }

    private static void answerAll(ServerSocket server, String reply) {
        try {
            while (true) {
                try (Socket connection = server.accept()) {
                    // All of it: to close with bytes unread would reset the connection and take the reply with it.
                    connection.getInputStream().read(new byte[16_384]);
                    connection.getOutputStream().write(reply.getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    @Test
    void offersNoOtherProtocolThanItSpeaks() throws Exception {
        Consumer<SSLServerSocket> offersHttp2 = socket -> {
            javax.net.ssl.SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
            socket.setSSLParameters(parameters);
        };
        try (FakeHttpServer server = server(forThisHost, offersHttp2)) {
            // When
            UpstreamSession session = bench.open(upstream(server, trusting()), Era.MODERN);

            assertThat(call(session, toolCall(session, "1")).response().isError())
                    .isFalse();
            assertThat(((SSLSocket) server.anyConnection()).getApplicationProtocol())
                    .isNotEqualTo("h2");
        }
    }

    @Test
    void refusesAnchorsThatAreNone(@TempDir Path folder) throws Exception {
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        Path junk = Files.writeString(folder.resolve("junk.pem"), "no certificate");
        HttpUpstream.Builder builder = HttpUpstream.at("fake", URI.create("https://mcp.example/"));

        assertThatThrownBy(() -> builder.trustAnchors(empty))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("empty.pem");
        assertThatThrownBy(() -> builder.trustAnchors(junk)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.trustAnchors(folder.resolve("missing.pem")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing.pem");
        assertThatThrownBy(builder::trustAnchors).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.clientCertificate(client, "wrong".toCharArray()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
