package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.gateway.Endpoint;
import io.sallyport.gateway.McpGateway;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionStore;
import io.sallyport.upstream.local.LocalServer;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;

/** What a host gets that sets nothing, and that what it sets arrives. */
class GatewayDefaultsTest {

    private static final Principal ANN = new Principal("i", "c", "ann", "t");

    private static McpGateway.Builder gateway() {
        return McpGateway.builder().upstream(LocalServer.named("local").build()).allowAnonymous();
    }

    private static Engine engine(McpGateway gateway) {
        return gateway.unwrap(Inside.class).engine();
    }

    @Test
    void theDefaultsAreThoseThatAreDocumented() {
        try (McpGateway gateway = gateway().build()) {
            assertThat(engine(gateway).settings())
                    .isEqualTo(new Settings(
                            new MessageLimits(1 << 20, 64, 1 << 20, 4096, 1000),
                            new MessageLimits(4 << 20, 64, 4 << 20, 4096, 1000),
                            Duration.ofSeconds(30),
                            Duration.ofMinutes(10),
                            10_000,
                            1_000,
                            Duration.ofMinutes(30),
                            16,
                            256 * 1024,
                            Duration.ofSeconds(15),
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(5),
                            "{\"name\":\"sallyport\",\"version\":\"development\"}"));
            assertThat(gateway.unwrap(Inside.class).authenticator()).isInstanceOf(LocalOnly.class);
            assertThat(engine(gateway).filters().lookAtResults()).isFalse();
        }
    }

    @Test
    void whatIsSetArrives() {
        MessageLimits small = MessageLimits.forClients().withMaxBytes(1);
        MessageLimits large = MessageLimits.forClients().withMaxBytes(2);
        Executor executor = Runnable::run;
        try (McpGateway gateway = gateway()
                .clientLimits(small)
                .upstreamLimits(large)
                .callDeadline(Duration.ofSeconds(1))
                .maxCallDuration(Duration.ofSeconds(2))
                .maxDefinitions(3)
                .maxSessionsPerUpstream(4)
                .upstreamSessionIdle(Duration.ofSeconds(5))
                .maxStreamsPerPrincipal(6)
                .streamBufferBytes(7)
                .idleHeartbeat(Duration.ofSeconds(8))
                .nodeLease(Duration.ofSeconds(10))
                .startupPatience(Duration.ofSeconds(9))
                .executor(executor)
                .build()) {
            assertThat(engine(gateway).settings())
                    .isEqualTo(new Settings(
                            small,
                            large,
                            Duration.ofSeconds(1),
                            Duration.ofSeconds(2),
                            3,
                            4,
                            Duration.ofSeconds(5),
                            6,
                            7,
                            Duration.ofSeconds(8),
                            Duration.ofSeconds(10),
                            Duration.ofSeconds(9),
                            engine(gateway).settings().clientInfo()));
            assertThat(engine(gateway).runtime().limits()).isEqualTo(large);
            assertThat(engine(gateway).executor()).isSameAs(executor);
        }
    }

    @Test
    void threadsAreVirtualWhereTheJdkHasThemElseOf64() {
        try (McpGateway gateway = gateway().build()) {
            Executor executor = engine(gateway).executor();
            if (Runtime.version().feature() >= 21) {
                assertThat(executor.getClass().getSimpleName()).isEqualTo("ThreadPerTaskExecutor");
            } else {
                assertThat(((ThreadPoolExecutor) executor).getMaximumPoolSize()).isEqualTo(64);
            }
        }
    }

    @Test
    void aPrincipalHas20SessionsUnlessTheHostSaysOtherwise() {
        try (McpGateway gateway = gateway().build()) {
            assertThat(sessionsOfOneWhoOpens(25, gateway)).isEqualTo(20);
        }
        try (McpGateway gateway = gateway()
                .sessionBounds(new SessionStore.Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 3, 10))
                .build()) {
            assertThat(sessionsOfOneWhoOpens(5, gateway)).isEqualTo(3);
        }
    }

    private static int sessionsOfOneWhoOpens(int sessions, McpGateway gateway) {
        for (int i = 0; i < sessions; i++) {
            assertThat(engine(gateway).sessions().open("/mcp", ANN, "2025-11-25", "{}"))
                    .isInstanceOf(LegacySessions.Begun.class);
        }
        return gateway.sessions().statistics().live();
    }

    @Test
    void withoutEndpointsAllUpstreamsAreServedAtMcp() {
        try (McpGateway gateway =
                gateway().upstream(LocalServer.named("other").build()).build()) {
            ServedEndpoint endpoint = engine(gateway).endpoint("/mcp").orElseThrow();

            assertThat(endpoint.upstreams()).extracting(UpstreamManager::name).containsExactly("local", "other");
            assertThat(engine(gateway).endpoints()).hasSize(1);
        }
    }

    @Test
    void anEndpointServesItsUpstreamsInItsOrder() {
        try (McpGateway gateway = gateway()
                .upstream(LocalServer.named("b").build())
                .upstream(LocalServer.named("c").build())
                .endpoint(Endpoint.at("/x").upstreams("c", "local"))
                .build()) {
            assertThat(engine(gateway).endpoint("/x").orElseThrow().upstreams())
                    .extracting(UpstreamManager::name)
                    .containsExactly("c", "local");
            assertThat(engine(gateway).endpoint("/mcp")).isEmpty();
        }
    }
}
