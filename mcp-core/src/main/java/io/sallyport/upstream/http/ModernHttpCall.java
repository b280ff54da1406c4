package io.sallyport.upstream.http;

import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.CallHandle;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.util.Optional;

/** A call of a {@link ModernHttpSession}: one POST and its answer. To close the connection is to cancel the call. */
final class ModernHttpCall implements CallHandle, ReplyReader.Sink {

    private final ModernHttpSession session;
    private final Request request;
    private final CallEvents events;
    private final ReplyReader reader;

    ModernHttpCall(ModernHttpSession session, Request request, CallEvents events) {
        this.session = session;
        this.request = request;
        this.events = events;
        this.reader = session.wire().reader(this);
    }

    ReplyReader reader() {
        return reader;
    }

    @Override
    public void cancel(String reason) {
        if (events.cancel()) {
            session.forget(this);
            reader.abort();
        }
    }

    /** The session ends under the call. */
    void interrupt() {
        UpstreamFailure failure = reader.wasSent()
                ? UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "the session was closed during the call")
                : UpstreamFailure.notSent(Kind.UNREACHABLE, "the session was closed before the call was sent");
        if (fail(failure)) {
            reader.abort();
        }
    }

    boolean fail(UpstreamFailure failure) {
        if (!events.end(listener -> listener.onFailure(failure))) {
            return false;
        }
        session.forget(this);
        return true;
    }

    private void finish(Response response) {
        if (events.end(listener -> listener.onResponse(response))) {
            session.forget(this);
            reader.linger();
        }
    }

    private void misbehaves(String detail) {
        if (fail(UpstreamFailure.maybeExecuted(Kind.PROTOCOL, detail))) {
            reader.abort();
        }
    }

    @Override
    public void onMessage(Message message) {
        if (message instanceof Notification notification) {
            events.tell(listener -> listener.onNotification(notification));
        } else if (message instanceof Response response) {
            answer(response);
        } else if (!events.isEnded()) {
            misbehaves("the upstream asked its client something, which a modern one must not");
        }
    }

    private void answer(Response response) {
        if (describesThisHop(response)) {
            refused(response);
        } else if (response.id().equals(Optional.of(request.id()))) {
            finish(response);
        } else if (response.id().isEmpty()) {
            // An upstream that did not understand the request answers without its id; there is only one request here.
            finish(response.withId(request.id()));
        } else if (!events.isEnded()) {
            misbehaves("the answer to " + request.method() + " has the id of another request");
        }
    }

    /** Returns whether an error speaks of what this gateway put around the message, which is no business of a client. */
    private static boolean describesThisHop(Response response) {
        return response.errorCode() == ErrorCodes.HEADER_MISMATCH
                || response.errorCode() == ErrorCodes.UNSUPPORTED_PROTOCOL_VERSION;
    }

    private void refused(Response response) {
        UpstreamFailure failure = UpstreamFailure.notSent(
                Kind.PROTOCOL,
                "the upstream does not accept the headers or the revision that it was sent: error "
                        + response.errorCode());
        if (fail(failure)) {
            reader.linger();
            session.doubt();
        }
    }

    @Override
    public void onReply(HttpReply reply) {
        int status = reply.status();
        // What these say, they say of the hop and not of the call, whatever stands in their bodies.
        boolean isAboutHop = status == 401 || status == 403 || status == 429 || status == 503;
        Optional<Response> error =
                isAboutHop ? Optional.empty() : reply.error(session.wire().limits());
        if (error.isPresent()) {
            answer(error.get());
            return;
        }
        UpstreamFailure failure = reply.failure();
        if (fail(failure) && failure.kind() == Kind.PROTOCOL && !failure.maybeExecuted()) {
            session.doubt();
        }
    }

    @Override
    public void onEnd() {
        fail(UpstreamFailure.maybeExecuted(Kind.INTERRUPTED, "the stream ended before the answer came"));
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        if (failure.kind() == Kind.UNREACHABLE) {
            // What answers at this place the next time may be another one.
            session.forgetEra();
        }
        fail(failure);
    }
}
