package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.testing.Waiting;

/** Knows when the next code will find a worker that waits for it, which nobody else has to. */
public final class WarmPool {

    private WarmPool() {}

    /** Waits until so many workers wait for code with the default limits. */
    public static void await(ProcessSandbox sandbox, Language language, int workers) {
        Waiting.until(
                workers + " workers wait for code",
                () -> sandbox.waiting(language, Limits.defaults()) >= workers ? true : null);
    }
}
