package io.sallyport.stream;

import static java.util.Objects.requireNonNull;

import io.sallyport.spi.EventLog;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of a session that this node writes. It lives longer than the connections that carry it: events are
 * appended to the log, then written to whatever connection is attached. A client that comes back with its last event's
 * id gets the rest. While the log cannot be reached events go out without an id: what has none was never promised.
 * Thread-safe.
 *
 * @since 0.1
 */
public final class SessionStream implements Ticks.Ticking {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.session");

    /** After how long a client that lost a stream is asked to come back. */
    public static final Duration RETRY = Duration.ofSeconds(1);

    private static final int AT_ONCE = 500;
    private static final int MAX_UNSURE_CHARS = 256 * 1024;

    /**
     * What the streams of a node share.
     *
     * @param ticks tell that a heartbeat is due
     * @param timer is not kept waiting
     * @param log keeps the events; null if nothing does, and then they go out without an id
     * @param executor runs what may wait for the log
     * @param node this node
     * @param heartbeat after how long without an event there is a comment
     */
    public record Context(
            Ticks ticks,
            ScheduledExecutorService timer,
            @Nullable EventLog log,
            Executor executor,
            ClusterNode node,
            Duration heartbeat) {}

    private final Context context;
    private final String sessionKey;
    private final String name;
    private final Consumer<SessionStream> onOver;

    /** Keeps the order of what is appended, and waits for the log so that nobody else has to. */
    private final SerialQueue queue;

    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as the rest. Null if the log does not know the stream. */
    private EventLog.@Nullable Pen pen;

    /** The number of the next event, or of the first of those that may have been kept or not. */
    private long next = 1;

    /** What was appended when the store did not answer, to be appended again before what comes next. */
    private final List<String> unsure = new ArrayList<>();

    /** Whether the last of these ends the stream. */
    private boolean endsUnsure;

    /** Whether there was too much of it, and some was thrown away. */
    private boolean isLossy;

    private boolean isFlushPlanned;
    private @Nullable EventStream attached;
    private boolean isOver;

    /**
     * Creates a stream.
     *
     * @param onOver told when the last has been said
     * @param taken the pen, if another node has begun it
     */
    SessionStream(
            Context context,
            String sessionKey,
            String name,
            Consumer<SessionStream> onOver,
            EventLog.@Nullable Pen taken) {
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

    /** Returns its name, which the ids of its events begin with. */
    public String name() {
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
                Optional<EventLog.Pen> opened =
                        log.open(sessionKey, name, context.node().name(), about);
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
            flush();
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
    public boolean isAttached() {
        return attached() != null;
    }

    /** As {@link #send(String, Consumer)}, with nothing to do afterwards. */
    public boolean send(String data) {
        return send(data, isSent -> {});
    }

    /**
     * Sends a message, which waits in the log if nobody listens, and returns whether there was room for it.
     *
     * @param data one line
     * @param then told when it is in the log and on its way; false if the stream is over, or another node's by now
     */
    public boolean send(String data, Consumer<Boolean> then) {
        return queue.run(() -> then.accept(append(List.of(data), false)));
    }

    /** As {@link #finish(String, Runnable)}, with nothing to do afterwards. */
    public void finish(String data) {
        finish(data, () -> {});
    }

    /**
     * Sends the last message and ends the stream.
     *
     * @param data one line
     * @param then run when it is in the log and on its way
     */
    public void finish(String data, Runnable then) {
        queue.runEvenIfFull(() -> {
            append(List.of(data), true);
            then.run();
        });
    }

    /** Ends the stream after what was sent. */
    public void finish() {
        queue.runEvenIfFull(() -> append(List.of(), true));
    }

    /** Returns whether it was said, kept or not; false if it is not for this node to say. */
    private boolean append(List<String> data, boolean isLast) {
        EventLog.Pen its;
        long first;
        List<String> all;
        boolean isKnownToFail;
        lock.lock();
        try {
            if (isOver) {
                return false;
            }
            its = pen;
            first = next;
            all = new ArrayList<>(unsure);
            all.addAll(data);
            // To wait for the store once more with each event would hold up what it is not needed for.
            isKnownToFail = isLossy || context.node().isStoreDown();
        } finally {
            lock.unlock();
        }
        boolean kept = false;
        if (its != null && isKnownToFail) {
            remember(data, isLast);
        } else if (its != null) {
            try {
                switch (requireNonNull(context.log()).append(sessionKey, name, its.fence(), first, all, isLast)) {
                    case KEPT -> kept = true;
                    case FENCED -> {
                        fenced();
                        return false;
                    }
                    case UNKNOWN -> forgotten();
                }
            } catch (StoreUnavailableException e) {
                unkept(e);
                remember(data, isLast);
            }
        }
        write(kept, first + all.size() - data.size(), data);
        if (isLast) {
            over();
        }
        return true;
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
    private void remember(List<String> data, boolean isLast) {
        lock.lock();
        try {
            if (!isLossy || isLast) {
                unsure.addAll(data);
            }
            endsUnsure = isLast;
            if (unsure.stream().mapToLong(String::length).sum() > MAX_UNSURE_CHARS) {
                // The store is away for long. What is said now goes out without an id; the answer will be kept.
                isLossy = true;
                unsure.clear();
                unsure.addAll(isLast ? data : List.of());
            }
        } finally {
            lock.unlock();
        }
        flushSoon();
    }

    private void flushSoon() {
        lock.lock();
        try {
            if (isFlushPlanned) {
                return;
            }
            isFlushPlanned = true;
        } finally {
            lock.unlock();
        }
        Runnable flushing = () -> queue.runEvenIfFull(() -> {
            lock.lock();
            try {
                isFlushPlanned = false;
            } finally {
                lock.unlock();
            }
            flush();
        });
        try {
            context.timer().schedule(flushing, RETRY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closing) {
            LOGGER.atDebug().log("the node stops; another one ends the stream");
        }
    }

    /** Keeps what could not be kept when it was said: somebody may follow the stream in the log, or come back for it. */
    private void flush() {
        EventLog.Pen its;
        List<String> data;
        boolean isLast;
        boolean hasLost;
        lock.lock();
        try {
            its = pen;
            data = List.copyOf(unsure);
            isLast = endsUnsure;
            hasLost = isLossy;
        } finally {
            lock.unlock();
        }
        if (its == null || (data.isEmpty() && !isLast && !hasLost)) {
            return;
        }
        if (context.node().isStoreDown()) {
            flushSoon();
            return;
        }
        try {
            EventLog log = requireNonNull(context.log());
            if (hasLost) {
                goOnAfter(lastKept(log));
            }
            if (!data.isEmpty() || isLast) {
                flushed(log.append(sessionKey, name, its.fence(), next(), data, isLast), data.size());
            }
        } catch (StoreUnavailableException e) {
            unkept(e);
            flushSoon();
        }
    }

    /** Nobody knows which of those that were thrown away had been kept, so the log has to say. */
    private long lastKept(EventLog log) {
        long last = next() - 1;
        List<EventLog.Event> events;
        do {
            events = log.read(sessionKey, name, last, AT_ONCE)
                    .map(EventLog.Reading::events)
                    .orElse(List.of());
            last = events.isEmpty() ? last : events.get(events.size() - 1).number();
        } while (events.size() == AT_ONCE);
        return last;
    }

    private void goOnAfter(long last) {
        lock.lock();
        try {
            next = last + 1;
            isLossy = false;
        } finally {
            lock.unlock();
        }
    }

    private long next() {
        lock.lock();
        try {
            return next;
        } finally {
            lock.unlock();
        }
    }

    private void flushed(EventLog.Appended how, int events) {
        switch (how) {
            case KEPT -> {
                lock.lock();
                try {
                    next += events;
                    unsure.clear();
                    endsUnsure = false;
                } finally {
                    lock.unlock();
                }
            }
            case FENCED -> fenced();
            case UNKNOWN -> forgotten();
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
        forgotten();
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
        onOver.accept(this);
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

    /** Lets the client go after what was sent; it comes back after a while. */
    public void release(Duration comeBackAfter) {
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
