/**
 * A look at code before it is run. It is a second line, and no more: whoever wants to get past it will find a way, and what
 * holds then is the sandbox. It tells what code that means no harm would not have in it, early, and in words. Begin with
 * {@link io.sallyport.sandbox.validation.CodeValidator}.
 */
@NullMarked
package io.sallyport.sandbox.validation;

import org.jspecify.annotations.NullMarked;
