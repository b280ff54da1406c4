package io.sallyport.gateway.servlet;

import io.sallyport.stream.EventStream;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A stream of events on a servlet's response. Frames are queued, and written by whoever finds the container ready; no
 * thread ever waits for the client. Bounded: a client that does not read loses the stream.
 */
final class ServletEventStream implements EventStream, WriteListener, AsyncListener {

    private final int maxBytes;
    private final LongSupplier clock;

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private final List<Runnable> endActions = new ArrayList<>();
    private @Nullable AsyncContext context;
    private @Nullable ServletOutputStream out;
    private int waitingBytes;
    private long lastSend;

    /** Whether the container said that it is ready and nothing was there to write. */
    private boolean ready;

    private boolean unflushed = true;
    private boolean closing;
    private boolean ended;

    ServletEventStream(int maxBytes, LongSupplier clock) {
        this.maxBytes = maxBytes;
        this.clock = clock;
        this.lastSend = clock.getAsLong();
    }

    /** Begins to write to a response whose head is set. */
    void connect(AsyncContext asyncContext, HttpServletResponse response) {
        asyncContext.addListener(this);
        try {
            ServletOutputStream stream = response.getOutputStream();
            lock.lock();
            try {
                context = asyncContext;
                out = stream;
            } finally {
                lock.unlock();
            }
            stream.setWriteListener(this);
        } catch (IOException | RuntimeException goneOrStopping) {
            end(true);
        }
    }

    @Override
    public boolean send(String frame) {
        byte[] bytes = frame.getBytes(StandardCharsets.UTF_8);
        boolean overflow = false;
        boolean over;
        lock.lock();
        try {
            if (ended || closing) {
                return false;
            }
            // One more frame always fits, however large, behind whatever small ones: it has been bounded as a message,
            // and the container may not even have begun to write.
            if (waitingBytes >= maxBytes) {
                overflow = true;
                over = true;
            } else {
                waiting.add(bytes);
                waitingBytes += bytes.length;
                lastSend = clock.getAsLong();
                over = ready && write();
            }
        } finally {
            lock.unlock();
        }
        if (over) {
            end(true);
        }
        return !overflow;
    }

    @Override
    public boolean idleFor(long nanos) {
        lock.lock();
        try {
            return clock.getAsLong() - lastSend > nanos;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        boolean over;
        lock.lock();
        try {
            if (ended || closing) {
                return;
            }
            closing = true;
            over = ready && write();
        } finally {
            lock.unlock();
        }
        if (over) {
            end(true);
        }
    }

    @Override
    public void onEnd(Runnable action) {
        lock.lock();
        try {
            if (!ended) {
                endActions.add(action);
                return;
            }
        } finally {
            lock.unlock();
        }
        action.run();
    }

    @Override
    public void onWritePossible() {
        boolean over;
        lock.lock();
        try {
            over = write();
        } finally {
            lock.unlock();
        }
        if (over) {
            end(true);
        }
    }

    /** Writes as long as the container is ready; returns whether the stream is over, well or not. */
    private boolean write() {
        ServletOutputStream stream = out;
        if (ended || stream == null) {
            return false;
        }
        ready = false;
        try {
            while (stream.isReady()) {
                byte[] next = waiting.poll();
                if (next != null) {
                    stream.write(next);
                    waitingBytes -= next.length;
                    unflushed = true;
                } else if (unflushed) {
                    unflushed = false;
                    stream.flush();
                } else if (closing) {
                    return true;
                } else {
                    ready = true;
                    return false;
                }
            }
            return false;
        } catch (IOException | RuntimeException clientGone) {
            return true;
        }
    }

    private void end(boolean complete) {
        List<Runnable> actions;
        AsyncContext asyncContext;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            waiting.clear();
            waitingBytes = 0;
            actions = new ArrayList<>(endActions);
            endActions.clear();
            asyncContext = context;
        } finally {
            lock.unlock();
        }
        if (complete && asyncContext != null) {
            ServletReply.complete(asyncContext);
        }
        actions.forEach(Runnable::run);
    }

    @Override
    public void onError(Throwable t) {
        end(true);
    }

    @Override
    public void onComplete(AsyncEvent event) {
        end(false);
    }

    @Override
    public void onTimeout(AsyncEvent event) {
        end(true);
    }

    @Override
    public void onError(AsyncEvent event) {
        end(true);
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
        // The gateway starts a request's asynchronous life once.
    }
}
