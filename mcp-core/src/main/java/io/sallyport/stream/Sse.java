package io.sallyport.stream;

import io.sallyport.protocol.Message;
import java.time.Duration;
import java.util.Map;

/**
 * The form of server-sent events (WHATWG HTML, "Server-sent events").
 *
 * @since 0.1
 */
public final class Sse {

    /** What every stream is sent with: no buffering by nginx, no caching, no transformation. */
    public static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/event-stream",
            "Cache-Control", "no-cache, no-store, no-transform",
            "X-Accel-Buffering", "no");

    /** A comment: keeps connections open, and shows whether anybody still listens. */
    public static final String HEARTBEAT = ":\n\n";

    private Sse() {}

    /** Returns an event that cannot be asked for again. */
    public static String event(Message message) {
        return unnumbered(message.onOneLine().toJson());
    }

    /**
     * Returns an event that cannot be asked for again.
     *
     * @param data one line
     */
    public static String unnumbered(String data) {
        return "data: " + data + "\n\n";
    }

    /**
     * Returns an event that can be asked for again by its id.
     *
     * @param data one line
     */
    public static String event(String id, String data) {
        return "id: " + id + "\ndata: " + data + "\n\n";
    }

    /** An event without content that gives the client an id to come back with. */
    public static String priming(String id, Duration retry) {
        return "id: " + id + "\nretry: " + retry.toMillis() + "\ndata: \n\n";
    }

    /** Returns what asks a client that loses the stream to come back after a while. */
    public static String retry(Duration delay) {
        return "retry: " + delay.toMillis() + "\n\n";
    }
}
