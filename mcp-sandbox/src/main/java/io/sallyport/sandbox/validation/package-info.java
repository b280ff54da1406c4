/**
 * Static checks of code before it runs: a second line of defence, never the first.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.sandbox.validation;

import org.jspecify.annotations.NullMarked;
