package io.sallyport.upstream.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.egress.EgressGuard;
import io.sallyport.protocol.Era;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamSession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Ways not to get a connection. */
class HttpReachTest {

    private final UpstreamWorkbench bench = new UpstreamWorkbench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    private UpstreamFailure failureToOpen(String url) throws Exception {
        HttpUpstream upstream = HttpUpstream.at("fake", URI.create(url))
                .connectTimeout(Duration.ofMillis(300))
                .build();
        return bench.failureToOpen(bench.keep(upstream), Era.MODERN);
    }

    @Test
    @Incident("S23")
    @Incident("S153")
    @Incident("S186")
    void saysThatNothingListens() throws Exception {
        int port = freePort();

        // When
        UpstreamFailure failure = failureToOpen("http://127.0.0.1:" + port + "/mcp");

        assertThat(failure)
                .isEqualTo(UpstreamFailure.notSent(Kind.UNREACHABLE, "refused: nothing listens at 127.0.0.1:" + port));
    }

    @Test
    @Incident("S157")
    void saysThatANameCannotBeResolved() throws Exception {
        // When
        UpstreamFailure failure = failureToOpen("https://no-such-host.invalid/mcp");

        assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(failure.detail()).startsWith("DNS: cannot resolve no-such-host.invalid");
    }

    @Test
    @Incident("S23")
    @Incident("S154")
    @Incident("S186")
    void saysThatAConnectionTookTooLong() throws Exception {
        List<Socket> fillers = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            fillBacklog(full, fillers);

            // When
            UpstreamFailure failure = failureToOpen("http://127.0.0.1:" + full.getLocalPort() + "/mcp");

            assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
            assertThat(failure.detail()).startsWith("time-out: 127.0.0.1:").contains("within 300 ms");
        } finally {
            for (Socket filler : fillers) {
                filler.close();
            }
        }
    }

    /** What is beyond the backlog is not answered any more. */
    private static void fillBacklog(ServerSocket full, List<Socket> fillers) throws Exception {
        while (true) {
            Socket filler = new Socket();
            fillers.add(filler);
            try {
                filler.connect(full.getLocalSocketAddress(), 200);
            } catch (SocketTimeoutException filled) {
                return;
            }
        }
    }

    @Test
    @Incident("S185")
    void triesAllAddressesOfAName() throws Exception {
        try (FakeHttpServer server = new FakeHttpServer(McpScript.modern())) {
            HttpUpstream upstream = HttpUpstream.at("fake", server.uri("localhost"))
                    .egress(new FixedAddresses("127.0.0.2", "127.0.0.1"))
                    .build();

            // When
            UpstreamSession session = bench.open(bench.keep(upstream), Era.MODERN);

            assertThat(session.era()).isEqualTo(Era.MODERN);
            assertThat(server.received().get(0).header("Host")).isEqualTo("localhost:" + server.port());
        }
    }

    @Test
    @Incident("S185")
    void namesEachAddressThatWasTried() throws Exception {
        int port = freePort();
        HttpUpstream upstream = HttpUpstream.at("fake", URI.create("http://localhost:" + port + "/mcp"))
                .egress(new FixedAddresses("127.0.0.2", "127.0.0.1"))
                .build();

        // When
        UpstreamFailure failure = bench.failureToOpen(bench.keep(upstream), Era.MODERN);

        assertThat(failure.detail())
                .isEqualTo("refused: nothing listens at localhost (127.0.0.2:" + port
                        + "); refused: nothing listens at localhost (127.0.0.1:" + port + ")");
    }

    @Test
    void sendsNotOneByteWhereTheGuardDoesNotLikeTheRemoteAddress() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"))) {
            String url = "http://127.0.0.1:" + server.getLocalPort() + "/mcp";
            HttpUpstream upstream = HttpUpstream.at("fake", URI.create(url))
                    .egress(new FixedAddresses("127.0.0.1") {
                        @Override
                        public void check(String host, SocketAddress connected) throws IOException {
                            throw new IOException(host + " leads to " + connected);
                        }
                    })
                    .build();

            // When
            UpstreamFailure failure = bench.failureToOpen(bench.keep(upstream), Era.MODERN);

            assertThat(failure)
                    .isEqualTo(UpstreamFailure.notSent(
                            Kind.UNREACHABLE, "127.0.0.1 leads to /127.0.0.1:" + server.getLocalPort()));
            try (Socket connection = server.accept()) {
                connection.setSoTimeout(10_000);
                assertThat(readOne(connection)).isEqualTo(-1);
            }
        }
    }

    /** Returns a byte that was sent, also before a reset; -1 for none. */
    private static int readOne(Socket connection) throws IOException {
        try {
            return connection.getInputStream().read();
        } catch (SocketException reset) {
            return -1;
        }
    }

    @Test
    void goesOnlyWhereTheGuardLetsIt() throws Exception {
        EgressGuard.Builder guard = EgressGuard.builder(URI.create("https://internal.example/mcp"))
                .resolver(host -> new InetAddress[] {InetAddress.getByName("10.1.2.3")});
        HttpUpstream upstream = HttpUpstream.at("fake", URI.create("https://internal.example/mcp"))
                .egress(guard.build())
                .build();

        // When
        UpstreamFailure failure = bench.failureToOpen(bench.keep(upstream), Era.MODERN);

        assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(failure.detail()).contains("internal.example", "10.1.2.3", "egress guard", "allowHost");
    }

    @Test
    @Incident("S157")
    void fallsOverNoFullExecutor() throws Exception {
        bench.executor.shutdownNow();

        // When
        UpstreamFailure failure = failureToOpen("http://localhost:1/mcp");

        assertThat(failure.kind()).isEqualTo(Kind.OVERLOADED);
    }

    /** Answers these addresses to every name, and lets all connections pass. */
    private static class FixedAddresses implements HttpEgress {

        private final String[] addresses;

        FixedAddresses(String... addresses) {
            this.addresses = addresses;
        }

        @Override
        public InetAddress[] resolve(String host, int port) throws UnknownHostException {
            InetAddress[] found = new InetAddress[addresses.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = InetAddress.getByName(addresses[i]);
            }
            return found;
        }

        @Override
        public void check(String host, SocketAddress connected) throws IOException {
            // All may pass.
        }
    }
}
