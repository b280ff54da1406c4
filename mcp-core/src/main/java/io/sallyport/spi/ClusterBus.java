package io.sallyport.spi;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * The nodes that share a {@link SessionStore}: which of them live, and an inbox for each. A message stays in the inbox
 * until its node has taken note of it. Part of a {@link SessionStore}, whose clock, faults and threads are its own, too.
 */
public interface ClusterBus {

    /**
     * A message in an inbox.
     *
     * @param number greater than those of all messages before
     * @param text what was posted
     */
    record Letter(long number, String text) {}

    /** What became of a message. */
    enum Posted {
        /** It is in the inbox. */
        KEPT,
        /** The node does not live; nobody would read it. */
        NOBODY,
        /** The inbox holds as much as it may. */
        FULL
    }

    /**
     * Takes note that a node lives, and will for a while. A node whose lease ends is taken for dead: others take over
     * what it did, and what is in its inbox may be lost.
     *
     * @param node its name, which no other life of a node has
     * @param lease how long it counts from now
     * @return whether it lived until now; false the first time, and after a lease that was over
     */
    boolean beat(String node, Duration lease);

    /** Ends the lease of a node and drops its inbox: it stops. Does nothing if there is none. */
    void leave(String node);

    /** Returns the nodes whose leases are not over. */
    Set<String> nodes();

    /** Puts a message into the inbox of a node. */
    Posted post(String node, String text);

    /**
     * Returns what is in the inbox of a node, in the order in which it was posted, and drops what the node has taken note
     * of. For one thread of that node.
     *
     * @param after the number of the last message that the node has taken note of, 0 if there was none
     * @param max how many at the most
     * @param atMost how long to wait if there is none; less if the thread is interrupted or the store closed
     */
    List<Letter> collect(String node, long after, int max, Duration atMost);
}
