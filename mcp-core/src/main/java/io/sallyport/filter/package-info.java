/**
 * Where a host joins the way of a request: filters that look at a request before it is routed and at its result before
 * it is sent, and may change, answer or refuse it.
 *
 * <p>A filter is a pair of hooks at a named {@link io.sallyport.filter.Stage}, not a wrapper around the rest of the
 * way: a call may outlive the request that began it, so there is nothing to wrap. Hooks on requests run in the order
 * of the stages, and within a stage in the order in which the filters were added; hooks on results run in the reverse
 * order. For one call, hooks never run at the same time; for several calls they do, so filters have to be thread-safe.
 * Hooks may block for short times. What a hook throws, or decides where it may not, is a fault of the gateway: the call
 * ends with an internal error, and nothing passes.
 *
 * <p>Start at {@link io.sallyport.filter.McpFilter}.
 */
@NullMarked
package io.sallyport.filter;

import org.jspecify.annotations.NullMarked;
