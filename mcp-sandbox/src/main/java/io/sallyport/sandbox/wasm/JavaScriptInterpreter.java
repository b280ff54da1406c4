package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.Outcome.Status;

/**
 * QuickJS. Each copy is of an engine that has run no code before. Thread-safe.
 *
 * <p>Code is run as a script that is not strict. If it awaits or returns outside functions, it is run as the body of an async
 * function instead; what it declares is not there any more for later code then. Its value is what {@code result} means there
 * (a variable of its own, however it declares it, or else the global one) once nothing is left to be run, or what it returns,
 * if it does. If that is a promise, the value is what it has come to. Rejections that nobody waits for go unnoticed.
 *
 * <p>Memory that has run out is {@link Status#MEMORY}, unless the code has caught the error and gone on; a stack that has run
 * out is {@link Status#ERROR}.
 */
final class JavaScriptInterpreter implements Interpreter {

    private final JavaScriptImage image;
    private final MemoryBudget budget;

    private JavaScriptInterpreter(JavaScriptImage image, MemoryBudget budget) {
        this.image = image;
        this.budget = budget;
    }

    /** Starts the engine, which takes a second or so. */
    static JavaScriptInterpreter start(MemoryBudget budget) {
        return new JavaScriptInterpreter(JavaScriptImage.take(), budget);
    }

    @Override
    public Guest copy(Limits limits) {
        return new JavaScriptGuest(image, limits, budget);
    }
}
