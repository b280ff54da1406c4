package io.sallyport.gateway.servlet;

import io.sallyport.gateway.internal.ClientRequest;
import io.sallyport.gateway.internal.EventStream;
import io.sallyport.gateway.internal.Ticks;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.McpHeaders;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Response;
import io.sallyport.spi.Principal;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP request and its answer. While the container's thread is still inside the servlet an answer is only kept, and
 * written when the thread leaves; if there is none by then the request becomes asynchronous, and whoever has the answer
 * writes it.
 */
final class Exchange implements ClientRequest {

    static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.http");

    /** As much as the container's own thread may write, which waits for the client if that does not read. */
    private static final int WRITTEN_AT_ONCE = 32 * 1024;

    private record Answer(
            int status,
            Map<String, String> headers,
            @Nullable Message body) {}

    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final HeaderSnapshot headers;
    private final String correlationId;
    private final Map<String, String> cors;
    private final int streamBufferBytes;
    private final Ticks ticks;
    private final boolean acceptsJson;
    private final boolean acceptsStream;
    private volatile Principal principal = McpServlet.nobody();

    private final ReentrantLock lock = new ReentrantLock();
    private boolean inContainer = true;
    private boolean decided;
    private @Nullable Answer kept;
    private @Nullable ServletEventStream stream;
    private @Nullable AsyncContext async;

    Exchange(
            HttpServletRequest request,
            HttpServletResponse response,
            HeaderSnapshot headers,
            String correlationId,
            Map<String, String> cors,
            int streamBufferBytes,
            Ticks ticks) {
        this.request = request;
        this.response = response;
        this.headers = headers;
        this.correlationId = correlationId;
        this.cors = cors;
        this.streamBufferBytes = streamBufferBytes;
        this.ticks = ticks;
        String accept = String.join(",", headers.values("Accept")).toLowerCase(Locale.ROOT);
        boolean anything = accept.isBlank() || accept.contains("*/*");
        this.acceptsJson = anything || accept.contains("application/json") || accept.contains("application/*");
        this.acceptsStream = anything || accept.contains("text/event-stream") || accept.contains("text/*");
    }

    @Override
    public McpHeaders.Source headers() {
        return headers;
    }

    @Override
    public Principal principal() {
        return principal;
    }

    void setPrincipal(Principal found) {
        principal = found;
    }

    @Override
    public String correlationId() {
        return correlationId;
    }

    @Override
    public boolean acceptsStream() {
        return acceptsStream;
    }

    @Override
    public boolean acceptsJson() {
        return acceptsJson;
    }

    @Override
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

    @Override
    public EventStream openStream(Map<String, String> streamHeaders) {
        ServletEventStream opened = new ServletEventStream(streamBufferBytes, ticks);
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

    /** Called by the container's thread before it leaves the servlet. */
    void leaveContainer() {
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
        cors.forEach(response::setHeader);
        // Nothing is to be kept on the way: what one caller is answered is nobody else's, and a 404 would be kept too.
        response.setHeader("Cache-Control", "no-store");
        answerHeaders.forEach(response::setHeader);
        if (status == 503) {
            // Spread, so that not everybody comes back at the same moment.
            response.setIntHeader("Retry-After", 1 + ThreadLocalRandom.current().nextInt(5));
        }
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

    private void logGone(Exception e) {
        LOGGER.atDebug()
                .addKeyValue("correlationId", correlationId)
                .addKeyValue("error", e.toString())
                .log("the client has gone");
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
    private final class Body implements WriteListener {

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
            LOGGER.atDebug()
                    .addKeyValue("correlationId", correlationId)
                    .addKeyValue("error", t.toString())
                    .log("the client has gone");
            complete(context);
        }
    }
}
