package io.sallyport.gateway.internal;

import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.spi.Principal;
import io.sallyport.stream.EventStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An HTTP request that waits for its answer, as the engine sees it. Thread-safe. */
public interface ClientRequest {

    /** Returns the headers; valid until the request was answered. */
    McpHeaders.Source headers();

    /** Returns who asks. */
    Principal principal();

    /** Returns the id that ties together what is logged. */
    String correlationId();

    /** Returns whether the client takes a stream of events. */
    boolean acceptsStream();

    /** Returns whether the client takes JSON. */
    boolean acceptsJson();

    /** Answers with a status, headers and, if there is one, a message. Only the first answer counts. */
    void answer(int status, Map<String, String> headers, @Nullable Message body);

    /** Answers with a stream of events, which is open from then on. Only if nothing was answered before. */
    EventStream openStream(Map<String, String> headers);
}
