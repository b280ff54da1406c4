/**
 * Sandboxes within this JVM: interpreters that are compiled to WebAssembly. Begin with {@link
 * io.sallyport.sandbox.wasm.WasmSandbox}.
 */
@NullMarked
package io.sallyport.sandbox.wasm;

import org.jspecify.annotations.NullMarked;
