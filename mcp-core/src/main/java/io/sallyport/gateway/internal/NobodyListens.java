package io.sallyport.gateway.internal;

import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.SessionListener;
import io.sallyport.upstream.UpstreamFailure;
import java.util.function.Consumer;

/** For sessions with a legacy upstream whose clients have no session: nobody can be told anything outside calls. */
final class NobodyListens implements SessionListener {

    @Override
    public void onNotification(Notification notification) {
        // Lists are watched in the gateway's own session; the rest has no addressee.
    }

    @Override
    public void onRequest(Request question, Consumer<Response> answer) {
        answer.accept(Questions.cannotBeAsked(question));
    }

    @Override
    public void onEnd(UpstreamFailure why) {
        // The next call opens another session.
    }
}
