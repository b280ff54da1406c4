package io.sallyport.gateway;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SessionStore;
import io.sallyport.stream.HijackContract;
import io.sallyport.testing.JettyContainer;
import io.sallyport.upstream.local.LocalServer;
import io.sallyport.upstream.local.Tool;
import io.sallyport.upstream.local.ToolResult;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Two gateways of one process that share what is in its memory. */
class SessionHijackTest implements HijackContract {

    @Override
    public Cluster cluster() throws Exception {
        return new Gateways();
    }

    private static final class Gateways implements Cluster {

        private final AtomicReference<Duration> passed = new AtomicReference<>(Duration.ZERO);
        private final SessionStore store = SessionStore.inMemory(
                new SessionStore.Bounds(IDLE, IDLE.multipliedBy(4), 20, 100),
                () -> Instant.now().plus(passed.get()));
        private final Sealer sealer = Sealer.ephemeral();
        private final List<Gateway> nodes;

        Gateways() throws Exception {
            nodes = List.of(new Gateway(store, sealer), new Gateway(store, sealer));
        }

        @Override
        public URI at(int node, String path) {
            return URI.create("http://127.0.0.1:" + nodes.get(node).port + path);
        }

        @Override
        public void letPass(Duration duration) {
            passed.updateAndGet(before -> before.plus(duration));
        }

        @Override
        public int sessions() {
            return store.size();
        }

        @Override
        public void release() {
            nodes.forEach(node -> node.release.countDown());
        }

        @Override
        public void toolsChange() {
            nodes.get(0).server.add(Tool.named("late").handler(call -> ToolResult.text("late")));
        }

        @Override
        public void close() {
            release();
            nodes.forEach(Gateway::close);
            store.close();
        }
    }

    private static final class Gateway {

        private final CountDownLatch release = new CountDownLatch(1);
        private final JettyContainer container = new JettyContainer();
        private final LocalServer server;
        private final McpGateway gateway;
        private final int port;

        Gateway(SessionStore shared, Sealer sealer) throws Exception {
            server = LocalServer.named("local")
                    .tool(Tool.named("count")
                            .param("to", "integer", "How far to count")
                            .handler(call -> {
                                long to = call.arguments().get("to").asLong().orElseThrow();
                                for (long i = 1; i <= to; i++) {
                                    call.progress(i, to, "secret");
                                }
                                return ToolResult.text("secret");
                            }))
                    .tool(Tool.named("wait").handler(call -> {
                        call.progress(1, 2, "secret");
                        release.await();
                        call.progress(2, 2, "secret");
                        return ToolResult.text("secret");
                    }))
                    .build();
            gateway = McpGateway.builder()
                    .upstream(server)
                    .endpoint(Endpoint.at("/mcp").transparent())
                    .endpoint(Endpoint.at("/other").transparent())
                    .authenticator(head -> Authentication.accepted(HijackContract.principal(head::single)))
                    .sessionStore(new InMemoryClusterTest.Shared(shared))
                    .sealer(sealer)
                    .build();
            gateway.start().get(10, TimeUnit.SECONDS);
            port = container.start(new McpServlet(gateway), "/mcp", "/other");
        }

        void close() {
            gateway.close();
            try {
                container.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
