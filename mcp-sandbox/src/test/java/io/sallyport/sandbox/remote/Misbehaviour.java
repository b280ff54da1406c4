package io.sallyport.sandbox.remote;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What a server does instead of answering. */
enum Misbehaviour {
    /** Says nothing. */
    HANG,
    /** Says a byte now and then: each read succeeds, and the whole never comes. */
    DRIP,
    /** Says more than anybody wants. */
    OVERSIZE,
    /** Says what is not JSON. */
    MALFORMED,
    /** Answers something else. */
    WRONG_ID,
    /** Is a proxy whose server is gone. */
    BAD_GATEWAY,
    /** Hangs up. */
    RESET,
    /** Sends whoever asks elsewhere. */
    REDIRECT;

    private static final int MOST_PIECES = 100_000;

    /** Returns how long to let something take: no longer than needed where it takes all the time that it may. */
    Duration timeForIt() {
        return this == HANG || this == DRIP ? Duration.ofMillis(150) : Duration.ofSeconds(20);
    }

    /** Does it; ends when the latch opens. */
    void answer(HttpExchange exchange, CountDownLatch over) throws IOException, InterruptedException {
        switch (this) {
            case HANG -> over.await();
            case DRIP -> drip(exchange, over);
            case OVERSIZE -> oversize(exchange);
            case MALFORMED -> send(exchange, 200, "{\"jsonrpc\":\"2.0\",\"result\":");
            case WRONG_ID -> send(exchange, 200, "{\"jsonrpc\":\"2.0\",\"result\":{\"output\":[]},\"id\":123456789}");
            case BAD_GATEWAY -> send(exchange, 502, "<html><h1>502 Bad Gateway</h1></html>");
            case REDIRECT -> {
                exchange.getResponseHeaders().set("Location", "/elsewhere");
                send(exchange, 307, "");
            }
            case RESET -> {
                // It is closed by whoever calls.
            }
        }
    }

    private static void drip(HttpExchange exchange, CountDownLatch over) throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        OutputStream body = exchange.getResponseBody();
        for (int i = 0; i < MOST_PIECES && !over.await(10, TimeUnit.MILLISECONDS); i++) {
            body.write(' ');
            body.flush();
        }
    }

    private static void oversize(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        byte[] piece = " ".repeat(64 * 1024).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < MOST_PIECES; i++) {
            exchange.getResponseBody().write(piece);
        }
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
