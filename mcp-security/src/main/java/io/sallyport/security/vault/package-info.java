/**
 * Secrets at rest, with keys that rotate online.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.security.vault;

import org.jspecify.annotations.NullMarked;
