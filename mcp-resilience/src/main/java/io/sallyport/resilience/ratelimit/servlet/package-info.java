/**
 * Limits for servlets of a host that has no gateway. Begin with {@link
 * io.sallyport.resilience.ratelimit.servlet.RateLimitServletFilter}. Thread-safe.
 */
@NullMarked
package io.sallyport.resilience.ratelimit.servlet;

import org.jspecify.annotations.NullMarked;
