package io.sallyport.spi;

import io.sallyport.protocol.McpHeaders;
import java.net.InetAddress;
import java.util.Optional;

/** A request before its body is read. Valid until the call that it was passed to returns. */
public interface RequestHead extends McpHeaders.Source {

    /** Returns the HTTP method. */
    String method();

    /** Returns the path of the endpoint, without the context path of the web application. */
    String path();

    /** Returns the address of the peer that the connection comes from, which may be a proxy; empty if unknown. */
    Optional<InetAddress> peer();

    /** Returns the user that the container has authenticated, if any. */
    Optional<java.security.Principal> containerUser();
}
