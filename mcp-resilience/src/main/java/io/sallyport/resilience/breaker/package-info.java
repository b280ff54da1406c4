/**
 * Circuit breakers, which keep calls away from an upstream that fails.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.resilience.breaker;

import org.jspecify.annotations.NullMarked;
