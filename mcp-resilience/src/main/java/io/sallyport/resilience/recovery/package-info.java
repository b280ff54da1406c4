/**
 * Supervision policies and the hooks that bring an upstream back.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.resilience.recovery;

import org.jspecify.annotations.NullMarked;
