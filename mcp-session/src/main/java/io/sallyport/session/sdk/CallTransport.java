package io.sallyport.session.sdk;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.sallyport.gateway.servlet.ServletReply;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Response;
import io.sallyport.stream.CallNote;
import io.sallyport.stream.SessionStream;
import io.sallyport.stream.Sse;
import io.sallyport.stream.Ticks;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What one request's answer and what goes before it is sent over. The answer to a quick request that has nothing to say
 * before is plain JSON; all else becomes a {@link SessionStream}. Thread-safe.
 */
final class CallTransport implements McpStreamableServerTransport, Ticks.Ticking {

    /** After how long an answer becomes a stream, which a client can come back to and proxies do not cut. */
    private static final long PATIENCE_NANOS = Duration.ofSeconds(1).toNanos();

    private final HeldSession session;
    private final McpJsonMapper mapper;
    private final SessionStream.Context context;
    private final CallNote note;
    private final @Nullable ServletReply reply;
    private final Runnable beforeResult;
    private final long begun;

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable SessionStream stream;
    private boolean answered;

    /**
     * Creates one for a request, or for a stream that another node has begun.
     *
     * @param beforeResult run before a result is sent; may wait for the store
     */
    CallTransport(
            HeldSession session,
            McpJsonMapper mapper,
            SessionStream.Context context,
            CallNote note,
            @Nullable ServletReply reply,
            @Nullable SessionStream inherited,
            Runnable beforeResult) {
        this.session = session;
        this.mapper = mapper;
        this.context = context;
        this.note = note;
        this.reply = reply;
        this.stream = inherited;
        this.beforeResult = beforeResult;
        this.begun = context.ticks().now();
    }

    /** Begins the stream now, so that whatever happens to this node the client can come back to it. */
    void beginStream() {
        stream();
    }

    /** Begins the stream if there is none in a while. */
    void beginStreamLater() {
        context.ticks().add(this);
    }

    @Override
    public void tick(long now) {
        if (now - begun >= PATIENCE_NANOS) {
            context.ticks().remove(this);
            try {
                context.executor().execute(this::beginStream);
            } catch (RejectedExecutionException full) {
                context.ticks().add(this);
            }
        }
    }

    /** Returns the stream, which is begun if need be; null if the answer has gone without one. */
    private @Nullable SessionStream stream() {
        lock.lock();
        try {
            if (stream == null && !answered && reply != null) {
                stream = session.streams().open(reply.openStream(Sse.HEADERS), note);
            }
            return stream;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
        return Mono.create(sink -> {
            try {
                if (message instanceof McpSchema.JSONRPCResponse response) {
                    if (response.error() == null) {
                        beforeResult.run();
                    }
                    Response written = (Response) Message.of(mapper.writeValueAsString(response));
                    // The client's own form of it: the SDK reads numbers and writes them its way.
                    answer(written.withId(note.id()), sink::success);
                    return;
                }
                String json = session.written(message);
                SessionStream its = stream();
                if (its == null) {
                    // The request was answered; there is nothing to say about it any more.
                    sink.success();
                } else if (!its.send(json, isSent -> sink.success())) {
                    sink.error(new IllegalStateException(
                            "the store of sessions does not keep up with this call's events"));
                }
            } catch (IOException | RuntimeException e) {
                sink.error(e);
            }
        });
    }

    @Override
    public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message, String messageId) {
        return sendMessage(message);
    }

    private void answer(Response response, Runnable whenKept) {
        SessionStream its;
        lock.lock();
        try {
            if (answered) {
                whenKept.run();
                return;
            }
            answered = true;
            its = stream;
        } finally {
            lock.unlock();
        }
        context.ticks().remove(this);
        session.end(this);
        if (its != null) {
            its.finish(response.onOneLine().toJson(), whenKept);
        } else if (reply != null) {
            reply.answer(200, HttpEndpoint.JSON, response);
            whenKept.run();
        }
    }

    /** Answers with an error, unless it has been answered. */
    void abort(McpError why) {
        answer(Response.error(note.id(), why), () -> {});
    }

    @Override
    public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
        return mapper.convertValue(data, type);
    }

    @Override
    public Mono<Void> closeGracefully() {
        return Mono.fromRunnable(this::close);
    }

    /** The SDK has nothing more to say; if it has not said anything, the client learns at least that. */
    @Override
    public void close() {
        abort(Errors.internal());
    }
}
