package io.sallyport.session.sdk;

import java.time.Duration;
import java.util.Map;

/** The form of server-sent events (WHATWG HTML, "Server-sent events"). */
final class Sse {

    /** What every stream is sent with: no buffering by nginx, no caching, no transformation. */
    static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/event-stream",
            "Cache-Control", "no-cache, no-store, no-transform",
            "X-Accel-Buffering", "no");

    /** A comment: keeps connections open, and shows whether anybody still listens. */
    static final String HEARTBEAT = ":\n\n";

    private Sse() {}

    static String unnumbered(String data) {
        return "data: " + data + "\n\n";
    }

    static String event(String id, String data) {
        return "id: " + id + "\ndata: " + data + "\n\n";
    }

    /** An event without content that gives the client an id to come back with. */
    static String priming(String id, Duration retry) {
        return "id: " + id + "\nretry: " + retry.toMillis() + "\ndata: \n\n";
    }

    static String retry(Duration delay) {
        return "retry: " + delay.toMillis() + "\n\n";
    }
}
