/**
 * Circuit breakers, which keep calls away from an upstream that fails: {@link
 * io.sallyport.resilience.breaker.CircuitBreaker}. Thread-safe, and never waiting.
 */
@NullMarked
package io.sallyport.resilience.breaker;

import org.jspecify.annotations.NullMarked;
