package io.sallyport.upstream.sdk;

import io.modelcontextprotocol.client.McpAsyncClient;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Part;
import io.sallyport.protocol.Request;
import io.sallyport.protocol.RequestId;
import io.sallyport.protocol.Response;
import io.sallyport.upstream.ChannelUpstream.Inbox;
import io.sallyport.upstream.MessageChannel;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.UpstreamRuntime;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * A transport of the SDK as a channel of messages.
 *
 * <p>Messages go out one after the other from a thread of the executor, so that a transport that blocks against its
 * contract holds up only itself. Nobody waits until a message has arrived: a server may answer a POST only when the call
 * in it is over. The one exception is {@code notifications/initialized}, which no request may overtake.
 */
final class SdkChannel implements MessageChannel {

    private static final Logger LOGGER = LoggerFactory.getLogger(SdkTransportUpstream.class);

    /** More than a session has calls; the rest is for what is said beside them. */
    private static final int MAX_UNDER_WAY = 2000;

    private static final long INITIALIZED_WITHIN_SECONDS = 5;

    private final McpClientTransport transport;
    private final McpJsonMapper mapper;
    private final Inbox inbox;
    private final UpstreamRuntime runtime;
    private final Duration closeWithin;
    private final Queue<Message> unsent = new ConcurrentLinkedQueue<>();
    private final AtomicInteger toSend = new AtomicInteger();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile CompletableFuture<Void> initialized = CompletableFuture.completedFuture(null);
    private volatile Optional<String> version = Optional.empty();
    private volatile @Nullable Disposable connection;

    SdkChannel(
            McpClientTransport transport,
            McpJsonMapper mapper,
            Inbox inbox,
            UpstreamRuntime runtime,
            Duration closeWithin) {
        this.transport = transport;
        this.mapper = mapper;
        this.inbox = inbox;
        this.runtime = runtime;
        this.closeWithin = closeWithin;
    }

    /** Completes with this when it is connected; closes it if that fails or is cancelled. */
    CompletionStage<SdkChannel> connect() {
        CompletableFuture<SdkChannel> connected = new CompletableFuture<>();
        connected.whenComplete((self, thrown) -> {
            if (thrown != null) {
                close();
            }
        });
        try {
            transport.setExceptionHandler(this::reported);
            connection = transport
                    .connect(incoming -> incoming.doOnNext(this::receive))
                    .subscribe(
                            none -> {},
                            thrown -> connected.completeExceptionally(SdkFaults.exception(thrown)),
                            () -> connected.complete(this));
        } catch (RuntimeException e) {
            connected.completeExceptionally(SdkFaults.exception(e));
        }
        return connected;
    }

    /** Completes when nothing of the transport is left that we know of. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    private void receive(McpSchema.JSONRPCMessage typed) {
        try {
            Message message = Message.parse(mapper.writeValueAsBytes(typed), runtime.limits());
            if (version.isEmpty() && message instanceof Response response) {
                version = response.getString(Part.RESULT, "protocolVersion");
            }
            inbox.received(message);
        } catch (MalformedMessageException e) {
            boolean tooLarge = e.kind() == MalformedMessageException.Kind.TOO_LARGE
                    || e.kind() == MalformedMessageException.Kind.BEYOND_LIMIT;
            unusable(
                    typed,
                    UpstreamFailure.maybeExecuted(
                            tooLarge ? Kind.TOO_LARGE : Kind.PROTOCOL, String.valueOf(e.getMessage())));
        } catch (IOException | RuntimeException e) {
            unusable(typed, UpstreamFailure.maybeExecuted(Kind.PROTOCOL, String.valueOf(e)));
        }
    }

    private void unusable(McpSchema.JSONRPCMessage typed, UpstreamFailure why) {
        if (typed instanceof McpSchema.JSONRPCResponse response) {
            inbox.failed(new RequestId(Json.write(response.id())), why);
        } else {
            LOGGER.atWarn()
                    .addKeyValue("detail", why.detail())
                    .log("an upstream's message is unusable and was dropped");
        }
    }

    /** Told by the transport of trouble with a stream of its own. */
    private void reported(Throwable thrown) {
        if (SdkFaults.isSessionLost(thrown)) {
            inbox.lost(SdkFaults.failure(thrown));
        } else {
            inbox.doubt();
        }
    }

    @Override
    public boolean send(Message message) {
        if (closed.get()) {
            return false;
        }
        if (underWay.incrementAndGet() > MAX_UNDER_WAY) {
            underWay.decrementAndGet();
            return false;
        }
        unsent.add(message);
        if (toSend.getAndIncrement() == 0) {
            try {
                runtime.executor().execute(this::sendAll);
            } catch (RejectedExecutionException full) {
                // Better late on this thread than never: it may be the answer to a question.
                sendAll();
            }
        }
        return true;
    }

    private void sendAll() {
        do {
            Message next = unsent.remove();
            if (next instanceof Request) {
                initialized.whenComplete((none, never) -> transmit(next));
            } else {
                transmit(next);
            }
        } while (toSend.decrementAndGet() != 0);
    }

    private void transmit(Message message) {
        if (message instanceof Notification notification
                && notification.method().equals(Methods.INITIALIZED)) {
            holdRequests();
        }
        Mono<Void> sending;
        try {
            sending = closed.get() ? Mono.empty() : transport.sendMessage(typed(message));
        } catch (RuntimeException e) {
            sending = Mono.error(e);
        }
        sending.contextWrite(this::withVersion)
                .subscribe(none -> {}, thrown -> sent(message, thrown), () -> sent(message, null));
    }

    private void holdRequests() {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        try {
            runtime.timer().schedule(() -> arrived.complete(null), INITIALIZED_WITHIN_SECONDS, TimeUnit.SECONDS);
            initialized = arrived;
        } catch (RejectedExecutionException closing) {
            // There will be no requests.
        }
    }

    /** Some transports put it into a header. */
    private Context withVersion(Context context) {
        return version.map(spoken -> context.put(McpAsyncClient.NEGOTIATED_PROTOCOL_VERSION, spoken))
                .orElse(context);
    }

    private void sent(Message message, @Nullable Throwable thrown) {
        underWay.decrementAndGet();
        if (message instanceof Notification) {
            initialized.complete(null);
        }
        if (thrown == null || closed.get()) {
            return;
        }
        if (message instanceof Request request) {
            inbox.failed(request.id(), SdkFaults.failure(thrown));
        }
        reported(thrown);
    }

    /** Returns the message as the SDK has it. */
    private static McpSchema.JSONRPCMessage typed(Message message) {
        if (message instanceof Request request) {
            return new McpSchema.JSONRPCRequest(
                    request.method(), Json.read(JsonValue.trusted(request.id().token())), object(message, Part.PARAMS));
        }
        if (message instanceof Notification notification) {
            return new McpSchema.JSONRPCNotification(notification.method(), object(message, Part.PARAMS));
        }
        Response response = (Response) message;
        Object id = Json.read(JsonValue.trusted(response.id().orElseThrow().token()));
        if (!response.isError()) {
            return McpSchema.JSONRPCResponse.result(id, object(message, Part.RESULT));
        }
        return McpSchema.JSONRPCResponse.error(
                id,
                new McpSchema.JSONRPCResponse.JSONRPCError(
                        response.errorCode(),
                        response.getString(Part.ERROR, "message").orElse(""),
                        response.get(Part.ERROR, "data")
                                .map(JsonValue::toObject)
                                .orElse(null)));
    }

    private static @Nullable Object object(Message message, Part part) {
        return message.get(part).map(JsonValue::toObject).orElse(null);
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        initialized.complete(null);
        Disposable closing =
                closing().subscribe(none -> {}, thrown -> ended.complete(null), () -> ended.complete(null));
        ended.whenComplete((none, never) -> {
            closing.dispose();
            Disposable connected = connection;
            if (connected != null) {
                connected.dispose();
            }
        });
        try {
            runtime.timer().schedule(this::abandon, closeWithin.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException stopped) {
            // The upstream's own close() lets go of it.
        }
    }

    private Mono<Void> closing() {
        try {
            return transport.closeGracefully().contextWrite(this::withVersion);
        } catch (RuntimeException e) {
            return Mono.error(e);
        }
    }

    /** Stops to wait for the transport to close. */
    void abandon() {
        ended.complete(null);
    }
}
