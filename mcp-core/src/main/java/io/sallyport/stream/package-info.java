/**
 * What those who serve sessions stand on: their ids, and streams of events that outlive connections and nodes.
 *
 * <p>A {@link io.sallyport.stream.SessionStreams session's streams} are appended to an {@link io.sallyport.spi.EventLog}
 * before they are sent, so that a client that lost one gets the rest of it from whichever node it comes back to. The
 * {@link io.sallyport.stream.ClusterNode node} knows which others live. The gateway and the transport of SDK servers are
 * built on this.
 */
@NullMarked
package io.sallyport.stream;

import org.jspecify.annotations.NullMarked;
