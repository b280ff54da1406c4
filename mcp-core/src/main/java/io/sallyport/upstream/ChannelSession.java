package io.sallyport.upstream;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.RequestId;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.internal.DuplexHandshake;
import io.sallyport.upstream.internal.DuplexSession;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands between the {@link DuplexSession} of a {@link ChannelUpstream} and its channel, which comes a little later
 * than the session: hands in one by one what arrives, and looks for signs of life.
 */
final class ChannelSession implements MessageChannel, ChannelUpstream.Inbox {

    private static final Logger LOGGER = LoggerFactory.getLogger(ChannelUpstream.class);

    private final DuplexSession session;
    private final UpstreamRuntime runtime;
    private final Duration pingAfter;
    private final Consumer<ChannelSession> onClosed;
    private final CompletableFuture<UpstreamSession> opened = new CompletableFuture<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean pinging = new AtomicBoolean();

    /** What arrived and was not handled yet, because another thread is at it. */
    private final Queue<Runnable> arrived = new ConcurrentLinkedQueue<>();

    private final AtomicInteger unhandled = new AtomicInteger();
    private volatile @Nullable CompletionStage<?> connecting;
    private volatile @Nullable MessageChannel channel;
    private volatile @Nullable ScheduledFuture<?> ticking;
    private volatile long heard = System.nanoTime();

    ChannelSession(
            String name,
            SessionListener listener,
            UpstreamRuntime runtime,
            Duration pingAfter,
            Consumer<ChannelSession> onClosed) {
        this.session = new DuplexSession(name, Era.LEGACY, this, listener);
        this.runtime = runtime;
        this.pingAfter = pingAfter;
        this.onClosed = onClosed;
    }

    /** Opens the session, or leaves nothing of it behind. */
    CompletionStage<UpstreamSession> open(ChannelUpstream.Connector connector, SessionSpec spec, Duration within) {
        try {
            ScheduledFuture<?> tooLate = runtime.timer()
                    .schedule(
                            () -> fail(new UpstreamException(UpstreamFailure.notSent(
                                    Kind.UNREACHABLE, "no session within " + within.toMillis() + " ms"))),
                            within.toMillis(),
                            TimeUnit.MILLISECONDS);
            opened.whenComplete((ready, thrown) -> tooLate.cancel(false));
            runtime.executor().execute(() -> connect(connector, spec, within));
        } catch (RejectedExecutionException full) {
            fail(new UpstreamException(UpstreamFailure.notSent(Kind.OVERLOADED, "the executor takes no more tasks")));
        }
        return opened;
    }

    private void connect(ChannelUpstream.Connector connector, SessionSpec spec, Duration within) {
        try {
            CompletionStage<? extends MessageChannel> stage = connector.connect(spec, this, runtime);
            connecting = stage;
            if (closed.get()) {
                stage.toCompletableFuture().cancel(true);
            }
            stage.whenComplete((connected, thrown) -> {
                if (connected == null) {
                    fail(thrown == null ? new IllegalStateException("no channel") : thrown);
                } else if (adopt(connected)) {
                    DuplexHandshake.begin(session, spec, runtime.timer(), within)
                            .whenComplete((ready, failure) -> ready(ready, failure));
                }
            });
        } catch (Exception e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            fail(e);
        }
    }

    /** Takes the channel, unless it comes too late. */
    private boolean adopt(MessageChannel connected) {
        channel = connected;
        if (closed.get()) {
            connected.close();
            return false;
        }
        return true;
    }

    private void ready(@Nullable UpstreamSession ready, @Nullable Throwable failure) {
        if (ready == null) {
            fail(failure == null ? new IllegalStateException("no session") : failure);
        } else if (opened.complete(ready)) {
            long millis = pingAfter.toMillis();
            try {
                ticking = runtime.timer().scheduleWithFixedDelay(this::tick, millis, millis, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                // Nothing outlives the gateway's timer for long.
            }
            if (closed.get()) {
                stopTicking();
            }
        }
    }

    private void fail(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        UpstreamException failure = cause instanceof UpstreamException known
                ? known
                : new UpstreamException(UpstreamFailure.notSent(Kind.UNREACHABLE, String.valueOf(cause)));
        if (opened.completeExceptionally(failure)) {
            session.close();
        }
    }

    private void tick() {
        if (System.nanoTime() - heard >= pingAfter.toNanos()) {
            ping();
        }
    }

    private void ping() {
        if (closed.get() || !pinging.compareAndSet(false, true)) {
            return;
        }
        long asked = System.nanoTime();
        try {
            DuplexHandshake.ask(session, Methods.PING, Map.of(), runtime.timer(), pingAfter)
                    .whenComplete((pong, thrown) -> {
                        pinging.set(false);
                        if (thrown != null && heard - asked < 0) {
                            lost(UpstreamFailure.of(thrown));
                        }
                    });
        } catch (RejectedExecutionException closing) {
            pinging.set(false);
        }
    }

    @Override
    public void received(Message message) {
        heard = System.nanoTime();
        handle(() -> session.received(message));
    }

    @Override
    public void failed(RequestId id, UpstreamFailure why) {
        boolean endsSession = why.kind() == Kind.SESSION_LOST && opened.isDone();
        handle(() -> session.failed(id, why, endsSession));
        if (endsSession) {
            close();
        } else {
            doubt();
        }
    }

    @Override
    public void doubt() {
        if (opened.isDone()) {
            ping();
        }
    }

    @Override
    public void lost(UpstreamFailure why) {
        handle(() -> {
            fail(new UpstreamException(why));
            session.lost(why);
            close();
        });
    }

    /** Runs what arrived one by one and in order, on whichever thread comes first. */
    private void handle(Runnable event) {
        arrived.add(event);
        if (unhandled.getAndIncrement() != 0) {
            return;
        }
        do {
            Runnable next = arrived.remove();
            try {
                next.run();
            } catch (RuntimeException e) {
                // It must not end the thread, which is the transport's.
                LOGGER.atError().setCause(e).log("the listener of a session failed");
            }
        } while (unhandled.decrementAndGet() != 0);
    }

    @Override
    public boolean send(Message message) {
        MessageChannel connected = channel;
        return connected != null && !closed.get() && connected.send(message);
    }

    /** Ends the session, for whoever opened it. */
    void end() {
        fail(new UpstreamException(UpstreamFailure.notSent(Kind.UNREACHABLE, "the upstream has been closed")));
        session.close();
    }

    /** Ends the channel; called by the session, whatever ended it. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            onClosed.accept(this);
            stopTicking();
            CompletionStage<?> stage = connecting;
            if (stage != null) {
                stage.toCompletableFuture().cancel(true);
            }
            MessageChannel connected = channel;
            if (connected != null) {
                connected.close();
            }
        }
    }

    private void stopTicking() {
        ScheduledFuture<?> current = ticking;
        if (current != null) {
            current.cancel(false);
        }
    }
}
