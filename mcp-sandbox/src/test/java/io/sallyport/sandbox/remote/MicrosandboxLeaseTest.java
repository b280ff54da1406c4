package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.await;
import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.sandbox.HandClock;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.SessionStore;
import io.sallyport.testing.Incident;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lives of gateways that share a name: how long one is taken to last, and what becomes of its machines then. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxLeaseTest {

    /** One who has it renews it every ten milliseconds, and looks for leftovers every sixty. */
    private static final Duration BRIEF = Duration.ofMillis(30);

    private final MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private final HandClock clock = new HandClock();
    private final SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), clock);
    private final ClusterBus bus = store.bus();
    private final List<MicrosandboxSandbox> made = new ArrayList<>();

    private MicrosandboxSandbox sandbox(Duration lease) throws InterruptedException {
        MicrosandboxSandbox sandbox =
                builder(server).clusterBus(bus).lease(lease).build();
        made.add(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        made.forEach(MicrosandboxSandbox::close);
        store.close();
        server.close();
    }

    /** One look may have been under way, and have seen what was before. */
    private void awaitALook() throws InterruptedException {
        int before = server.requests("sandbox.metrics.get").size();
        await("it has looked", () -> server.requests("sandbox.metrics.get").size() >= before + 3);
    }

    /** The first renews its lease in twenty minutes only: to this test it is as if it had been killed. */
    @Incident("S205")
    @Test
    void aLifeThatDoesNotRenewItsLeaseKeepsItsMachinesUntilItIsOver() throws Exception {
        open(sandbox(Duration.ofHours(1)));
        sandbox(BRIEF);

        clock.pass(Duration.ofMinutes(59));
        awaitALook();

        assertThat(server.running()).hasSize(1);
    }

    @Incident("S205")
    @Test
    void theMachinesOfALifeThatIsOverAreStoppedByOneThatGoesOn() throws Exception {
        open(sandbox(Duration.ofHours(1)));
        sandbox(BRIEF);
        assertThat(server.running()).hasSize(1);

        clock.pass(Duration.ofMinutes(61));

        await("it is stopped", () -> server.running().isEmpty());
    }

    @Test
    void aLifeThatGoesOnRenewsItsLease() throws Exception {
        sandbox(BRIEF);

        for (int i = 0; i < 3; i++) {
            clock.pass(Duration.ofHours(1));
            await("it lives", () -> bus.nodes().size() == 1);
        }
    }

    @Test
    void aLeaseLastsHalfAMinuteUnlessItIsSet() throws Exception {
        List<Object> leases = new CopyOnWriteArrayList<>();
        ClusterBus listening = (ClusterBus) Proxy.newProxyInstance(
                ClusterBus.class.getClassLoader(), new Class<?>[] {ClusterBus.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("beat")) {
                        leases.add(arguments[1]);
                    }
                    return method.invoke(bus, arguments);
                });

        made.add(builder(server).clusterBus(listening).build());

        assertThat(leases).first().isEqualTo(Duration.ofSeconds(30));
    }
}
