package io.sallyport.sandbox.remote;

import static io.sallyport.sandbox.remote.MicrosandboxRig.builder;
import static io.sallyport.sandbox.remote.MicrosandboxRig.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose machines are stopped when a gateway starts again, and whose are not. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class MicrosandboxOwnershipTest {

    private MicrosandboxStandIn server = MicrosandboxRig.server(MicrosandboxStandIn.Dialect.WITH_NAMESPACES);
    private final List<MicrosandboxSandbox> made = new ArrayList<>();

    private MicrosandboxSandbox made(MicrosandboxBuilder builder) throws InterruptedException {
        MicrosandboxSandbox sandbox = builder.namespace("shared").build();
        made.add(sandbox);
        return sandbox;
    }

    @AfterEach
    void close() {
        made.forEach(MicrosandboxSandbox::close);
        server.close();
    }

    @Incident("S205")
    @ParameterizedTest
    @EnumSource(MicrosandboxStandIn.Dialect.class)
    void whatAnEarlierLifeHasLeftIsStoppedAndNothingOfOthers(MicrosandboxStandIn.Dialect dialect) throws Exception {
        server.close();
        server = MicrosandboxRig.server(dialect);
        // That one is never closed in time: it is as if it had been killed.
        open(made(builder(server).owner("ours")));
        open(made(builder(server).owner("ours-too")));
        open(made(builder(server).owner("other")));

        made(builder(server).owner("ours"));

        assertThat(server.running()).hasSize(2).noneMatch(name -> name.matches("ours-[a-z2-7]{13}-.*"));
    }

    @Incident("S205")
    @Test
    void aLifeThatIsNotOverKeepsItsMachines() throws Exception {
        try (SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system())) {
            ClusterBus bus = store.bus();
            open(made(builder(server).clusterBus(bus)));

            made(builder(server).clusterBus(bus));

            assertThat(server.running()).hasSize(1);
        }
    }

    @Test
    void aLifeThatTheBusDoesNotKnowIsOver() throws Exception {
        open(made(builder(server)));
        try (SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system())) {
            ClusterBus bus = store.bus();

            made(builder(server).clusterBus(bus));

            assertThat(server.running()).isEmpty();
        }
    }

    @Test
    void nothingIsStoppedWhileTheBusDoesNotSayWhoLives() throws Exception {
        open(made(builder(server)));
        ClusterBus broken = (ClusterBus) Proxy.newProxyInstance(
                ClusterBus.class.getClassLoader(), new Class<?>[] {ClusterBus.class}, (proxy, method, arguments) -> {
                    throw new StoreUnavailableException("of a test");
                });

        made(builder(server).clusterBus(broken));

        assertThat(server.running()).hasSize(1);
    }

    @Test
    void closingEndsTheLease() throws Exception {
        try (SessionStore store = SessionStore.inMemory(SessionStore.Bounds.defaults(), InstantSource.system())) {
            ClusterBus bus = store.bus();
            MicrosandboxSandbox sandbox = made(builder(server).clusterBus(bus));
            assertThat(bus.nodes()).hasSize(1);

            sandbox.close();

            assertThat(bus.nodes()).isEmpty();
        }
    }

    @Test
    void namesAreWhatServersTake() throws Exception {
        open(made(builder(server).owner("a234567890123456789012")));

        assertThat(server.running()).singleElement().asString().hasSize(63).matches("[a-z0-9][a-z0-9-]*");
    }

    @Test
    void nobodyElsesNameCanBeTakenForOurs() {
        MachineNames ours = new MachineNames("a");
        MachineNames others = new MachineNames("a-" + ours.life().substring(0, 8));

        assertThat(ours.lifeOf(others.next())).isEmpty();
        assertThat(ours.lifeOf(ours.next())).contains(ours.life());
        assertThat(ours.lifeOf("x" + ours.next())).isEmpty();
        assertThat(ours.lifeOf("session-12345678")).isEmpty();
    }

    @Test
    void anEndlessListOfMachinesIsNotRead() throws Exception {
        server.misbehave("sandbox.metrics.get", Misbehaviour.OVERSIZE);

        MicrosandboxSandbox sandbox = made(builder(server).requestTimeout(Duration.ofSeconds(5)));

        assertThat(sandbox.capabilities().unavailable().orElseThrow()).contains("more than");
    }
}
