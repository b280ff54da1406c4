package io.sallyport.gateway.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.gateway.internal.ClientSessions.Key;
import io.sallyport.gateway.internal.ClientSessions.Lease;
import io.sallyport.protocol.Era;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.spi.Principal;
import io.sallyport.spi.Sealer;
import io.sallyport.testing.Incident;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.CallListener;
import io.sallyport.upstream.CallSpec;
import io.sallyport.upstream.ServerFacts;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.SessionSpec;
import io.sallyport.upstream.Upstream;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamRuntime;
import io.sallyport.upstream.UpstreamSession;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientSessionsTest {

    private static final Duration IDLE = Duration.ofMinutes(30);
    private static final Principal ANN = new Principal("test", "client", "ann", "default");
    private static final Principal BOB = new Principal("test", "client", "bob", "default");
    private static final Principal EVE = new Principal("test", "client", "eve", "default");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong now = new AtomicLong();
    private final Crowded upstream = new Crowded();
    private final ClientSessions sessions = new ClientSessions(
            upstream,
            new UpstreamRuntime(Runnable::run, timer, MessageLimits.forUpstreams(), Sealer.ephemeral()),
            2,
            IDLE,
            now::get);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void requestsOfOnePrincipalShareASession() {
        assertThat(use(shared(ANN)).session()).isSameAs(use(shared(ANN)).session());
        assertThat(use(shared(BOB)).session()).isNotSameAs(use(shared(ANN)).session());
    }

    @Test
    @Incident("X5")
    void aSharedSessionThatNobodyUsesIsClosedAfterAWhile() {
        Lease lease = use(shared(ANN));
        pass(IDLE);
        sessions.closeIdle();
        assertThat(upstream.open).as("in use").hasSize(1);

        lease.giveBack().run();
        pass(IDLE.minusNanos(1));
        sessions.closeIdle();
        assertThat(upstream.open).as("not yet").hasSize(1);

        pass(Duration.ofNanos(1));
        sessions.closeIdle();
        assertThat(upstream.open).isEmpty();
    }

    @Test
    void theSessionOfAClientsSessionEndsWithItAndNotBefore() {
        use(own(ANN, "s1")).giveBack().run();

        pass(IDLE.multipliedBy(10));
        sessions.closeIdle();
        assertThat(upstream.open).hasSize(1);

        sessions.release("s1", UpstreamSession::close);
        assertThat(upstream.open).isEmpty();
    }

    @Test
    void whereThereIsNoRoomASharedSessionThatNobodyUsesIsClosed() {
        use(shared(ANN));
        use(shared(BOB)).giveBack().run();

        UpstreamSession third = use(shared(EVE)).session();

        assertThat(upstream.open).hasSize(2).contains(third);
        assertThat(use(shared(ANN)).session()).as("in use, so it stayed").isSameAs(upstream.open.get(0));
    }

    @Test
    @Incident("S162")
    void noPrincipalsSessionMakesRoomForAnothers() {
        use(own(ANN, "s1")).giveBack().run();
        use(own(ANN, "s2")).giveBack().run();

        assertThatThrownBy(() -> use(own(EVE, "s3"))).hasMessageContaining("OVERLOADED");
        assertThat(upstream.open).hasSize(2);

        assertThat(use(own(ANN, "s4"))).isNotNull();
        assertThat(upstream.open).hasSize(2);
    }

    @Test
    void aFullUpstreamHasRoomTheNextTimeIfASessionWasUnused() {
        upstream.capacity = 1;
        use(shared(ANN)).giveBack().run();

        assertThatThrownBy(() -> use(shared(BOB))).hasMessageContaining("OVERLOADED");

        assertThat(use(shared(BOB))).isNotNull();
    }

    @Test
    void anUpstreamThatFailsToOpenIsAskedAgainByTheNextCall() {
        upstream.breaks = true;
        assertThatThrownBy(() -> use(shared(ANN))).hasMessageContaining("broken");

        upstream.breaks = false;
        assertThat(use(shared(ANN))).isNotNull();
    }

    private static Key shared(Principal principal) {
        return new Key(principal, Optional.empty());
    }

    private static Key own(Principal principal, String session) {
        return new Key(principal, Optional.of(session));
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Returns the session of a key, or throws what kept it from being opened. */
    private Lease use(Key key) {
        ClientSessions.Entry entry =
                sessions.use(key, new SessionSpec(key.principal(), Era.LEGACY, "{}", "{}"), new NobodyListens());
        return entry.lease(entry.opening()).toCompletableFuture().join();
    }

    /** An upstream with room for so many sessions. */
    private static final class Crowded implements Upstream {

        private final List<UpstreamSession> open = new ArrayList<>();
        private int capacity = Integer.MAX_VALUE;
        private boolean breaks;

        @Override
        public String name() {
            return "crowded";
        }

        @Override
        public CompletionStage<UpstreamSession> open(
                SessionSpec spec, SessionListener listener, UpstreamRuntime runtime) {
            if (breaks) {
                throw new IllegalStateException("broken");
            }
            if (open.size() >= capacity) {
                return CompletableFuture.failedFuture(
                        new UpstreamException(UpstreamFailure.notSent(UpstreamFailure.Kind.OVERLOADED, "full")));
            }
            UpstreamSession session = new Session();
            open.add(session);
            return CompletableFuture.completedFuture(session);
        }

        @Override
        public boolean sharesSessions() {
            return false;
        }

        private final class Session implements UpstreamSession {
            @Override
            public Era era() {
                return Era.LEGACY;
            }

            @Override
            public ServerFacts facts() {
                JsonValue none = JsonValue.trusted("{}");
                return new ServerFacts("2025-11-25", none, none, Optional.empty());
            }

            @Override
            public CallHandle call(Request request, CallSpec spec, CallListener listener) {
                return reason -> {};
            }

            @Override
            public void send(Notification notification) {
                // Nobody hears it.
            }

            @Override
            public void close() {
                open.remove(this);
            }
        }
    }
}
