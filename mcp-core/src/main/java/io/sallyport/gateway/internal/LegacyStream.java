package io.sallyport.gateway.internal;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Message;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of a legacy session that this node writes. It lives longer than the connections that carry it: events are
 * appended to the log, then written to whatever connection is attached. A client that comes back with its last event's
 * id gets the rest. While the log cannot be reached events go out without an id: what has none was never promised.
 */
final class LegacyStream implements Ticks.Ticking {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** After how long a client that lost a stream is asked to come back. */
    static final Duration RETRY = Duration.ofSeconds(1);

    private static final int AT_ONCE = 500;
    private static final int MAX_UNSURE_CHARS = 256 * 1024;

    /**
     * What the streams of a gateway share.
     *
     * @param log keeps the events; null if nothing does, and then they go out without an id
     * @param executor runs what may wait for the log
     * @param node the name of this node
     * @param heartbeat after how long without an event there is a comment
     */
    record Context(
            Ticks ticks,
            ScheduledExecutorService timer,
            @Nullable EventLog log,
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

    /** The number of the next event, or of the first of those that may have been kept or not. */
    private long next = 1;

    /** What was appended when the store did not answer, to be appended again before what comes next. */
    private final List<String> unsure = new ArrayList<>();

    private @Nullable EventStream attached;
    private boolean isOver;

    /**
     * Creates a stream.
     *
     * @param onOver run when the last has been said
     */
    LegacyStream(Context context, String sessionKey, String name, Runnable onOver) {
        this.context = context;
        this.sessionKey = sessionKey;
        this.name = name;
        this.onOver = onOver;
        this.queue = new SerialQueue(context.executor());
    }

    /** Creates a stream that another node has begun. */
    LegacyStream(Context context, String sessionKey, String name, Runnable onOver, EventLog.Pen taken) {
        this(context, sessionKey, name, onOver);
        pen = taken;
        next = taken.last() + 1;
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
    void begin(EventStream connection, String about, boolean primes) {
        EventLog log = context.log();
        if (log == null) {
            queue.run(() -> attach(connection));
            return;
        }
        queue.run(() -> {
            try {
                Optional<EventLog.Pen> opened = log.open(sessionKey, name, context.node(), about);
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

    /**
     * Attaches the connection of a client that came back, after what it has missed.
     *
     * @param then run when it is attached
     */
    void resume(EventStream connection, long lastEvent, Runnable then) {
        EventLog log = requireNonNull(context.log());
        queue.run(() -> {
            try {
                replay(log, sessionKey, name, lastEvent, connection);
            } catch (StoreUnavailableException e) {
                unkept(e);
                connection.close();
                return;
            }
            attach(connection);
            then.run();
        });
    }

    /** Sends what the log has after a number; returns the last look into it, or nothing if there is no such stream. */
    static Optional<EventLog.Reading> replay(
            EventLog log, String sessionKey, String name, long lastEvent, EventStream connection) {
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

    private void attach(EventStream connection) {
        EventStream former;
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

    private void detach(EventStream connection) {
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

    private @Nullable EventStream attached() {
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

    /** Sends a message, which waits in the log if nobody listens, and returns whether there was room for it. */
    boolean send(Message message) {
        String data = message.onOneLine().toJson();
        return queue.run(() -> append(List.of(data), false));
    }

    /** Sends the last message and ends the stream. */
    void finish(Message message) {
        String data = message.onOneLine().toJson();
        queue.runEvenIfFull(() -> append(List.of(data), true));
    }

    /** Ends the stream after what was sent. */
    void finish() {
        queue.runEvenIfFull(() -> append(List.of(), true));
    }

    private void append(List<String> data, boolean isLast) {
        EventLog.Pen its;
        long first;
        List<String> all;
        lock.lock();
        try {
            if (isOver) {
                return;
            }
            its = pen;
            first = next;
            all = new ArrayList<>(unsure);
            all.addAll(data);
        } finally {
            lock.unlock();
        }
        boolean kept = false;
        if (its != null) {
            try {
                switch (requireNonNull(context.log()).append(sessionKey, name, its.fence(), first, all, isLast)) {
                    case KEPT -> kept = true;
                    case FENCED -> {
                        fenced();
                        return;
                    }
                    case UNKNOWN -> forgotten();
                }
            } catch (StoreUnavailableException e) {
                unkept(e);
                remember(data);
                if (isLast) {
                    keepLater(its, first, all);
                }
            }
        }
        write(kept, first + all.size() - data.size(), data);
        if (isLast) {
            over();
        }
    }

    private void write(boolean kept, long number, List<String> data) {
        lock.lock();
        try {
            if (kept) {
                next = number + data.size();
                unsure.clear();
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

    /** They may have been kept all the same: what comes next must not get their numbers. */
    private void remember(List<String> data) {
        lock.lock();
        try {
            unsure.addAll(data);
            if (unsure.stream().mapToLong(String::length).sum() > MAX_UNSURE_CHARS) {
                // The store is away for long. What comes from now on goes out without an id.
                unsure.clear();
                pen = null;
            }
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
        EventStream last;
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

    /** Lets go of the stream, which another node may take over: nothing is said any more, not even that it ends. */
    void leave() {
        over();
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
        if (context.timer().isShutdown()) {
            return;
        }
        context.timer()
                .schedule(
                        () -> queue.runEvenIfFull(() -> {
                            try {
                                requireNonNull(context.log()).append(sessionKey, name, its.fence(), number, data, true);
                            } catch (StoreUnavailableException e) {
                                keepLater(its, number, data);
                            }
                        }),
                        RETRY.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /** Lets the client go; it comes back after a while. */
    void release(Duration comeBackAfter) {
        queue.run(() -> {
            EventStream connection;
            lock.lock();
            try {
                connection = attached;
                attached = null;
                context.ticks().remove(this);
            } finally {
                lock.unlock();
            }
            if (connection != null) {
                connection.send(Sse.retry(comeBackAfter));
                connection.close();
            }
        });
    }

    @Override
    public void tick(long now) {
        EventStream current = attached();
        if (current != null && current.idleFor(context.heartbeat().toNanos())) {
            current.send(Sse.HEARTBEAT);
        }
    }
}
