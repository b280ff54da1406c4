package io.sallyport.gateway.internal;

import io.sallyport.protocol.Message;
import io.sallyport.spi.EventLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a legacy session, which lives longer than the connections that carry it: events are appended to the log,
 * then written to whatever connection is attached. A client that comes back with its last event's id gets the rest.
 */
final class LegacyStream implements Ticks.Ticking {

    /** After how long a client that lost a stream is asked to come back. */
    static final Duration RETRY = Duration.ofSeconds(1);

    private final Ticks ticks;
    private final EventLog log;
    private final String sessionKey;
    private final String name;
    private final boolean primes;
    private final Duration heartbeat;

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable EventStream attached;
    private boolean finished;

    /**
     * Creates a stream.
     *
     * @param primes whether the client knows events without content (revision 2025-11-25)
     * @param heartbeat after how long without an event there is a comment
     */
    LegacyStream(Ticks ticks, EventLog log, String sessionKey, String name, boolean primes, Duration heartbeat) {
        this.ticks = ticks;
        this.log = log;
        this.sessionKey = sessionKey;
        this.name = name;
        this.primes = primes;
        this.heartbeat = heartbeat;
    }

    /** Attaches a new connection, and lets a former one go. */
    void begin(EventStream connection) {
        lock.lock();
        try {
            if (primes) {
                connection.send(Sse.priming(eventId(0), RETRY));
            }
            attach(connection);
        } finally {
            lock.unlock();
        }
    }

    /** Attaches the connection of a client that came back, after what it has missed. */
    void resume(EventStream connection, long lastEvent) {
        lock.lock();
        try {
            List<EventLog.Event> missed = log.after(sessionKey, name, lastEvent);
            for (EventLog.Event event : missed) {
                connection.send(Sse.event(eventId(event.number()), event.data()));
            }
            attach(connection);
        } finally {
            lock.unlock();
        }
    }

    private void attach(EventStream connection) {
        EventStream former = attached;
        attached = connection;
        if (former != null) {
            former.close();
        }
        ticks.add(this);
        connection.onEnd(() -> detach(connection));
        if (finished) {
            connection.close();
        }
    }

    private void detach(EventStream connection) {
        lock.lock();
        try {
            if (attached == connection) {
                attached = null;
                ticks.remove(this);
            }
        } finally {
            lock.unlock();
        }
    }

    private String eventId(long number) {
        return name + "_" + number;
    }

    /** Returns whether somebody listens. */
    boolean isAttached() {
        lock.lock();
        try {
            return attached != null;
        } finally {
            lock.unlock();
        }
    }

    /** Sends a message; if nobody listens it waits in the log. */
    void send(Message message) {
        lock.lock();
        try {
            if (finished) {
                return;
            }
            String data = message.onOneLine().toJson();
            long number = log.append(sessionKey, name, data);
            if (attached != null) {
                attached.send(Sse.event(eventId(number), data));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets the client go; it comes back after a while. */
    void release(Duration comeBackAfter) {
        lock.lock();
        try {
            EventStream connection = attached;
            attached = null;
            ticks.remove(this);
            if (connection != null) {
                connection.send(Sse.retry(comeBackAfter));
                connection.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether the last has been said. */
    boolean isFinished() {
        lock.lock();
        try {
            return finished;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the stream after what was sent. */
    void finish() {
        lock.lock();
        try {
            finished = true;
            ticks.remove(this);
            if (attached != null) {
                attached.close();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void tick(long now) {
        lock.lock();
        try {
            if (attached != null && attached.idleFor(heartbeat.toNanos())) {
                attached.send(Sse.HEARTBEAT);
            }
        } finally {
            lock.unlock();
        }
    }
}
