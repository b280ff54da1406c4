/**
 * Nodes that share their sessions, a balancer in front of them, and clients that keep account while nodes are killed.
 *
 * <p>{@link io.sallyport.examples.cluster.Node} is what a node of your own looks like. {@link
 * io.sallyport.examples.cluster.Client} is what clients have to do to lose nothing, and {@link
 * io.sallyport.examples.cluster.Account} what counts as lost. Start at {@link io.sallyport.examples.cluster.Main}.
 */
@NullMarked
package io.sallyport.examples.cluster;

import org.jspecify.annotations.NullMarked;
