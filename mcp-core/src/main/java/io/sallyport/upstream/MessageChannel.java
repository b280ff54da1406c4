package io.sallyport.upstream;

import io.sallyport.protocol.Message;

/**
 * A way to an upstream on which messages of both sides are mixed, such as a pipe. Thread-safe; does not block. See
 * {@link ChannelUpstream} for the way back.
 */
public interface MessageChannel {

    /** Sends a message, after those before it; returns whether there was room and somebody to send it to. */
    boolean send(Message message);

    /** Ends the channel. Idempotent. */
    void close();
}
