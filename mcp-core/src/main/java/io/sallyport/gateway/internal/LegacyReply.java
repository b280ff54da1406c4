package io.sallyport.gateway.internal;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.Sse;
import io.sallyport.stream.Ticks;
import java.time.Duration;
import java.util.Map;
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
    private final CallNote note;
    private final long begun;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable SessionStream stream;
    private boolean answered;

    /** Creates a reply to the request that the note is of. */
    LegacyReply(Ticks ticks, ClientRequest request, LegacySession session, CallNote note) {
        this(ticks, request, session, note, null);
    }

    /** Creates a reply on a stream that is open already. */
    LegacyReply(
            Ticks ticks, ClientRequest request, LegacySession session, CallNote note, @Nullable SessionStream stream) {
        this.ticks = ticks;
        this.request = request;
        this.session = session;
        this.note = note;
        this.stream = stream;
        this.begun = ticks.now();
        if (stream == null && request.acceptsStream()) {
            ticks.add(this);
        }
    }

    /** Answers what never became a call. */
    void refuse(Response response, int httpStatus) {
        refuse(response, httpStatus, Http.NONE);
    }

    /** Answers what never became a call, with these headers if the answer is no event of a stream. */
    void refuse(Response response, int httpStatus, Map<String, String> headers) {
        ticks.remove(this);
        SessionStream open;
        lock.lock();
        try {
            answered = true;
            open = stream;
        } finally {
            lock.unlock();
        }
        if (open == null) {
            request.answer(httpStatus, Http.jsonWith(headers), response);
        } else {
            open.finish(line(response));
        }
    }

    @Override
    public void tick(long now) {
        if (now - begun > JSON_WITHIN) {
            ticks.remove(this);
            open();
        }
    }

    /**
     * Returns the stream, opened if it was not; null if there can be none. There may be one that only carries the answer
     * to another node, whose client takes nothing else.
     */
    private @Nullable SessionStream open() {
        lock.lock();
        try {
            if (answered || !request.acceptsStream()) {
                return null;
            }
            if (stream == null) {
                stream = session.streams().open(request.openStream(Sse.HEADERS), note);
            }
            return stream;
        } finally {
            lock.unlock();
        }
    }

    private static String line(Message message) {
        return message.onOneLine().toJson();
    }

    private void send(Message message) {
        SessionStream open = open();
        if (open != null) {
            open.send(line(message));
        }
    }

    @Override
    public void notification(Notification notification) {
        session.translated(note.upstream(), notification).ifPresent(this::send);
    }

    @Override
    public void ask(Request question, Consumer<Response> answer) {
        SessionStream open = open();
        if (open == null) {
            answer.accept(Questions.cannotBeAsked(question));
        } else {
            session.ask(open, note.upstream(), question, answer);
        }
    }

    @Override
    public void pause(Duration retry) {
        SessionStream open = open();
        if (open != null) {
            open.release(retry);
        }
    }

    @Override
    public void answer(Response response, int httpStatus) {
        SessionStream open;
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
        session.end(note.id(), open);
        if (open == null) {
            request.answer(httpStatus, Http.JSON, response);
        } else {
            open.finish(line(response));
        }
    }

    @Override
    public void abandon() {
        SessionStream open;
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
        session.end(note.id(), open);
        if (open == null) {
            // A cancelled request gets no response, but its HTTP request has to end.
            request.answer(202, Http.NONE, null);
        } else {
            open.finish();
        }
    }
}
