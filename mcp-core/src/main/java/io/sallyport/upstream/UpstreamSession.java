package io.sallyport.upstream;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import java.util.Optional;

/** An open conversation with an upstream. Thread-safe; no method blocks. */
public interface UpstreamSession {

    /** Returns the era that is spoken in this session. */
    Era era();

    /** Returns what the upstream says of itself. */
    ServerFacts facts();

    /**
     * Makes a call. The request is of the session's era; its id is the caller's, and what comes back carries it.
     *
     * @param listener told what comes back; always ends with exactly one of {@link CallListener#onResponse} and {@link
     *     CallListener#onFailure}, unless the call is cancelled before
     * @return the call under way
     */
    CallHandle call(Request request, CallSpec spec, CallListener listener);

    /** Sends a notification of the client. Lost if the session has ended. */
    void send(Notification notification);

    /**
     * Returns what another node needs to go on with this session, see {@link SessionSpec#handle}; it is kept with the
     * client's session. Empty if the upstream keeps nothing of it, or it {@link Upstream#tiesSessions is tied} to this
     * process. May change when the session is {@link SessionListener#onRenewed renewed}.
     */
    default Optional<String> handle() {
        return Optional.empty();
    }

    /** Ends the session. Calls under way fail. Idempotent. */
    void close();

    /** As {@link #close}, but the upstream is not told: another node may go on with the session by its handle. */
    default void leave() {
        close();
    }
}
