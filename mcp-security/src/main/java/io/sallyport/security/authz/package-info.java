/**
 * Who may do what: policy on the canonical (upstream, tool).
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.security.authz;

import org.jspecify.annotations.NullMarked;
