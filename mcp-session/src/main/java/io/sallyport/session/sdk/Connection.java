package io.sallyport.session.sdk;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A response that is written when the container is ready for it: a stream of events, or one answer. What is to be sent is
 * queued, and written by whoever finds the container ready; no thread ever waits for the client. Bounded: a client that
 * does not read loses the connection. Thread-safe; no method blocks.
 */
final class Connection implements WriteListener, AsyncListener {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    private static final int MAX_BYTES = 256 * 1024;

    /** The head of the response; touched only when the container says that it is our turn. */
    private record Head(int status, Map<String, String> headers) {}

    private final AsyncContext context;
    private final HttpServletResponse response;
    private final ServletOutputStream out;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private final List<Runnable> endActions = new ArrayList<>();
    private int waitingBytes;
    private long lastSend = Ticks.now();
    private @Nullable Head head;

    /** Whether the container said that it is ready and nothing was there to write. */
    private boolean ready;

    private boolean unflushed;
    private boolean closing;
    private boolean ended;

    private Connection(AsyncContext context, HttpServletResponse response, ServletOutputStream out) {
        this.context = context;
        this.response = response;
        this.out = out;
    }

    /** Makes a request asynchronous. To be called by the container's thread, which leaves soon. */
    static Connection of(HttpServletRequest request, HttpServletResponse response) throws IOException {
        ServletOutputStream out = response.getOutputStream();
        AsyncContext context = request.startAsync(request, response);
        context.setTimeout(0);
        Connection connection = new Connection(context, response, out);
        context.addListener(connection);
        out.setWriteListener(connection);
        return connection;
    }

    /** Begins the response; what is sent before waits for it. */
    void begin(int status, Map<String, String> headers) {
        queue(() -> {
            head = new Head(status, headers);
            unflushed = true;
        });
    }

    /** Sends a response as a whole. */
    void answer(int status, Map<String, String> headers, byte[] body) {
        queue(() -> {
            head = new Head(status, headers);
            waiting.add(body);
            waitingBytes += body.length;
        });
        close();
    }

    /**
     * Queues a frame: text that ends with an empty line.
     *
     * @return whether the stream is open and had room; if it had none, it is closed
     */
    boolean send(String frame) {
        byte[] bytes = frame.getBytes(StandardCharsets.UTF_8);
        boolean overflow;
        lock.lock();
        try {
            if (ended || closing) {
                return false;
            }
            // One more frame always fits, however large, behind whatever small ones: it has been bounded as a message.
            overflow = waitingBytes >= MAX_BYTES;
        } finally {
            lock.unlock();
        }
        if (overflow) {
            end(true);
            return false;
        }
        queue(() -> {
            waiting.add(bytes);
            waitingBytes += bytes.length;
            lastSend = Ticks.now();
        });
        return true;
    }

    /** Returns whether nothing has been queued for so long. */
    boolean idleFor(long nanos) {
        lock.lock();
        try {
            return Ticks.now() - lastSend > nanos;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the response after what is queued. Idempotent. */
    void close() {
        queue(() -> closing = true);
    }

    private void queue(Runnable change) {
        boolean over;
        lock.lock();
        try {
            if (ended || closing) {
                return;
            }
            change.run();
            over = ready && write();
        } finally {
            lock.unlock();
        }
        if (over) {
            end(true);
        }
    }

    /** Sets what is to be done when the response ends, however it ends; done at once if it has. */
    void onEnd(Runnable action) {
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

    /** Writes as long as the container is ready; returns whether the response is over, well or not. */
    private boolean write() {
        if (ended) {
            return false;
        }
        ready = false;
        try {
            while (out.isReady()) {
                if (head != null) {
                    response.setStatus(head.status());
                    head.headers().forEach(response::setHeader);
                    response.setHeader("X-Content-Type-Options", "nosniff");
                    head = null;
                }
                byte[] next = waiting.poll();
                if (next != null) {
                    out.write(next);
                    waitingBytes -= next.length;
                    unflushed = true;
                } else if (closing) {
                    return true;
                } else if (unflushed) {
                    unflushed = false;
                    out.flush();
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
        } finally {
            lock.unlock();
        }
        if (complete) {
            try {
                context.complete();
            } catch (RuntimeException over) {
                // A container that is stopping throws what it likes.
                LOGGER.atDebug().addKeyValue("error", over.toString()).log("the request had already ended");
            }
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
        // A request's asynchronous life is begun once.
    }
}
