package io.sallyport.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of the session with an upstream that nodes share when several calls open one at the same time. */
class SharedUpstreamSessionTest {

    private final SessionStore shared = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system());
    private final Sealer sealer = Sealer.ephemeral();

    /** A gateway and its store, which keeps a handle when the test says so. */
    private final class Node implements AutoCloseable {

        private final Semaphore mayKeep;
        private final ExecutorService threads = Executors.newCachedThreadPool();
        private volatile boolean isFull;
        private final JettyContainer container = new JettyContainer();
        private final McpGateway gateway;
        private final McpHttp client;

        Node(RemoteServer server, int mayKeep) throws Exception {
            this.mayKeep = new Semaphore(mayKeep);
            gateway = McpGateway.builder()
                    .upstream(server.upstream())
                    .endpoint(Endpoint.at("/mcp").transparent())
                    .sessionStore(new InMemoryClusterTest.Shared(shared) {
                        @Override
                        public boolean update(SessionRecord changed) {
                            Node.this.mayKeep.acquireUninterruptibly();
                            return super.update(changed);
                        }
                    })
                    .sealer(sealer)
                    .executor(task -> {
                        if (isFull) {
                            throw new RejectedExecutionException("full");
                        }
                        threads.execute(task);
                    })
                    .allowAnonymous()
                    .build();
            gateway.start().get(10, TimeUnit.SECONDS);
            client = new McpHttp(
                    URI.create("http://127.0.0.1:" + container.start(new McpServlet(gateway), "/mcp") + "/mcp"));
        }

        CompletableFuture<String> call(String session, int id) {
            return CompletableFuture.supplyAsync(
                    () -> client.legacy(session, id, "tools/call", "{\"name\":\"work\",\"arguments\":{}}")
                            .result()
                            .getString("in")
                            .orElseThrow());
        }

        @Override
        public void close() {
            mayKeep.release(100);
            gateway.close();
            threads.shutdownNow();
            try {
                container.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static List<String> ended(RemoteServer server) {
        return server.http().received().stream()
                .filter(exchange -> exchange.method().equals("DELETE"))
                .map(exchange -> exchange.header("Mcp-Session-Id"))
                .toList();
    }

    @Test
    void callsThatLostTheRaceToOpenItDoNotEndIt() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                Node slow = new Node(server, 0);
                Node fast = new Node(server, 100)) {
            server.script()
                    .on(
                            "tools/call",
                            exchange -> exchange.result("{\"content\":[],\"in\":\"" + exchange.session() + "\"}"));
            String session = slow.client.initialize("{}");
            CompletableFuture<String> first = slow.call(session, 1);
            CompletableFuture<String> second = slow.call(session, 2);
            Waiting.until("both have a session to keep", () -> slow.mayKeep.getQueueLength() == 2 ? true : null);
            String kept = fast.call(session, 3).get(10, TimeUnit.SECONDS);

            slow.mayKeep.release();
            CompletableFuture.anyOf(first, second).get(10, TimeUnit.SECONDS);
            slow.mayKeep.release(100);
            assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(kept);
            assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(kept);

            Waiting.until(
                    "the session that is one too many ends", () -> ended(server).isEmpty() ? null : true);
            assertThat(ended(server)).doesNotContain(kept);
        }
    }

    @Test
    void aSessionThatWasOpenedInVainNeverTakesThePlaceOfTheOneThatIsUsed() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                Node slow = new Node(server, 0);
                Node fast = new Node(server, 100)) {
            server.script()
                    .on(
                            "tools/call",
                            exchange -> exchange.result("{\"content\":[],\"in\":\"" + exchange.session() + "\"}"));
            String session = slow.client.initialize("{}");
            CompletableFuture<String> early = slow.call(session, 1);
            Waiting.until("it has a session to keep", () -> slow.mayKeep.getQueueLength() == 1 ? true : null);
            String kept = fast.call(session, 2).get(10, TimeUnit.SECONDS);

            // It knows which session is used, and finds the other one open.
            CompletableFuture<String> late = slow.call(session, 3);
            Waiting.until("it goes on", () -> late.isDone() || slow.mayKeep.getQueueLength() == 2 ? true : null);
            slow.mayKeep.release(100);

            assertThat(late.get(10, TimeUnit.SECONDS)).isEqualTo(kept);
            assertThat(early.get(10, TimeUnit.SECONDS)).isEqualTo(kept);
            assertThat(fast.call(session, 4).get(10, TimeUnit.SECONDS)).isEqualTo(kept);
        }
    }

    @Test
    void aCallForWhoseSessionThereIsNoThreadMayBeMadeAgain() throws Exception {
        try (RemoteServer server = RemoteServer.legacy("up");
                Node node = new Node(server, 100)) {
            String session = node.client.initialize("{}");
            server.script().on("notifications/initialized", exchange -> {
                node.isFull = true;
                exchange.accepted();
            });

            McpHttp.Answer answer =
                    node.client.legacy(session, 1, "tools/call", "{\"name\":\"work\",\"arguments\":{}}");

            assertThat(answer.error().toJson()).contains("overloaded").contains("\"retryable\":true");
        }
    }
}
