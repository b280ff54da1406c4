package io.sallyport.resilience.faults;

import io.sallyport.upstream.Upstream;
import java.io.IOException;

/** An MCP server with one tool, {@code buy}, which has something go wrong when a test wants it. */
interface Sick extends AutoCloseable {

    Upstream upstream();

    /** From now on it goes wrong. */
    void begin() throws Exception;

    /** From now on all is well again. */
    void end() throws Exception;

    /** Returns how often the tool was carried out. */
    int carriedOut() throws Exception;

    @Override
    void close() throws IOException;
}
