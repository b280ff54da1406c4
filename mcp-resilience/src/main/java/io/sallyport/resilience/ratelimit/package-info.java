/**
 * How many calls there may be: for all, per endpoint, tenant, principal, upstream and tool, with weights, on one node or on
 * several that share a store. Begin with {@link io.sallyport.resilience.ratelimit.RateLimits}.
 *
 * <p>Everything is thread-safe, but for builders. Who asks waits for a shared store for a short time at most, and goes on with
 * this node's share of a limit where the store does not answer: never without a limit.
 */
@NullMarked
package io.sallyport.resilience.ratelimit;

import org.jspecify.annotations.NullMarked;
