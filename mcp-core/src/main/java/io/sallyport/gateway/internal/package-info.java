/**
 * The engine of the gateway: how a request becomes a call, a call an answer, and a legacy session out of nothing. Not
 * for hosts; what they need is in {@link io.sallyport.gateway}.
 *
 * <p>Threads: a request arrives on a thread of the container, which runs the filters' hooks on requests and starts the
 * call; it never waits for an upstream. What comes back arrives on threads of the upstreams. Each object with state
 * guards it with a lock of its own, never held while calling out.
 */
@NullMarked
package io.sallyport.gateway.internal;

import org.jspecify.annotations.NullMarked;
