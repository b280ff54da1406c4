/**
 * The embedded sandbox, the default: a WebAssembly engine inside the host's JVM.
 *
 * <p>Nothing is here yet: the package holds the name until its code arrives.
 */
@NullMarked
package io.sallyport.sandbox.wasm;

import org.jspecify.annotations.NullMarked;
