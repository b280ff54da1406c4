/**
 * A sandbox on another machine, for hosts that outgrow the embedded one.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.sandbox.remote;

import org.jspecify.annotations.NullMarked;
