/**
 * Who is asking: authentication from the presented credential only.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.security.authn;

import org.jspecify.annotations.NullMarked;
