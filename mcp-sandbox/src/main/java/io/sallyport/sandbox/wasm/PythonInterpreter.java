package io.sallyport.sandbox.wasm;

import io.sallyport.sandbox.Limits;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * CPython 3.13. Each copy begins as the same started interpreter, which costs milliseconds and the pages that it writes to.
 * Thread-safe.
 *
 * <p>There are no threads, no processes, no sockets; of the standard library, asyncio, ssl, sqlite3, ctypes, and
 * multiprocessing are missing. Code that writes more into files than it may gets an {@code OSError}.
 */
final class PythonInterpreter implements Interpreter {

    private final PythonImage image;
    private final MemoryBudget budget;

    private PythonInterpreter(PythonImage image, MemoryBudget budget) {
        this.image = image;
        this.budget = budget;
    }

    /** Starts the interpreter, which takes seconds. */
    static PythonInterpreter start(MemoryBudget budget) throws InterruptedException {
        FutureTask<PythonImage> started = new FutureTask<>(PythonImage::start);
        // The caller's stack may be too small for it.
        Thread thread = new Thread(null, started, "sallyport-sandbox-start", Run.STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        try {
            return new PythonInterpreter(started.get(), budget);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the Python interpreter does not start", e.getCause());
        } finally {
            // It heeds that as code does.
            thread.interrupt();
        }
    }

    @Override
    public Guest copy(Limits limits) {
        return new PythonGuest(image, limits, budget);
    }
}
