package io.sallyport.upstream;

import io.sallyport.protocol.Message;

/**
 * A way to an upstream on which messages of both sides are mixed, such as a pipe. Thread-safe; does not block. See
 * {@link ChannelUpstream} for the way back.
 */
public interface MessageChannel {

    /** Sends a message, after those before it; returns whether there was room and somebody to send it to. */
    boolean send(Message message);

    /**
     * Returns whether there may be somebody to send to: false if {@link #send} has failed because the other side has ended, and its
     * end was not told yet. Defaults to true.
     */
    default boolean isOpen() {
        return true;
    }

    /** Ends the channel. Idempotent. */
    void close();
}
