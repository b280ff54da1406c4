package io.sallyport.spi;

import java.util.List;

/**
 * Keeps the events of legacy streams for a while, so that a client that lost its connection can go on where it stopped
 * (revision 2025-11-25, "Resumability and redelivery"). An event is appended before it is written to a socket.
 */
public interface EventLog extends AutoCloseable {

    /**
     * One event of a stream.
     *
     * @param number greater than those of all earlier events of the stream, whether or not the log still has them; the
     *     first is at least 1
     * @param data the message, on one line
     */
    record Event(long number, String data) {}

    /**
     * Appends an event and returns its number. The oldest events of the stream are dropped when it has more than the
     * log keeps, but never this one; when the session has more streams than the log keeps, the one that was not used for
     * longest is. So it is when the streams of a session together have more than they all may.
     *
     * @param session the key of the session that the stream belongs to
     * @param stream names the stream within the session
     */
    long append(String session, String stream, String data);

    /** Returns the events of a stream after a number that the log still has, in order. */
    List<Event> after(String session, String stream, long number);

    /** Forgets a stream: its last event has been delivered. */
    void forget(String session, String stream);

    /** Forgets all streams of a session. */
    void forget(String session);

    /** Lets go of what the log holds. */
    @Override
    void close();

    /** Returns a log in this process's memory that keeps so many bytes per stream, and so many streams per session. */
    static EventLog inMemory(int bytesPerStream, int streamsPerSession) {
        return new InMemoryEventLog(bytesPerStream, streamsPerSession);
    }
}
