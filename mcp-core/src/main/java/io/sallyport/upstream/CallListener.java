package io.sallyport.upstream;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Told what comes back of a call, by one thread at a time and in order. Must not block; nothing comes after {@link
 * #onResponse} or {@link #onFailure}.
 */
public interface CallListener {

    /** Progress, a log message, or whatever else belongs to the call. */
    void onNotification(Notification notification);

    /**
     * The upstream asks the client something while it works on the call (legacy).
     *
     * @param answer takes the answer, once, from any thread; its id is set here
     */
    void onRequest(Request request, Consumer<Response> answer);

    /**
     * The upstream wants its client to come back for the rest of the answer instead of waiting for it (legacy, revision
     * 2025-11-25). The call goes on.
     *
     * @param retry after how long
     */
    void onPause(Duration retry);

    /** The answer, a result or an error, under the id of the request. */
    void onResponse(Response response);

    /** There will be no answer. */
    void onFailure(UpstreamFailure failure);
}
