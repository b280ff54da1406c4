/**
 * The record of who did what, and what was decided.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.security.audit;

import org.jspecify.annotations.NullMarked;
