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
     * @param number counts the events of the stream from 1
     * @param data the message, on one line
     */
    record Event(long number, String data) {}

    /**
     * Appends an event and returns its number. The oldest events of the stream are dropped when it has more than the
     * log keeps.
     *
     * @param session the key of the session that the stream belongs to
     * @param stream names the stream within the session
     */
    long append(String session, String stream, String data);

    /** Returns the events of a stream after a number, in order; empty if the stream is unknown. */
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
