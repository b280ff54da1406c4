package io.sallyport.spi;

import java.util.function.Consumer;

/**
 * Carries short messages between the nodes of a gateway: that a list has changed, that an answer has come for a call
 * that another node holds. Delivered at most once and in the order of each sender; what must not be lost is kept in the
 * {@link SessionStore} or the {@link EventLog} before it is announced here.
 *
 * <p>A bus that cannot be reached loses messages and says so in the log; requests are served.
 */
public interface ClusterBus extends AutoCloseable {

    /** Sends a message to all nodes that listen to the topic, this one included. Does not wait for them. */
    void publish(String topic, byte[] message);

    /**
     * Listens to a topic.
     *
     * @param listener called by one thread at a time; must not block
     * @return ends the listening when it is run
     */
    Runnable subscribe(String topic, Consumer<byte[]> listener);

    /** Lets go of what the bus holds. */
    @Override
    void close();

    /** Returns a bus that reaches this process only. */
    static ClusterBus local() {
        return new LocalClusterBus();
    }
}
