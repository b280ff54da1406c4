/**
 * The interfaces that core calls and that other modules, or a host, implement. Each has a safe default, so that a
 * gateway runs without any of them.
 *
 * <p>Implementations are called by several threads at once and have to be thread-safe. They may block for short times
 * (a round trip to a store) and have to react to interruption. What they throw is a fault: it is logged, and the
 * request that needed it fails closed where security is concerned, and is served without it elsewhere; each interface
 * says which.
 */
@NullMarked
package io.sallyport.spi;

import org.jspecify.annotations.NullMarked;
