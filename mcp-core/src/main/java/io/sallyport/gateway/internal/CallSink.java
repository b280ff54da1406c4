package io.sallyport.gateway.internal;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.time.Duration;
import java.util.function.Consumer;

/** Where what a {@link Call} brings goes to: the client. Called by one thread at a time; no method blocks. */
interface CallSink {

    /** Passes a notification on. */
    void notification(Notification notification);

    /**
     * Asks the client something (legacy).
     *
     * @param answer takes the answer, once
     */
    void ask(Request request, Consumer<Response> answer);

    /** Lets the client go and come back for the answer (legacy, 2025-11-25). */
    void pause(Duration retry);

    /** Passes the answer on; the last thing that is called. */
    void answer(Response response, int httpStatus);

    /** There will be no answer: the client has given the call up. The last thing that is called. */
    void abandon();
}
