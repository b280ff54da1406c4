package io.sallyport.upstream;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.util.function.Consumer;

/** Told what an upstream sends outside calls. Must not block. */
public interface SessionListener {

    /** A notification that belongs to no call. */
    void onNotification(Notification notification);

    /**
     * The upstream asks its client something and the question belongs to no call.
     *
     * @param answer takes the answer, once, from any thread; its id is set here
     */
    void onRequest(Request request, Consumer<Response> answer);

    /**
     * The upstream had forgotten the session, which was opened anew and goes on. What was set up in it, such as the
     * level of log messages and the resources watched, is lost, and what the upstream offers may have changed.
     */
    default void onRenewed() {}

    /**
     * The session has ended by itself: the process died, the upstream forgot it. Calls under way have been told. Not
     * called after {@link UpstreamSession#close}.
     */
    void onEnd(UpstreamFailure why);
}
