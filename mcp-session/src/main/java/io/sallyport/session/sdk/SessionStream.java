package io.sallyport.session.sdk;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of a session that this node writes. It lives longer than the connections that carry it: events are appended to
 * the log, then written to whatever connection is attached. A client that comes back with its last event's id gets the
 * rest. While the log cannot be reached events go out without an id: what has none was never promised.
 */
final class SessionStream implements Ticks.Ticking {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** After how long a client that lost a stream is asked to come back. */
    static final Duration RETRY = Duration.ofSeconds(1);

    private static final int AT_ONCE = 500;

    /**
     * What the streams of a provider share.
     *
     * @param executor runs what may wait for the log
     * @param node the name of this node
     * @param heartbeat after how long without an event there is a comment
     */
    record Context(
            Ticks ticks,
            ScheduledExecutorService timer,
            EventLog log,
            Executor executor,
            String node,
            Duration heartbeat) {}

    private final Context context;
    private final String sessionKey;
    private final String name;
    private final Runnable onOver;

    /** Keeps the order of what is appended, and waits for the log so that nobody else has to. */
    private final SerialQueue queue;

    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as the rest. Null if the log does not know the stream. */
    private EventLog.@Nullable Pen pen;

    private long next = 1;

    /** Whether the log may or may not have what was appended last. */
    private boolean unsure;

    private @Nullable Connection attached;
    private boolean isOver;

    /**
     * Creates a stream.
     *
     * @param onOver run when the last has been said
     * @param taken the pen, if another node has begun it
     */
    SessionStream(Context context, String sessionKey, String name, Runnable onOver, EventLog.@Nullable Pen taken) {
        this.context = context;
        this.sessionKey = sessionKey;
        this.name = name;
        this.onOver = onOver;
        this.queue = new SerialQueue(context.executor());
        if (taken != null) {
            pen = taken;
            next = taken.last() + 1;
        }
    }

    String name() {
        return name;
    }

    /**
     * Begins the stream, for a connection that has just been opened.
     *
     * @param about what another node has to know if it takes the stream over
     * @param primes whether the client knows events without content (revision 2025-11-25)
     */
    void begin(Connection connection, String about, boolean primes) {
        queue.run(() -> {
            try {
                Optional<EventLog.Pen> opened = context.log().open(sessionKey, name, context.node(), about);
                if (opened.isEmpty()) {
                    over();
                    connection.close();
                    return;
                }
                lock.lock();
                try {
                    pen = opened.get();
                } finally {
                    lock.unlock();
                }
                if (primes) {
                    connection.send(Sse.priming(eventId(0), RETRY));
                }
            } catch (StoreUnavailableException e) {
                unkept(e);
            }
            attach(connection);
        });
    }

    /** Attaches the connection of a client that came back, after what it has missed. */
    void resume(Connection connection, long lastEvent) {
        queue.run(() -> {
            try {
                replay(context.log(), sessionKey, name, lastEvent, connection);
            } catch (StoreUnavailableException e) {
                unkept(e);
                connection.close();
                return;
            }
            attach(connection);
        });
    }

    /** Sends what the log has after a number; returns the last look into it, or nothing if there is no such stream. */
    static Optional<EventLog.Reading> replay(
            EventLog log, String sessionKey, String name, long lastEvent, Connection connection) {
        long after = lastEvent;
        while (true) {
            Optional<EventLog.Reading> reading = log.read(sessionKey, name, after, AT_ONCE);
            List<EventLog.Event> events = reading.map(EventLog.Reading::events).orElse(List.of());
            for (EventLog.Event event : events) {
                if (!connection.send(Sse.event(name + "_" + event.number(), event.data()))) {
                    return reading;
                }
                after = event.number();
            }
            if (events.size() < AT_ONCE) {
                return reading;
            }
        }
    }

    private void attach(Connection connection) {
        Connection former;
        boolean ends;
        lock.lock();
        try {
            former = attached;
            attached = connection;
            ends = isOver;
        } finally {
            lock.unlock();
        }
        if (former != null) {
            former.close();
        }
        context.ticks().add(this);
        connection.onEnd(() -> detach(connection));
        if (ends) {
            connection.close();
        }
    }

    private void detach(Connection connection) {
        lock.lock();
        try {
            if (attached == connection) {
                attached = null;
                context.ticks().remove(this);
            }
        } finally {
            lock.unlock();
        }
    }

    private String eventId(long number) {
        return name + "_" + number;
    }

    private @Nullable Connection attached() {
        lock.lock();
        try {
            return attached;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether somebody listens. */
    boolean isAttached() {
        return attached() != null;
    }

    /**
     * Sends a message, which waits in the log if nobody listens, and returns whether there was room for it.
     *
     * @param whenKept run when it is in the log
     */
    boolean send(String json, Runnable whenKept) {
        return queue.run(() -> {
            append(List.of(json), false);
            whenKept.run();
        });
    }

    /** Sends the last message and ends the stream. */
    void finish(String json, Runnable whenKept) {
        queue.runEvenIfFull(() -> {
            append(List.of(json), true);
            whenKept.run();
        });
    }

    /** Ends the stream after what was sent. */
    void finish() {
        queue.runEvenIfFull(() -> append(List.of(), true));
    }

    private void append(List<String> data, boolean isLast) {
        EventLog.Pen its;
        long number;
        boolean ask;
        lock.lock();
        try {
            if (isOver) {
                return;
            }
            its = pen;
            number = next;
            ask = unsure;
        } finally {
            lock.unlock();
        }
        boolean kept = false;
        if (its != null) {
            try {
                if (ask) {
                    // Under a number that is taken already the log would take it for what it has, and lose it.
                    Optional<EventLog.Pen> again = context.log().take(sessionKey, name, context.node(), true);
                    if (again.isEmpty()) {
                        fenced();
                        return;
                    }
                    its = again.get();
                    number = its.last() + 1;
                    takenAgain(its);
                }
                switch (context.log().append(sessionKey, name, its.fence(), number, data, isLast)) {
                    case KEPT -> kept = true;
                    case FENCED -> {
                        fenced();
                        return;
                    }
                    case UNKNOWN -> forgotten();
                }
            } catch (StoreUnavailableException e) {
                unkept(e);
                unsure();
                if (isLast) {
                    keepLater(its, number, data);
                }
            }
        }
        write(kept, number, data);
        if (isLast) {
            over();
        }
    }

    private void write(boolean kept, long number, List<String> data) {
        lock.lock();
        try {
            if (kept) {
                next += data.size();
            }
            if (attached != null) {
                for (int i = 0; i < data.size(); i++) {
                    attached.send(kept ? Sse.event(eventId(number + i), data.get(i)) : Sse.unnumbered(data.get(i)));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void takenAgain(EventLog.Pen its) {
        lock.lock();
        try {
            pen = its;
            next = its.last() + 1;
            unsure = false;
        } finally {
            lock.unlock();
        }
    }

    private void unsure() {
        lock.lock();
        try {
            unsure = true;
        } finally {
            lock.unlock();
        }
    }

    private void forgotten() {
        lock.lock();
        try {
            pen = null;
        } finally {
            lock.unlock();
        }
    }

    /** Somebody else goes on with the stream: what this node has to say is not said. */
    private void fenced() {
        LOGGER.atInfo()
                .addKeyValue("session", sessionKey)
                .addKeyValue("stream", name)
                .log("another node has taken the stream over");
        over();
    }

    private void over() {
        Connection last;
        lock.lock();
        try {
            isOver = true;
            last = attached;
        } finally {
            lock.unlock();
        }
        context.ticks().remove(this);
        if (last != null) {
            last.close();
        }
        onOver.run();
    }

    private void unkept(StoreUnavailableException e) {
        LOGGER.atDebug()
                .addKeyValue("session", sessionKey)
                .addKeyValue("stream", name)
                .addKeyValue("reason", e.toString())
                .log("events are not kept");
    }

    /** Others wait for the end of a stream that this node writes, as long as it lives. */
    private void keepLater(EventLog.Pen its, long number, List<String> data) {
        Runnable again = () -> queue.runEvenIfFull(() -> {
            try {
                context.log().append(sessionKey, name, its.fence(), number, data, true);
            } catch (StoreUnavailableException e) {
                keepLater(its, number, data);
            }
        });
        try {
            context.timer().schedule(again, RETRY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ending) {
            LOGGER.atDebug().addKeyValue("stream", name).log("its end is not kept; this node's lease ends");
        }
    }

    /** Lets the client go, which comes back after a while, to another node. */
    void release() {
        queue.runEvenIfFull(() -> {
            Connection connection;
            lock.lock();
            try {
                connection = attached;
                attached = null;
                isOver = true;
                context.ticks().remove(this);
            } finally {
                lock.unlock();
            }
            if (connection != null) {
                connection.send(Sse.retry(RETRY));
                connection.close();
            }
        });
    }

    @Override
    public void tick(long now) {
        Connection current = attached();
        if (current != null && current.idleFor(context.heartbeat().toNanos())) {
            current.send(Sse.HEARTBEAT);
        }
    }
}
