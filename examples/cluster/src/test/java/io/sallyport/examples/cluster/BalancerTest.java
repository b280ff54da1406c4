package io.sallyport.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BalancerTest {

    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

    private final List<AutoCloseable> open = new ArrayList<>();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    /** What a node does with a request whose head it has read. */
    private interface Serving {
        void serve(Socket connection) throws Exception;
    }

    private final class FakeNode {
        private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final AtomicInteger requests = new AtomicInteger();

        FakeNode(Serving serving) throws IOException {
            open.add(server);
            Thread thread = new Thread(
                    () -> {
                        while (true) {
                            try (Socket connection = server.accept()) {
                                BufferedReader in = new BufferedReader(
                                        new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
                                while (!in.readLine().isEmpty()) {
                                    // Goes on to the end of the head.
                                }
                                requests.incrementAndGet();
                                serving.serve(connection);
                            } catch (Exception closed) {
                                return;
                            }
                        }
                    },
                    "node");
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return server.getLocalPort();
        }
    }

    private static void say(Socket connection, String text) throws IOException {
        connection.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    private HttpResponse<InputStream> send(Integer... nodes) throws Exception {
        int port = Ports.free(1).get(0);
        open.add(new Balancer(port, List.of(nodes)));
        return client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/mcp"))
                        .timeout(Duration.ofSeconds(10))
                        .POST(HttpRequest.BodyPublishers.ofString("{}"))
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
    }

    private static String text(HttpResponse<InputStream> response) throws IOException {
        return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void takesTheNextNodeWhenOneCannotBeConnectedTo() throws Exception {
        FakeNode node = new FakeNode(connection -> say(connection, HEAD + "2\r\nhi\r\n0\r\n\r\n"));

        // When
        HttpResponse<InputStream> response = send(Ports.free(1).get(0), node.port());

        assertThat(text(response)).isEqualTo("hi");
    }

    @Test
    void answersItselfWhenThereIsNoNode() throws Exception {
        // When
        HttpResponse<InputStream> response = send(Ports.free(1).get(0));

        assertThat(response.statusCode()).isEqualTo(502);
    }

    @Test
    void passesOnWhatHasComeBeforeThereIsMore() throws Exception {
        CountDownLatch wasRead = new CountDownLatch(1);
        FakeNode node = new FakeNode(connection -> {
            say(connection, HEAD + "2\r\nhi\r\n");
            wasRead.await(10, TimeUnit.SECONDS);
            say(connection, "0\r\n\r\n");
        });

        // When
        HttpResponse<InputStream> response = send(node.port());

        assertThat(response.body().readNBytes(2))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo("hi");
        assertThat(wasRead.getCount()).as("the node still waits").isEqualTo(1);
        wasRead.countDown();
        assertThat(text(response)).isEmpty();
    }

    @Test
    void breaksOffWhatANodeBreaksOff() throws Exception {
        FakeNode node = new FakeNode(connection -> say(connection, HEAD + "2\r\nhi\r\n"));

        // When
        HttpResponse<InputStream> response = send(node.port());

        assertThatThrownBy(() -> text(response)).isInstanceOf(IOException.class);
    }

    @Test
    void asksNoOtherNodeOnceOneHasTheRequest() throws Exception {
        FakeNode dies = new FakeNode(Socket::close);
        FakeNode other = new FakeNode(connection -> say(connection, HEAD + "0\r\n\r\n"));

        // When
        assertThatThrownBy(() -> send(dies.port(), other.port())).isInstanceOf(IOException.class);

        assertThat(dies.requests).hasValue(1);
        assertThat(other.requests).hasValue(0);
    }
}
