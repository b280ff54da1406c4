package io.sallyport.upstream.http;

import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.Message;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.upstream.UpstreamFailure;
import io.sallyport.upstream.UpstreamFailure.Kind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import org.apache.hc.core5.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/** Makes messages of an HTTP answer, be it one JSON document or a stream of events. */
final class ReplyReader implements HttpExchange.Listener {

    /** Told of what the answer holds. Ends with one of the last three. */
    interface Sink {

        /** The answer is one that holds messages, and begins. */
        default void onOpen(HttpResponse head) {}

        /** A message, strictly scanned. */
        void onMessage(Message message);

        /** An event of another type than {@code message}, which the present transport does not know. */
        default void onEvent(String type, byte[] data) {}

        /**
         * The stream has come to a place where it can be resumed.
         *
         * @param isMessage false for an event that carried nothing but this
         */
        default void onEventId(String id, boolean isMessage) {}

        /** The stream asks its readers to wait so long before they resume it. */
        default void onRetry(long millis) {}

        /** The answer is over, and all its messages have been told. */
        void onEnd();

        /** The answer is another one: this is the whole of it. */
        void onReply(HttpReply reply);

        /** There is no answer, or no whole one. */
        void onFailure(UpstreamFailure failure);
    }

    /** Enough of what is no MCP to say what it is; a JSON-RPC error that is longer is none that anybody needs. */
    private static final int MAX_OTHER_BYTES = 64 * 1024;

    private final Sink sink;
    private final MessageLimits limits;

    private volatile @Nullable HttpExchange exchange;
    private volatile boolean aborted;

    private @Nullable HttpResponse head;
    private @Nullable SseParser events;
    private boolean isJson;
    private byte[] body = new byte[0];
    private int length;

    ReplyReader(Sink sink, MessageLimits limits) {
        this.sink = sink;
        this.limits = limits;
    }

    /** Gives the exchange up, whether it has begun or not; the sink hears no more. */
    void abort() {
        aborted = true;
        HttpExchange current = exchange;
        if (current != null) {
            current.abort();
        }
    }

    /** Nothing more is wanted of the answer. */
    void linger() {
        HttpExchange current = exchange;
        if (current != null) {
            current.linger();
        }
    }

    /** Returns whether the upstream may have seen the request. */
    boolean wasSent() {
        HttpExchange current = exchange;
        return current != null && current.wasSent();
    }

    @Override
    public void onStart(HttpExchange begun) {
        exchange = begun;
        if (aborted) {
            begun.abort();
        }
    }

    @Override
    public void onHead(HttpResponse response) throws UnusableAnswerException {
        head = response;
        String type = HttpReply.mediaType(response);
        boolean isMessages =
                response.getCode() == 200 && (type.equals(HttpReply.JSON) || type.equals(HttpReply.EVENTS));
        String encoding = HttpReply.header(response, "Content-Encoding").toLowerCase(Locale.ROOT);
        if (isMessages && !encoding.isEmpty() && !encoding.equals("identity")) {
            throw unusable("the answer is encoded (Content-Encoding), which was not asked for");
        }
        isJson = isMessages && type.equals(HttpReply.JSON);
        if (isMessages && !isJson) {
            events = new SseParser(limits.maxBytes(), new Events());
        }
        if (isJson) {
            long announced = contentLength(response);
            if (announced > limits.maxBytes()) {
                throw tooLarge(announced + " bytes");
            }
            // Where the length is known, the array fits and becomes the message without a copy.
            body = new byte[announced < 0 ? 1024 : (int) announced];
        }
        if (isMessages) {
            sink.onOpen(response);
        }
    }

    private static long contentLength(HttpResponse response) {
        try {
            String value = HttpReply.header(response, "Content-Length");
            return value.isEmpty() ? -1 : Long.parseLong(value);
        } catch (NumberFormatException notANumber) {
            return -1;
        }
    }

    @Override
    public void onData(ByteBuffer data) throws UnusableAnswerException {
        SseParser parser = events;
        if (parser != null) {
            try {
                parser.feed(data);
            } catch (SseParser.TooLargeException e) {
                throw tooLarge("an event of more than " + limits.maxBytes() + " bytes");
            }
        } else if (isJson) {
            if (data.remaining() > limits.maxBytes() - length) {
                throw tooLarge("more than " + limits.maxBytes() + " bytes");
            }
            append(data, data.remaining());
        } else {
            append(data, Math.min(data.remaining(), MAX_OTHER_BYTES - length));
        }
    }

    private void append(ByteBuffer data, int count) {
        if (count > body.length - length) {
            body = Arrays.copyOf(body, Math.max(body.length * 2, length + count));
        }
        data.get(body, length, count);
        length += count;
    }

    @Override
    public void onEnd() {
        if (events != null) {
            sink.onEnd();
            return;
        }
        byte[] whole = length == body.length ? body : Arrays.copyOf(body, length);
        HttpResponse response = java.util.Objects.requireNonNull(head, "head");
        if (!isJson) {
            sink.onReply(new HttpReply(response, whole));
            return;
        }
        Message message;
        try {
            message = Message.parse(whole, limits);
        } catch (MalformedMessageException e) {
            sink.onFailure(malformed(e));
            return;
        }
        sink.onMessage(message);
        sink.onEnd();
    }

    @Override
    public void onFailure(UpstreamFailure failure) {
        sink.onFailure(failure);
    }

    private UpstreamFailure malformed(MalformedMessageException e) {
        return UpstreamFailure.maybeExecuted(
                e.kind() == MalformedMessageException.Kind.TOO_LARGE ? Kind.TOO_LARGE : Kind.PROTOCOL,
                "what the upstream sent is no message: " + e.getMessage());
    }

    private static UnusableAnswerException unusable(String detail) {
        return new UnusableAnswerException(UpstreamFailure.maybeExecuted(Kind.PROTOCOL, detail));
    }

    private UnusableAnswerException tooLarge(String found) {
        return new UnusableAnswerException(UpstreamFailure.maybeExecuted(
                Kind.TOO_LARGE, "the answer has " + found + "; allowed are " + limits.maxBytes()));
    }

    private final class Events implements SseParser.Sink {

        @Override
        public void onEvent(String type, byte[] data, String lastEventId) {
            HttpExchange current = exchange;
            if (current == null || current.isOver()) {
                return;
            }
            boolean isMessage = data.length > 0 && type.equals("message");
            if (isMessage) {
                try {
                    sink.onMessage(Message.parse(data, limits));
                } catch (MalformedMessageException e) {
                    current.breakOff(malformed(e));
                    return;
                }
            } else if (data.length > 0) {
                sink.onEvent(type, data);
            }
            if (!lastEventId.isEmpty()) {
                sink.onEventId(lastEventId, isMessage);
            }
        }

        @Override
        public void onRetry(long millis) {
            sink.onRetry(millis);
        }
    }
}
