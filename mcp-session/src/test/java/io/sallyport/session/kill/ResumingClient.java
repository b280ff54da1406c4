package io.sallyport.session.kill;

import io.sallyport.protocol.JsonValue;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Sends each request to some node, and goes on elsewhere when a node dies: it resumes all that it has begun to read. */
final class ResumingClient implements LegacyClient {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_MILLIS = 50;

    private final HttpClient http;
    private final Nodes nodes;
    private final Random random;
    private final Account account;
    private String session = "";
    private int lastId;

    ResumingClient(HttpClient http, Nodes nodes, Random random, Account account) {
        this.http = http;
        this.nodes = nodes;
        this.random = random;
        this.account = account;
    }

    private HttpRequest.Builder request() {
        HttpRequest.Builder request = HttpRequest.newBuilder(nodes.any(random))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json, text/event-stream")
                .header("MCP-Protocol-Version", "2025-11-25");
        if (!session.isEmpty()) {
            request.header("Mcp-Session-Id", session);
        }
        return request;
    }

    private HttpResponse<java.io.InputStream> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    }

    private static String read(HttpResponse<java.io.InputStream> response) throws IOException {
        try (java.io.InputStream body = response.body()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void initialize() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        String last = "";
        session = "";
        while (System.nanoTime() < end) {
            try {
                HttpResponse<java.io.InputStream> response = send(request()
                        .POST(HttpRequest.BodyPublishers.ofString(
                                "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
                                        + "\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"elicitation\":{}},"
                                        + "\"clientInfo\":{\"name\":\"kill\",\"version\":\"1\"}}}"))
                        .build());
                last = response.statusCode() + " " + read(response);
                if (response.statusCode() == 200) {
                    session = response.headers().firstValue("Mcp-Session-Id").orElseThrow();
                    return;
                }
            } catch (IOException died) {
                // Then it is another's turn.
                last = died.toString();
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        account.lost("no session within " + PATIENCE + ": " + last);
    }

    /** Once that was answered, no node may know it any more. */
    @Override
    public void delete() throws InterruptedException {
        try {
            HttpResponse<java.io.InputStream> response = send(request().DELETE().build());
            read(response);
            if (response.statusCode() == 200) {
                HttpResponse<java.io.InputStream> after = send(request()
                        .POST(HttpRequest.BodyPublishers.ofString("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"))
                        .build());
                read(after);
                if (after.statusCode() != 404) {
                    account.lost("a deleted session answers " + after.statusCode());
                }
            }
        } catch (IOException died) {
            // It was not answered, so nothing was promised.
        }
    }

    /** What a client has read of the answer to one call. */
    private final class Reading {
        private final List<Long> numbers = new ArrayList<>();
        private final List<JsonValue> messages = new ArrayList<>();
        private String stream = "";
        private String lastEvent = "";
        private Optional<JsonValue> end = Optional.empty();

        /** Reads a stream until it ends or breaks. */
        void read(HttpResponse<java.io.InputStream> response, int id) throws InterruptedException {
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
                String eventId = "";
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("id: ")) {
                        eventId = line.substring("id: ".length());
                    } else if (line.startsWith("data:")) {
                        event(eventId, line.substring("data:".length()).strip(), id);
                        eventId = "";
                    }
                }
            } catch (IOException broken) {
                // Resumed with what has come.
            }
        }

        boolean isResult() {
            return end.filter(message -> message.get("result").isPresent()).isPresent();
        }

        private void event(String eventId, String data, int id) throws InterruptedException {
            if (!eventId.isEmpty()) {
                int cut = eventId.lastIndexOf('_');
                if (!stream.isEmpty() && !stream.equals(eventId.substring(0, cut))) {
                    account.foreign("event " + eventId + " in stream " + stream);
                }
                stream = eventId.substring(0, cut);
                lastEvent = eventId;
                if (!data.isEmpty()) {
                    numbers.add(Long.parseLong(eventId.substring(cut + 1)));
                }
            }
            if (data.isEmpty()) {
                return;
            }
            JsonValue message = JsonValue.trusted(data);
            messages.add(message);
            if (message.getString("method").equals(Optional.of("elicitation/create"))) {
                answer(message.get("id").orElseThrow().toJson());
            } else if (message.get("id").map(JsonValue::toJson).equals(Optional.of(Integer.toString(id)))) {
                end = Optional.of(message);
            }
        }
    }

    private void answer(String id) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            try {
                HttpResponse<java.io.InputStream> response = send(request()
                        .POST(HttpRequest.BodyPublishers.ofString("{\"jsonrpc\":\"2.0\",\"id\":" + id
                                + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}"))
                        .build());
                read(response);
                if (response.statusCode() == 202) {
                    return;
                }
            } catch (IOException died) {
                // Not acknowledged: said again, to another.
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        account.lost("an answer was not taken within " + PATIENCE);
    }

    @Override
    public void count(int to) throws InterruptedException {
        Reading reading = call("tools/call", "{\"name\":\"count\",\"arguments\":{\"to\":" + to + "}");
        List<String> steps = reading.messages.stream()
                .filter(message -> message.getString("method").equals(Optional.of("notifications/progress")))
                .map(message -> message.get("params")
                        .flatMap(params -> params.get("progress"))
                        .orElseThrow()
                        .toJson())
                .toList();
        for (int i = 0; i < steps.size(); i++) {
            if (Double.parseDouble(steps.get(i)) != i + 1) {
                account.reordered(steps + " of " + to + " in " + reading.stream);
                break;
            }
        }
        if (reading.isResult() && steps.size() != to) {
            account.lost("only " + steps + " of " + to + " in " + reading.stream);
        }
    }

    @Override
    public void ask() throws InterruptedException {
        call("tools/call", "{\"name\":\"ask\",\"arguments\":{}");
    }

    /** It is read in the end, whoever dies. */
    @Override
    public void read() throws InterruptedException {
        Reading reading = call("resources/read", "{\"uri\":\"test://slow\"");
        if (reading.end.filter(end -> end.get("error").isPresent()).isPresent()) {
            account.lost("a read ended with " + reading.end);
        }
    }

    @Override
    public void choose(boolean chatty) throws InterruptedException {
        Reading choice = call("logging/setLevel", "{\"level\":\"" + (chatty ? "debug" : "error") + "\"");
        Reading call = call("tools/call", "{\"name\":\"note\",\"arguments\":{}");
        boolean isNoted = call.messages.stream()
                .anyMatch(message -> message.getString("method").equals(Optional.of("notifications/message")));
        if (choice.isResult() && call.isResult() && isNoted != chatty) {
            account.lost("the choice of messages that was promised, chatty: " + chatty);
        }
    }

    private Reading call(String method, String beginOfParams) throws InterruptedException {
        int id = ++lastId;
        Reading reading = new Reading();
        try {
            HttpResponse<java.io.InputStream> response = send(request()
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":"
                                    + beginOfParams + ",\"_meta\":{\"progressToken\":" + id + "}}}"))
                    .build());
            if (response.statusCode() == 404) {
                account.lost("a session that was promised: " + read(response));
                initialize();
                return reading;
            }
            if (response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream")) {
                reading.read(response, id);
            } else if (response.statusCode() == 200) {
                reading.end = Optional.of(JsonValue.trusted(read(response)));
            }
        } catch (IOException died) {
            // The client sees that, too.
        }
        if (reading.end.isEmpty() && !reading.lastEvent.isEmpty()) {
            resume(reading, id);
        }
        account.called(reading.end, reading.numbers, reading.stream);
        return reading;
    }

    private void resume(Reading reading, int id) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (reading.end.isEmpty()) {
            if (System.nanoTime() > end) {
                account.lost("the rest of " + reading.stream + " after " + reading.lastEvent);
                return;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            try {
                HttpResponse<java.io.InputStream> response = send(request()
                        .header("Last-Event-ID", reading.lastEvent)
                        .GET()
                        .build());
                if (response.statusCode() == 200) {
                    account.resumed();
                    reading.read(response, id);
                } else {
                    read(response);
                }
            } catch (IOException died) {
                // And once more.
            }
        }
    }
}
