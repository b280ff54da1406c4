package io.sallyport.session.kill;

import io.modelcontextprotocol.client.McpAsyncClient;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.sallyport.protocol.JsonValue;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.publisher.Mono;

/**
 * The client of the official SDK, as applications use it. It does not resume the answer of a call that broke off, so such a
 * call has no end for it; its session, and all that it has been told, must hold nevertheless.
 */
final class SdkClient implements LegacyClient {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PATIENCE_PER_CALL = Duration.ofSeconds(3);
    private static final long PAUSE_MILLIS = 50;

    private final Nodes nodes;
    private final Random random;
    private final Account account;
    private final AtomicReference<String> session = new AtomicReference<>("");
    private final AtomicReference<Progress> progress = new AtomicReference<>(new Progress(0));
    private final AtomicBoolean noted = new AtomicBoolean();
    private Optional<McpAsyncClient> client = Optional.empty();
    private long lastToken;

    /** What was reported of one call. */
    private record Progress(long token, List<Long> numbers) {
        Progress(long token) {
            this(token, new CopyOnWriteArrayList<>());
        }

        Mono<Void> reported(McpSchema.ProgressNotification notification) {
            if (String.valueOf(notification.progressToken()).equals(String.valueOf(token))) {
                numbers.add(notification.progress().longValue());
            }
            return Mono.empty();
        }
    }

    SdkClient(Nodes nodes, Random random, Account account) {
        this.nodes = nodes;
        this.random = random;
        this.account = account;
    }

    /** Sends a request to some node, and sees that it is of the session that was promised. */
    private void route(HttpRequest.Builder request) {
        request.uri(nodes.any(random));
        request.copy().build().headers().firstValue("Mcp-Session-Id").ifPresent(id -> {
            String promised = session.updateAndGet(known -> known.isEmpty() ? id : known);
            if (!promised.equals(id)) {
                account.lost("a session that was promised: the SDK opened another");
                session.set(id);
            }
        });
    }

    private McpAsyncClient open() {
        return McpClient.async(HttpClientStreamableHttpTransport.builder("http://127.0.0.1")
                        .addHttpRequestCustomizer((request, method, uri, body, context) -> route(request))
                        .build())
                .requestTimeout(PATIENCE_PER_CALL)
                .initializationTimeout(PATIENCE_PER_CALL)
                .capabilities(
                        McpSchema.ClientCapabilities.builder().elicitation().build())
                .elicitation(form -> Mono.just(McpSchema.ElicitResult.builder(McpSchema.ElicitResult.Action.ACCEPT)
                        .content(Map.of("name", "Ann"))
                        .build()))
                .progressConsumer(notification -> progress.get().reported(notification))
                .loggingConsumer(message -> Mono.fromRunnable(() -> noted.set(true)))
                .build();
    }

    @Override
    public void initialize() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        String last = "";
        while (System.nanoTime() < end) {
            session.set("");
            McpAsyncClient opened = open();
            try {
                opened.initialize().block(PATIENCE_PER_CALL);
                client = Optional.of(opened);
                return;
            } catch (RuntimeException died) {
                // Then it is another's turn.
                last = died.toString();
                opened.close();
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        account.lost("no session for the SDK within " + PATIENCE + ": " + last);
    }

    /** Waits for an outcome; empty if the SDK saw none. */
    private Optional<JsonValue> end(Mono<?> call) {
        try {
            call.block(PATIENCE_PER_CALL.plusSeconds(1));
            return Optional.of(JsonValue.trusted("{\"result\":{}}"));
        } catch (McpError answered) {
            return Optional.of(JsonValue.trusted(
                    "{\"error\":{\"code\":" + answered.getJsonRpcError().code() + "}}"));
        } catch (RuntimeException broken) {
            return Optional.empty();
        }
    }

    private static boolean isResult(Optional<JsonValue> end) {
        return end.filter(outcome -> outcome.get("result").isPresent()).isPresent();
    }

    private Optional<JsonValue> call(String tool, Map<String, Object> arguments) {
        Progress mine = new Progress(++lastToken);
        progress.set(mine);
        Optional<JsonValue> end = end(client.orElseThrow()
                .callTool(McpSchema.CallToolRequest.builder(tool)
                        .arguments(arguments)
                        .progressToken(mine.token())
                        .build()));
        account.called(end, List.copyOf(mine.numbers()), tool + " by the SDK");
        return end;
    }

    @Override
    public void count(int to) {
        Optional<JsonValue> end = call("count", Map.of("to", to));
        if (isResult(end) && progress.get().numbers().size() != to) {
            account.lost("only " + progress.get().numbers() + " of " + to + " for the SDK");
        }
    }

    @Override
    public void ask() {
        call("ask", Map.of());
    }

    @Override
    public void read() {
        Optional<JsonValue> end = end(client.orElseThrow()
                .readResource(
                        McpSchema.ReadResourceRequest.builder("test://slow").build()));
        account.called(end, List.of(), "a read by the SDK");
        if (end.isPresent() && !isResult(end)) {
            account.lost("a read of the SDK ended with " + end);
        }
    }

    @Override
    public void choose(boolean chatty) {
        boolean isChosen = isResult(end(client.orElseThrow()
                .setLoggingLevel(chatty ? McpSchema.LoggingLevel.DEBUG : McpSchema.LoggingLevel.ERROR)));
        noted.set(false);
        if (isChosen && isResult(call("note", Map.of())) && noted.get() != chatty) {
            account.lost("the choice of messages that the SDK was promised, chatty: " + chatty);
        }
    }

    @Override
    public void delete() {
        end(client.orElseThrow().closeGracefully());
    }
}
