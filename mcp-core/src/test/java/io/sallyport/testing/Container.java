package io.sallyport.testing;

import jakarta.servlet.http.HttpServlet;

/** A servlet container that a test starts on a free port of the loopback interface. */
public interface Container {

    /** Starts the container with one servlet mapped to these paths, and returns the port. */
    int start(HttpServlet servlet, String... paths) throws Exception;

    /** Ends the container and all that it started. */
    void stop() throws Exception;
}
