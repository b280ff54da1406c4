/**
 * Rate limits per principal, tool and upstream.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.resilience.ratelimit;

import org.jspecify.annotations.NullMarked;
