/**
 * What is done about upstreams that fail, are slow or have no room: {@link io.sallyport.resilience.ResiliencePolicy}, which a host
 * gives to its gateway; and its parts that are of use alone, such as {@link io.sallyport.resilience.CircuitBreaker}. Thread-safe,
 * and never waiting.
 */
@NullMarked
package io.sallyport.resilience;

import org.jspecify.annotations.NullMarked;
