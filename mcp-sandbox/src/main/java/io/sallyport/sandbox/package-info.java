/**
 * Running code that nobody vouches for. Begin with {@link io.sallyport.sandbox.Sandbox}; its kinds are in the packages
 * below this one.
 */
@NullMarked
package io.sallyport.sandbox;

import org.jspecify.annotations.NullMarked;
