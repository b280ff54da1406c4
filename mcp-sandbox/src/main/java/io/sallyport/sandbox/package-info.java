/**
 * Running code that nobody vouches for: the sandbox interface, its sessions and budgets, the execute tools.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.sandbox;

import org.jspecify.annotations.NullMarked;
