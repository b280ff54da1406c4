package io.sallyport.upstream.http;

import io.sallyport.protocol.Message;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.Notification;
import io.sallyport.protocol.Request;
import io.sallyport.upstream.ChannelUpstream.Inbox;
import io.sallyport.upstream.MessageChannel;
import io.sallyport.upstream.UpstreamException;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import io.sallyport.upstream.http.HttpExchange.Lane;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One session of an {@link SseUpstream}: a stream that stays open, and a POST for each message of ours. The answer to a
 * POST says only whether the message was taken, and may come late: some servers answer when the call in it is over.
 */
final class SseChannel implements MessageChannel, ReplyReader.Sink {

    private static final long INITIALIZED_WITHIN_SECONDS = 5;

    private final HttpWire wire;
    private final Inbox inbox;
    private final ScheduledExecutorService timer;
    private final ReplyReader stream;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<SseChannel> connected = new CompletableFuture<>();

    /** Where messages are posted; known when connected. */
    private volatile String postPath = "";

    /** Requests wait for it: none may overtake {@code notifications/initialized}, which goes its own way. */
    private volatile CompletableFuture<Void> initialized = CompletableFuture.completedFuture(null);

    SseChannel(HttpWire wire, Inbox inbox, ScheduledExecutorService timer) {
        this.wire = wire;
        this.inbox = inbox;
        this.timer = timer;
        this.stream = wire.reader(this);
    }

    /** Completes with this when the server has said where to post; closes it if that fails or is cancelled. */
    CompletionStage<SseChannel> connect() {
        connected.whenComplete((self, thrown) -> {
            if (thrown != null) {
                close();
            }
        });
        wire.get(List.of(), Lane.LISTEN, stream);
        return connected;
    }

    @Override
    public void onEvent(String type, byte[] data) {
        if (!type.equals("endpoint") || connected.isDone()) {
            return;
        }
        URI base = wire.engine().settings().uri();
        Optional<String> path = postPath(base, new String(data, StandardCharsets.UTF_8));
        if (path.isPresent()) {
            postPath = path.get();
            connected.complete(this);
        } else {
            // Elsewhere it would get the credentials that are meant for this server.
            lost(UpstreamFailure.notSent(
                    Kind.PROTOCOL, "the endpoint event names no place at " + base.getRawAuthority()));
        }
    }

    /** Returns the path and query of a place at the same server. */
    static Optional<String> postPath(URI base, String place) {
        URI url;
        try {
            url = base.resolve(place.strip());
        } catch (IllegalArgumentException notAUri) {
            return Optional.empty();
        }
        boolean isHere = base.getScheme().equalsIgnoreCase(url.getScheme())
                && base.getHost().equalsIgnoreCase(url.getHost())
                && port(base) == port(url)
                && url.getRawUserInfo() == null;
        if (!isHere) {
            return Optional.empty();
        }
        String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        return Optional.of(url.getRawQuery() == null ? path : path + "?" + url.getRawQuery());
    }

    private static int port(URI url) {
        return url.getPort() >= 0 ? url.getPort() : url.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }

    @Override
    public void onMessage(Message message) {
        inbox.received(message);
    }

    @Override
    public void onEnd() {
        lost(UpstreamFailure.notSent(Kind.INTERRUPTED, "the server ended the stream"));
    }

    @Override
    public void onReply(HttpReply reply) {
        lost(reply.failure());
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        lost(failure);
    }

    private void lost(UpstreamFailure why) {
        if (!connected.completeExceptionally(new UpstreamException(why))) {
            inbox.lost(why);
        }
    }

    @Override
    public boolean send(Message message) {
        if (closed.get() || !connected.isDone()) {
            return false;
        }
        if (message instanceof Request) {
            initialized.whenComplete((none, never) -> post(message));
        } else {
            if (message instanceof Notification notification
                    && notification.method().equals(Methods.INITIALIZED)) {
                holdRequests();
            }
            post(message);
        }
        return true;
    }

    private void holdRequests() {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        initialized = arrived;
        try {
            timer.schedule(() -> arrived.complete(null), INITIALIZED_WITHIN_SECONDS, TimeUnit.SECONDS);
        } catch (RejectedExecutionException closing) {
            arrived.complete(null);
        }
    }

    private void post(Message message) {
        Lane lane = message instanceof Request ? Lane.CALL : Lane.URGENT;
        wire.postTo(postPath, message, wire.reader(new Posted(message)), lane);
    }

    /** Ends the stream, and with it the session. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            stream.abort();
            initialized.complete(null);
        }
    }

    /** What becomes of a message that was posted. Its answer comes on the stream. */
    private final class Posted implements ReplyReader.Sink {

        private final Message message;

        Posted(Message message) {
            this.message = message;
        }

        private void arrived() {
            if (message instanceof Notification) {
                initialized.complete(null);
            }
        }

        @Override
        public void onMessage(Message unexpected) {
            // Streamable HTTP would answer here; this transport does not.
        }

        @Override
        public void onEnd() {
            arrived();
        }

        @Override
        public void onReply(HttpReply reply) {
            arrived();
            if (!reply.isSuccess()) {
                failed(reply.failure());
            }
        }

        @Override
        public void onFailure(UpstreamFailure failure) {
            arrived();
            failed(failure);
        }

        private void failed(UpstreamFailure why) {
            if (closed.get()) {
                return;
            }
            if (message instanceof Request request) {
                inbox.failed(request.id(), why);
            } else {
                inbox.doubt();
            }
        }
    }
}
