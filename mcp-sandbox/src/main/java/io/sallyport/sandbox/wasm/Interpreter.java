package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Limits;

/** An interpreter compiled to WebAssembly, which was started and has run nothing yet. Thread-safe. */
interface Interpreter {

    /**
     * Returns a copy of it, on the thread that will use it first.
     *
     * @param limits of memory and files
     */
    Guest copy(Limits limits);
}
