package io.sallyport.gateway.internal;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a request of a legacy session: JSON if it is there soon and nothing comes before it, else a stream. A
 * client that goes away does not cancel its request in this era; it may come back for the rest.
 */
final class LegacyReply implements CallSink, Ticks.Ticking {

    private static final long JSON_WITHIN = TimeUnit.SECONDS.toNanos(1);

    private final Ticks ticks;
    private final ClientRequest request;
    private final LegacySession session;
    private final RequestId id;
    private final String upstream;
    private final long begun;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable LegacyStream stream;
    private boolean answered;

    /**
     * Creates a reply.
     *
     * @param upstream whose call it is; empty for what is answered here
     */
    LegacyReply(Ticks ticks, ClientRequest request, LegacySession session, RequestId id, String upstream) {
        this.ticks = ticks;
        this.request = request;
        this.session = session;
        this.id = id;
        this.upstream = upstream;
        this.begun = ticks.now();
        if (request.acceptsStream()) {
            ticks.add(this);
        }
    }

    /** Lets go of a reply that never began. */
    void dismiss() {
        ticks.remove(this);
    }

    @Override
    public void tick(long now) {
        if (now - begun > JSON_WITHIN) {
            ticks.remove(this);
            open();
        }
    }

    /** Returns the stream, opened if it was not; null if there can be none. */
    private @Nullable LegacyStream open() {
        lock.lock();
        try {
            if (stream == null && !answered && request.acceptsStream()) {
                stream = session.newStream();
                stream.begin(request.openStream(Sse.HEADERS));
            }
            return answered ? null : stream;
        } finally {
            lock.unlock();
        }
    }

    private void send(Message message) {
        LegacyStream open = open();
        if (open != null) {
            open.send(message);
        }
    }

    @Override
    public void notification(Notification notification) {
        session.translated(upstream, notification).ifPresent(this::send);
    }

    @Override
    public void ask(Request question, Consumer<Response> answer) {
        LegacyStream open = open();
        if (open == null) {
            answer.accept(Questions.cannotBeAsked(question));
        } else {
            session.ask(open, upstream, question, answer);
        }
    }

    @Override
    public void pause(Duration retry) {
        LegacyStream open = open();
        if (open != null) {
            open.release(retry);
        }
    }

    @Override
    public void answer(Response response, int httpStatus) {
        LegacyStream open;
        lock.lock();
        try {
            if (answered) {
                return;
            }
            if (stream == null && !request.acceptsJson()) {
                open();
            }
            answered = true;
            open = stream;
        } finally {
            lock.unlock();
        }
        ticks.remove(this);
        session.end(id, open);
        if (open == null) {
            request.answer(httpStatus, Http.JSON, response);
        } else {
            open.send(response);
            open.finish();
        }
    }

    @Override
    public void abandon() {
        LegacyStream open;
        lock.lock();
        try {
            if (answered) {
                return;
            }
            answered = true;
            open = stream;
        } finally {
            lock.unlock();
        }
        ticks.remove(this);
        session.end(id, open);
        if (open == null) {
            // A cancelled request gets no response, but its HTTP request has to end.
            request.answer(202, Http.NONE, null);
        } else {
            open.finish();
        }
    }
}
