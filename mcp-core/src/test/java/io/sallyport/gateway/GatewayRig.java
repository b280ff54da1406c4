package io.sallyport.gateway;

import io.sallyport.gateway.servlet.McpServlet;
import io.sallyport.spi.Authentication;
import io.sallyport.spi.Principal;
import io.sallyport.testing.JettyContainer;
import io.sallyport.testing.McpHttp;
import io.sallyport.testing.Waiting;
import io.sallyport.upstream.Upstream;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A gateway that serves {@code /mcp} in Jetty, by a clock that a test moves. {@code X-User} says who asks. */
final class GatewayRig implements AutoCloseable {

    private final AtomicLong now = new AtomicLong();
    private final AtomicLong ticks = new AtomicLong();
    private final JettyContainer container = new JettyContainer();
    final McpGateway gateway;
    final CompletableFuture<Void> tried;
    final int port;

    GatewayRig(Upstream... upstreams) throws Exception {
        this(builder -> builder, upstreams);
    }

    GatewayRig(UnaryOperator<McpGateway.Builder> settings, Upstream... upstreams) throws Exception {
        McpGateway.Builder builder = McpGateway.builder()
                .ticker(this::ticker)
                .authenticator(head -> Authentication.accepted(
                        new Principal("test", "client", head.single("X-User").orElse("nobody"), "default")));
        for (Upstream upstream : upstreams) {
            builder.upstream(upstream);
        }
        gateway = settings.apply(builder).build();
        tried = gateway.start();
        port = container.start(new McpServlet(gateway), "/mcp");
    }

    /** Waits until each upstream has been tried once. */
    GatewayRig ready() throws Exception {
        tried.get(10, TimeUnit.SECONDS);
        return this;
    }

    McpHttp as(String user) {
        McpHttp http = new McpHttp(URI.create("http://127.0.0.1:" + port + "/mcp"));
        http.defaults().put("X-User", user);
        return http;
    }

    /**
     * Lets time pass: for deadlines, heartbeats, and the second after which an answer becomes a stream. Returns when all
     * that watches the time has seen it.
     */
    void pass(Duration duration) {
        now.addAndGet(duration.toNanos());
        long before = ticks.get();
        // The tick that runs now may have begun before; the one after it has not, and has ended when a third begins.
        Waiting.until("time has passed", () -> ticks.get() > before + 2 ? "yes" : null);
    }

    private long ticker() {
        if (Thread.currentThread().getName().startsWith("sallyport-timer")) {
            ticks.incrementAndGet();
        }
        return now.get();
    }

    @Override
    public void close() {
        gateway.close();
        try {
            container.stop();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
