package io.sallyport.gateway.servlet;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Response;
import io.sallyport.stream.EventStream;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answer to one HTTP request: a message as a whole, or a stream of events. While the container's thread is still inside
 * the servlet an answer is only kept, and written when the thread leaves; if there is none by then the request becomes
 * asynchronous, and whoever has the answer gives it. Whoever that is never waits for the client. Thread-safe.
 *
 * @since 0.1
 */
public final class ServletReply {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    /** As much as the container's own thread may write, which waits for the client if that does not read. */
    private static final int WRITTEN_AT_ONCE = 32 * 1024;

    private record Answer(
            int status,
            Map<String, String> headers,
            @Nullable Message body) {}

    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final Map<String, String> everyHeaders;
    private final int streamBufferBytes;
    private final LongSupplier clock;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean inContainer = true;
    private boolean decided;
    private @Nullable Answer kept;
    private @Nullable ServletEventStream stream;
    private @Nullable AsyncContext async;

    /**
     * Creates the answer to a request, which the container has just given to a servlet that may answer asynchronously.
     *
     * @param headers of the answer, whatever it is
     * @param streamBufferBytes how much may wait for a client that does not read its stream, before it loses that
     * @param clock the time in nanoseconds; only differences mean something
     */
    public ServletReply(
            HttpServletRequest request,
            HttpServletResponse response,
            Map<String, String> headers,
            int streamBufferBytes,
            LongSupplier clock) {
        this.request = request;
        this.response = response;
        this.everyHeaders = headers;
        this.streamBufferBytes = streamBufferBytes;
        this.clock = clock;
    }

    /**
     * Answers with a status, headers and, if there is one, a message. Only the first answer counts. Statuses 429 and 503 get
     * a {@code Retry-After}.
     */
    public void answer(int status, Map<String, String> answerHeaders, @Nullable Message body) {
        Answer answer = new Answer(status, answerHeaders, body);
        AsyncContext context;
        lock.lock();
        try {
            if (decided) {
                return;
            }
            decided = true;
            if (inContainer) {
                kept = answer;
                return;
            }
            context = async;
        } finally {
            lock.unlock();
        }
        if (context != null) {
            writeLater(context, answer);
        }
    }

    /** Answers with a stream of events, which is open from then on, unless something was answered before. */
    public EventStream openStream(Map<String, String> streamHeaders) {
        ServletEventStream opened = new ServletEventStream(streamBufferBytes, clock);
        AsyncContext context;
        lock.lock();
        try {
            if (decided) {
                opened.close();
                return opened;
            }
            decided = true;
            writeHead(200, streamHeaders);
            if (inContainer) {
                stream = opened;
                return opened;
            }
            context = async;
        } finally {
            lock.unlock();
        }
        if (context != null) {
            opened.connect(context, response);
        }
        return opened;
    }

    /** To be called, once, by the container's thread before it leaves the servlet, however it leaves. */
    public void leaveContainer() {
        Answer answer;
        ServletEventStream opened;
        AsyncContext context = null;
        lock.lock();
        try {
            inContainer = false;
            answer = kept;
            opened = stream;
            boolean large =
                    answer != null && answer.body() != null && answer.body().size() > WRITTEN_AT_ONCE;
            if (answer == null || large) {
                context = request.startAsync(request, response);
                context.setTimeout(0);
                async = context;
            }
        } finally {
            lock.unlock();
        }
        if (opened != null && context != null) {
            opened.connect(context, response);
        } else if (answer != null && context != null) {
            writeLater(context, answer);
        } else if (answer != null) {
            try {
                write(answer);
            } catch (IOException e) {
                logGone(e);
            }
        }
    }

    private void writeHead(int status, Map<String, String> answerHeaders) {
        response.setStatus(status);
        everyHeaders.forEach(response::setHeader);
        // Nothing is to be kept on the way: what one caller is answered is nobody else's, and a 404 would be kept too.
        response.setHeader("Cache-Control", "no-store");
        answerHeaders.forEach(response::setHeader);
        response.setHeader("X-Content-Type-Options", "nosniff");
    }

    private void writeHead(Answer answer) {
        writeHead(answer.status(), answer.headers());
        if (answer.status() == 429 || answer.status() == 503) {
            response.setHeader("Retry-After", Long.toString(retryAfterSeconds(answer)));
        }
    }

    /** Returns what the body says in milliseconds; else a few seconds, spread, so that not all come back at once. */
    private static long retryAfterSeconds(Answer answer) {
        return Optional.ofNullable(answer.body())
                .filter(body -> body instanceof Response error && error.isError())
                .flatMap(body -> body.get(Part.ERROR, "data"))
                .flatMap(data -> data.get("retryAfterMs"))
                .map(JsonValue::asLong)
                .filter(OptionalLong::isPresent)
                .map(millis -> (millis.getAsLong() + 999) / 1000)
                .orElseGet(() -> 1L + ThreadLocalRandom.current().nextInt(5));
    }

    private void write(Answer answer) throws IOException {
        writeHead(answer);
        if (answer.body() == null) {
            response.setContentLength(0);
            return;
        }
        response.setContentLength(answer.body().size());
        answer.body().writeTo(response.getOutputStream());
    }

    /**
     * Writes from a thread that is not the container's and must not wait: it may be one of the few that bring the answers
     * of an upstream to everybody.
     */
    private void writeLater(AsyncContext context, Answer answer) {
        try {
            writeHead(answer);
            Message body = answer.body();
            if (body != null) {
                response.setContentLength(body.size());
                ServletOutputStream out = response.getOutputStream();
                out.setWriteListener(new Body(context, out, body));
                return;
            }
            response.setContentLength(0);
        } catch (IOException | RuntimeException e) {
            // A container that is stopping throws what it likes.
            logGone(e);
        }
        complete(context);
    }

    private static void logGone(Throwable e) {
        LOGGER.atDebug().addKeyValue("error", e.toString()).log("the client has gone");
    }

    /** Ends an asynchronous request, whether or not the container has already done so. */
    static void complete(AsyncContext context) {
        try {
            context.complete();
        } catch (RuntimeException ended) {
            LOGGER.atDebug().addKeyValue("error", ended.toString()).log("the request had already ended");
        }
    }

    /** Writes an answer as fast as the client reads it, without keeping a thread. */
    private static final class Body implements WriteListener {

        private static final int PIECE = 16 * 1024;

        private final AsyncContext context;
        private final ServletOutputStream out;
        private final ByteBuffer left;
        private final byte[] piece;

        Body(AsyncContext context, ServletOutputStream out, Message body) {
            this.context = context;
            this.out = out;
            this.left = body.asByteBuffer();
            this.piece = new byte[Math.min(PIECE, left.remaining())];
        }

        @Override
        public void onWritePossible() throws IOException {
            while (out.isReady()) {
                if (!left.hasRemaining()) {
                    complete(context);
                    return;
                }
                int length = Math.min(piece.length, left.remaining());
                left.get(piece, 0, length);
                out.write(piece, 0, length);
            }
        }

        @Override
        public void onError(Throwable t) {
            logGone(t);
            complete(context);
        }
    }
}
