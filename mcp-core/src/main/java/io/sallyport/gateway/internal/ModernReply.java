package io.sallyport.gateway.internal;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.Response;
import io.sallyport.stream.EventStream;
import io.sallyport.stream.Sse;
import io.sallyport.stream.Ticks;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a modern request: plain JSON if it is there within a second and nothing comes before it, else a stream.
 *
 * <p>Servlets notice that a client has gone only when they write. So after a second the stream is opened and a comment
 * is written every two seconds: its failure is the cancellation that closing the stream means in this era.
 */
final class ModernReply implements CallSink, Ticks.Ticking {

    private static final long JSON_WITHIN = TimeUnit.SECONDS.toNanos(1);
    private static final long HEARTBEAT = TimeUnit.SECONDS.toNanos(2);

    private final Ticks ticks;
    private final ClientRequest request;
    private final long begun;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable EventStream stream;
    private boolean answered;
    private Runnable onGone = () -> {};

    ModernReply(Ticks ticks, ClientRequest request) {
        this.ticks = ticks;
        this.request = request;
        this.begun = ticks.now();
        if (request.acceptsStream()) {
            ticks.add(this);
        }
    }

    /** Sets what is to be done when the client goes away before it has its answer. */
    void onGone(Runnable action) {
        this.onGone = action;
    }

    @Override
    public void tick(long now) {
        EventStream open;
        lock.lock();
        try {
            if (answered) {
                return;
            }
            if (stream == null && now - begun > JSON_WITHIN) {
                openStream();
            }
            open = stream;
        } finally {
            lock.unlock();
        }
        if (open != null && open.idleFor(HEARTBEAT)) {
            open.send(Sse.HEARTBEAT);
        }
    }

    private EventStream openStream() {
        EventStream opened = request.openStream(Sse.HEADERS);
        stream = opened;
        opened.onEnd(this::ended);
        return opened;
    }

    private void ended() {
        boolean early;
        lock.lock();
        try {
            early = !answered;
            answered = true;
        } finally {
            lock.unlock();
        }
        ticks.remove(this);
        if (early) {
            onGone.run();
        }
    }

    @Override
    public void notification(Notification notification) {
        send(notification);
    }

    private void send(Message message) {
        EventStream open;
        lock.lock();
        try {
            if (answered || !request.acceptsStream()) {
                return;
            }
            open = stream == null ? openStream() : stream;
        } finally {
            lock.unlock();
        }
        open.send(Sse.event(message));
    }

    @Override
    public void ask(Request question, Consumer<Response> answer) {
        answer.accept(Questions.cannotBeAsked(question));
    }

    @Override
    public void pause(Duration retry) {
        // This era has no resumption.
    }

    @Override
    public void answer(Response response, int httpStatus) {
        EventStream open;
        lock.lock();
        try {
            if (answered) {
                return;
            }
            if (stream == null && !request.acceptsJson() && httpStatus == 200) {
                openStream();
            }
            answered = true;
            open = stream;
        } finally {
            lock.unlock();
        }
        ticks.remove(this);
        if (open == null) {
            request.answer(httpStatus, Http.JSON, response);
        } else {
            open.send(Sse.event(response));
            open.close();
        }
    }

    @Override
    public void abandon() {
        lock.lock();
        try {
            answered = true;
        } finally {
            lock.unlock();
        }
        ticks.remove(this);
    }
}
