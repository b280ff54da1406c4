package io.sallyport.stream;

/**
 * A response that is a stream of server-sent events, as those who write it see it. Thread-safe; no method blocks.
 *
 * @since 0.1
 */
public interface EventStream {

    /**
     * Queues a frame: text that ends with an empty line.
     *
     * @return whether the stream is open and had room; if it had none, it is closed
     */
    boolean send(String frame);

    /** Returns whether nothing has been queued for so long. */
    boolean idleFor(long nanos);

    /** Ends the stream after what is queued. Idempotent. */
    void close();

    /** Sets what is to be done when the stream ends, however it ends; done at once if it has. */
    void onEnd(Runnable action);
}
