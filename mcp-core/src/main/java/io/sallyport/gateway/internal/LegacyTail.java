package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Follows a stream that another node writes, for a client that came here for the rest of it. When the other node dies,
 * the stream is inherited.
 */
final class LegacyTail implements Ticks.Ticking {

    private static final long OFTEN_NANOS = Duration.ofMillis(50).toNanos();
    private static final long SELDOM_NANOS = Duration.ofMillis(500).toNanos();

    private final LegacyStream.Context context;
    private final Cluster cluster;
    private final LegacySession session;
    private final String name;
    private final EventStream connection;
    private final Consumer<LegacySession.Inherited> onInherited;
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Written by whoever looks, one at a time. */
    private volatile long seen;

    private volatile long pause = OFTEN_NANOS;
    private volatile long looked;

    /**
     * Creates one.
     *
     * @param seen the number of the last event that the client has seen
     * @param onInherited goes on with the stream, to which the connection is attached by then
     */
    LegacyTail(
            LegacyStream.Context context,
            Cluster cluster,
            LegacySession session,
            String name,
            EventStream connection,
            long seen,
            Consumer<LegacySession.Inherited> onInherited) {
        this.context = context;
        this.cluster = cluster;
        this.session = session;
        this.name = name;
        this.connection = connection;
        this.seen = seen;
        this.onInherited = onInherited;
    }

    /** Sends what is there, and goes on looking if there will be more. */
    void start() {
        if (look()) {
            context.ticks().add(this);
            connection.onEnd(() -> context.ticks().remove(this));
        }
    }

    @Override
    public void tick(long now) {
        if (session.hasEnded()) {
            end();
        } else if (now - looked >= pause && looking.compareAndSet(false, true)) {
            try {
                context.executor().execute(this::lookAgain);
            } catch (RejectedExecutionException full) {
                looking.set(false);
            }
        }
        if (connection.idleFor(context.heartbeat().toNanos())) {
            connection.send(Sse.HEARTBEAT);
        }
    }

    private void lookAgain() {
        try {
            if (!look()) {
                context.ticks().remove(this);
            }
        } finally {
            looked = context.ticks().now();
            looking.set(false);
        }
    }

    private void end() {
        context.ticks().remove(this);
        connection.close();
    }

    /** Sends what is new and returns whether there may be more later. */
    private boolean look() {
        try {
            long before = seen;
            Optional<EventLog.Reading> reading =
                    LegacyStream.replay(requireNonNull(context.log()), session.key(), name, seen, connection);
            if (reading.isEmpty()) {
                connection.close();
                return false;
            }
            // What could not be sent has closed the connection.
            seen = Math.max(seen, reading.get().last());
            pause = seen > before ? OFTEN_NANOS : Math.min(pause * 2, SELDOM_NANOS);
            if (reading.get().isFinished()) {
                connection.close();
                return false;
            }
            if (cluster.lives(reading.get().writer())) {
                return true;
            }
            Optional<LegacySession.Inherited> inherited = session.inherit(name);
            if (inherited.isEmpty()) {
                // Somebody else was faster, or the node has come back.
                return true;
            }
            inherited.get().stream().resume(connection, seen, () -> {});
            onInherited.accept(inherited.get());
            return false;
        } catch (StoreUnavailableException e) {
            // The client comes back, and finds another node or a store that is back.
            connection.close();
            return false;
        }
    }
}
