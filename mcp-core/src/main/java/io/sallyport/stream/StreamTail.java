package io.sallyport.stream;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Follows a stream that another node writes, for a client that came here for the rest of it. When the other node dies,
 * the stream is inherited.
 */
final class StreamTail implements Ticks.Ticking {

    private static final long OFTEN_NANOS = Duration.ofMillis(50).toNanos();
    private static final long SELDOM_NANOS = Duration.ofMillis(500).toNanos();

    private final SessionStream.Context context;
    private final SessionStreams streams;
    private final String name;
    private final EventStream connection;
    private final SessionStreams.Continuation continuation;

    /** What a client that has not gone away is told if the stream has; null for one that came back. */
    private final @Nullable String ifGone;

    private final AtomicBoolean looking = new AtomicBoolean();

    /** Written by whoever looks, one at a time. */
    private volatile long seen;

    private volatile long pause = OFTEN_NANOS;
    private volatile long looked;

    /**
     * Creates one.
     *
     * @param seen the number of the last event that the client has seen
     * @param continuation goes on with the stream if it is inherited, when the connection is attached to it
     * @param ifGone what the client is told if there is no such stream any more; null for one that came back to it, and
     *     may come back once more
     */
    StreamTail(
            SessionStream.Context context,
            SessionStreams streams,
            String name,
            EventStream connection,
            long seen,
            SessionStreams.Continuation continuation,
            @Nullable String ifGone) {
        this.context = context;
        this.streams = streams;
        this.name = name;
        this.connection = connection;
        this.seen = seen;
        this.continuation = continuation;
        this.ifGone = ifGone;
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
        if (streams.hasEnded()) {
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
                    SessionStream.replay(requireNonNull(context.log()), streams.sessionKey(), name, seen, connection);
            if (reading.isEmpty()) {
                if (ifGone != null) {
                    connection.send(Sse.unnumbered(ifGone));
                }
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
            if (context.node().lives(reading.get().writer())) {
                return true;
            }
            Optional<SessionStreams.Inherited> inherited = streams.inherit(name);
            if (inherited.isEmpty()) {
                // Somebody else was faster, or the node has come back.
                return true;
            }
            inherited.get().stream().resume(connection, seen, () -> {});
            continuation.inherits(inherited.get().stream(), inherited.get().call());
            return false;
        } catch (StoreUnavailableException e) {
            if (ifGone != null) {
                // The client may have no id yet to come back with. The store may be back soon.
                pause = SELDOM_NANOS;
                return true;
            }
            // The client comes back, and finds another node or a store that is back.
            connection.close();
            return false;
        }
    }
}
