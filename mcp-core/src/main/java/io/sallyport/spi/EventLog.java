package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * Keeps the events of legacy streams for a while, so that a client that lost its connection can go on where it stopped
 * (revision 2025-11-25, "Resumability and redelivery"), at whichever node. An event is appended before it is written to a
 * socket.
 *
 * <p>A stream belongs to a session and has one writer, a node. Who takes a stream over gets the next fence, and from then
 * on what former writers append is refused: a node that was paused for a while cannot spoil what others went on with.
 * Part of a {@link SessionStore}, whose clock, faults and threads are its own, too.
 */
public interface EventLog {

    /**
     * One event of a stream.
     *
     * @param number counts the events of the stream; the first is 1
     * @param data the message, on one line
     */
    record Event(long number, String data) {
        /** Checks that nothing is missing. */
        public Event {
            requireNonNull(data, "data");
        }
    }

    /**
     * The right to write a stream.
     *
     * @param fence shows with each event that the writer is still the one
     * @param last the number of the last event that was appended, 0 if none was
     * @param about what {@link #open} was told
     */
    record Pen(long fence, long last, String about) {}

    /** What became of events that were to be appended. */
    enum Appended {
        /** They are in the log, from now or from an earlier attempt. */
        KEPT,
        /** Somebody else writes the stream now, or it has been finished. */
        FENCED,
        /** The log knows no such stream: it was dropped, or its session has ended. */
        UNKNOWN
    }

    /**
     * A look into a stream.
     *
     * @param events what was asked for, in order
     * @param last the number of the last event that was appended, 0 if none was
     * @param isFinished whether there will be no event after the last
     * @param writer the node that writes it
     */
    record Reading(List<Event> events, long last, boolean isFinished, String writer) {
        /** Copies the list. */
        public Reading {
            events = List.copyOf(events);
        }
    }

    /**
     * A stream without its events.
     *
     * @param stream its name
     * @param writer the node that writes it
     * @param about what {@link #open} was told
     * @param isFinished whether there will be no event any more
     */
    record Summary(String stream, String writer, String about, boolean isFinished) {}

    /**
     * Begins a stream. When the session has more streams than the log keeps, the one that was not appended to for longest
     * is dropped, a finished one before one that is not.
     *
     * @param session the key of the session that the stream belongs to
     * @param stream names the stream within the session, and never named another one
     * @param writer the node that will write it
     * @param about what a node that takes it over has to know, kept as it is
     * @return its pen; nothing if the session does not live
     * @throws IllegalArgumentException if the stream exists
     */
    Optional<Pen> open(String session, String stream, String writer, String about);

    /**
     * Takes a stream over, with its next fence.
     *
     * @param fromTheLiving whether to take it even if its writer lives; if not, it is taken only from a node whose lease
     *     at the {@link ClusterBus} is over
     * @return its pen; nothing if its writer lives, if it is finished, or if there is no such stream
     */
    Optional<Pen> take(String session, String stream, String writer, boolean fromTheLiving);

    /**
     * Appends events. When the stream has more bytes of data, in UTF-8, than the log keeps, its oldest are dropped, but
     * never the last one. When the streams of the session together have more than they all may, those not appended to for
     * longest are dropped, but never this one. Doing it twice changes nothing: what has the number of an event that was
     * appended already is that event. After a {@link StoreUnavailableException} the events may have been kept or not: a writer
     * appends the same ones again, before others or with them, or gives the stream up.
     *
     * @param fence that of the writer's pen
     * @param first the number of the first of the events, one more than that of the last one before
     * @param data the events, at least one unless the stream is only to be finished
     * @param isLast whether the stream is finished with them
     */
    Appended append(String session, String stream, long fence, long first, List<String> data, boolean isLast);

    /**
     * Looks into a stream.
     *
     * @param after the number of the event after which to begin; older ones may have been dropped
     * @param max how many events at the most
     * @return nothing if there is no such stream
     */
    Optional<Reading> read(String session, String stream, long after, int max);

    /** Returns the streams of a session that are kept. */
    List<Summary> streams(String session);

    /** Forgets a stream; does nothing if there is no such stream. */
    void forget(String session, String stream);
}
