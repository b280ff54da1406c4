/**
 * A sandbox of the operating system: a confined child process.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.sandbox.process;

import org.jspecify.annotations.NullMarked;
