/**
 * Calls that wait for a human's consent.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.security.approval;

import org.jspecify.annotations.NullMarked;
