/**
 * Retries, where repeating a call is safe.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.resilience.retry;

import org.jspecify.annotations.NullMarked;
