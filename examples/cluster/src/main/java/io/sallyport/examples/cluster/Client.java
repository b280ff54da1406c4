package io.sallyport.examples.cluster;

import io.sallyport.protocol.JsonValue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A client of revision 2025-11-25 that goes on at another node when its connection breaks, and keeps account. Not the
 * official SDK's: that one keeps the ids of events to itself, and by them one sees what is missing. For one thread,
 * but {@link #stop} is for any.
 */
final class Client {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_MILLIS = 50;
    private static final String OUTCOME_UNKNOWN = "50900";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI url;
    private final Account account;
    private String session = "";
    private int requests;
    private long lastServed;
    private volatile boolean stopped;

    /** Creates a client without a session. */
    Client(URI url, Account account) {
        this.url = url;
        this.account = account;
    }

    /** Opens the session. What was not answered was not promised, so it tries until it is. */
    void open() throws InterruptedException {
        String body =
                "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
                        + "\"capabilities\":{},\"clientInfo\":{\"name\":\"cluster\",\"version\":\"1\"}}}";
        session = "";
        lastServed = System.nanoTime();
        while (session.isEmpty()) {
            try {
                HttpResponse<InputStream> response = send(request().POST(HttpRequest.BodyPublishers.ofString(body)));
                text(response);
                if (response.statusCode() == 200) {
                    session = response.headers().firstValue("Mcp-Session-Id").orElseThrow();
                    return;
                }
            } catch (IOException died) {
                // Then it is another's turn.
            }
            unacknowledged();
        }
    }

    /** Calls the tool that counts, and sees that every number came, in order. */
    void count(int to) throws InterruptedException {
        long number = account.nextCall();
        Call call = call("tools/call", "\"name\":\"count\",\"arguments\":{\"to\":" + to + ",\"call\":" + number + "}");
        for (int i = 0; i < call.steps.size(); i++) {
            if (call.steps.get(i) != i + 1) {
                account.reordered("numbers " + call.steps + " of " + to);
                break;
            }
        }
        if (call.has("result")) {
            account.answered(number);
            if (call.steps.size() != to) {
                account.lost("numbers up to " + to + ", there are only " + call.steps);
            }
        } else if (call.isUnknown()) {
            account.unknown();
        } else if (call.has("error")) {
            account.lost("a call, it ended with " + call.end);
        }
    }

    /** Reads the slow resource, which a node does again if the first one died: so there is no excuse. */
    void read() throws InterruptedException {
        Call call = call("resources/read", "\"uri\":\"cluster://slow\"");
        if (call.has("error")) {
            account.lost("a read, it ended with " + call.end);
        }
    }

    private Call call(String method, String params) throws InterruptedException {
        int id = ++requests;
        Call call = new Call(Integer.toString(id));
        String body = "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method
                + "\",\"params\":{\"_meta\":{\"progressToken\":" + id + "}," + params + "}}";
        try {
            HttpResponse<InputStream> response = send(request().POST(HttpRequest.BodyPublishers.ofString(body)));
            if (response.statusCode() == 404) {
                account.lost("the session: " + text(response));
                open();
            } else if (isStream(response)) {
                call.read(response);
            } else if (response.statusCode() == 200) {
                call.message(text(response));
            } else {
                text(response);
            }
        } catch (IOException died) {
            // What it has said until then counts.
        }
        if (call.end.isEmpty()) {
            if (call.lastEvent.isEmpty()) {
                unacknowledged();
            } else {
                resume(call);
            }
        } else {
            lastServed = System.nanoTime();
        }
        account.called(call.numbers);
        return call;
    }

    /** Asks for what comes after the last event that it has, until the call has ended. */
    private void resume(Call call) throws InterruptedException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        while (call.end.isEmpty()) {
            if (System.nanoTime() > giveUp) {
                account.lost("what comes after " + call.lastEvent);
                return;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            try {
                HttpResponse<InputStream> response =
                        send(request().header("Last-Event-ID", call.lastEvent).GET());
                if (isStream(response)) {
                    account.resumed();
                    call.read(response);
                } else {
                    text(response);
                }
            } catch (IOException died) {
                // And once more.
            }
        }
        lastServed = System.nanoTime();
    }

    /** Has it make no more requests, whatever it is waiting for: the next one throws {@link InterruptedException}. */
    void stop() {
        stopped = true;
    }

    /** Ends the session. */
    void close() throws InterruptedException {
        try {
            text(send(request().DELETE()));
        } catch (IOException died) {
            // Then it ends by itself, after a while.
        }
    }

    private void unacknowledged() throws InterruptedException {
        account.unacknowledged();
        if (System.nanoTime() - lastServed > PATIENCE.toNanos()) {
            account.lost("all service for " + PATIENCE.toSeconds() + " s");
            lastServed = System.nanoTime();
        }
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }

    private HttpRequest.Builder request() {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json, text/event-stream")
                .header("MCP-Protocol-Version", "2025-11-25");
        if (!session.isEmpty()) {
            request.header("Mcp-Session-Id", session);
        }
        return request;
    }

    private HttpResponse<InputStream> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        if (stopped) {
            throw new InterruptedException("told to stop");
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    private static boolean isStream(HttpResponse<InputStream> response) {
        return response.statusCode() == 200
                && response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream");
    }

    private static String text(HttpResponse<InputStream> response) throws IOException {
        try (InputStream body = response.body()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** What has come of the answer to one call, over however many connections. */
    private final class Call {
        private final String id;
        private final List<Long> numbers = new ArrayList<>();
        private final List<Long> steps = new ArrayList<>();
        private String stream = "";
        private String lastEvent = "";
        private Optional<JsonValue> end = Optional.empty();

        Call(String id) {
            this.id = id;
        }

        /** Reads a stream of events until it ends, or breaks. */
        void read(HttpResponse<InputStream> response) throws IOException {
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                String eventId = "";
                String data = "";
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("id:")) {
                        eventId = line.substring("id:".length()).strip();
                    } else if (line.startsWith("data:")) {
                        data = line.substring("data:".length()).strip();
                    } else if (line.isEmpty()) {
                        // Only now the event is whole; what broke off before comes again.
                        event(eventId, data);
                        eventId = "";
                        data = "";
                    }
                }
            }
        }

        private void event(String eventId, String data) {
            if (!eventId.isEmpty()) {
                // Our ids are the name of the stream and the number of the event in it.
                int cut = eventId.lastIndexOf('_');
                String of = eventId.substring(0, cut);
                if (!stream.isEmpty() && !stream.equals(of)) {
                    account.duplicated("event " + eventId + " came in stream " + stream);
                }
                stream = of;
                lastEvent = eventId;
                if (!data.isEmpty()) {
                    numbers.add(Long.parseLong(eventId.substring(cut + 1)));
                }
            }
            if (!data.isEmpty()) {
                message(data);
            }
        }

        private void message(String json) {
            JsonValue message = JsonValue.trusted(json);
            if (message.getString("method").equals(Optional.of("notifications/progress"))) {
                message.get("params")
                        .flatMap(params -> params.get("progress"))
                        .ifPresent(step -> steps.add((long) Double.parseDouble(step.toJson())));
            } else if (message.get("id").map(JsonValue::toJson).equals(Optional.of(id))) {
                end = Optional.of(message);
            }
        }

        private boolean has(String member) {
            return end.flatMap(message -> message.get(member)).isPresent();
        }

        private boolean isUnknown() {
            return end.flatMap(message -> message.get("error"))
                    .flatMap(error -> error.get("code"))
                    .map(JsonValue::toJson)
                    .equals(Optional.of(OUTCOME_UNKNOWN));
        }
    }
}
