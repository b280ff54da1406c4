package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sandbox service of MCPbox. Everything in it runs in one process: code that does not end keeps it from answering
 * anybody. Therefore what does not answer in time is not asked again before its health answers. Thread-safe.
 */
final class McpboxService implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final int FEWEST_KEY_CHARS = 32;
    private static final int HEALTH_BYTES = 64 * 1024;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final RemoteHttp http;
    private final ApiKey key;
    private final Duration requestTimeout;
    private final ScheduledThreadPoolExecutor chores;
    private final AtomicBoolean isAsking = new AtomicBoolean();

    /** Why the service is of no use, in words for operators; null while it is. */
    private volatile @Nullable String trouble;

    private volatile boolean closed;

    McpboxService(McpboxBuilder builder) {
        this.http =
                new RemoteHttp(builder.url(), builder.guard(), builder.connectTimeout(), 2 * builder.concurrency() + 4);
        this.key = new ApiKey(builder.key(), FEWEST_KEY_CHARS);
        this.requestTimeout = builder.requestTimeout();
        this.chores = new ScheduledThreadPoolExecutor(1, action -> {
            Thread thread = new Thread(action, "sallyport-sandbox-mcpbox");
            thread.setDaemon(true);
            return thread;
        });
        chores.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** An answer: its status, and what it says, if that is JSON. */
    record Answer(int status, Optional<JsonValue> body) {

        boolean isOk() {
            return status == 200 && body.isPresent();
        }
    }

    Duration requestTimeout() {
        return requestTimeout;
    }

    /** Returns why the service is not to be asked anything, if it is not. */
    Optional<String> trouble() {
        return Optional.ofNullable(trouble);
    }

    boolean isClosed() {
        return closed;
    }

    /** Asks, and takes note of how the service fares. */
    Answer ask(
            String method,
            String path,
            @Nullable String json,
            int mostBytes,
            Duration atMost,
            Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        try {
            Answer answer = send(method, path, Map.of("X-API-Key", key.read()), json, mostBytes, atMost, cancellation);
            if (answer.status() == 401 || answer.status() == 403 || answer.status() == 503) {
                throw new RemoteFault(
                        Kind.KEY_REFUSED, "HTTP " + answer.status() + ": the service does not take the key");
            }
            if (answer.status() >= 500) {
                throw new RemoteFault(Kind.BROKEN, "HTTP " + answer.status());
            }
            recovered();
            return answer;
        } catch (RemoteFault fault) {
            switch (fault.kind()) {
                case LATE, BROKEN, NOT_SENT, KEY_REFUSED -> troubled(String.valueOf(fault.getMessage()));
                default -> {
                    // Of this request, and ours.
                }
            }
            throw fault;
        }
    }

    private Answer send(
            String method,
            String path,
            Map<String, String> headers,
            @Nullable String json,
            int mostBytes,
            Duration atMost,
            Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        RemoteHttp.Reply reply =
                http.send(method, path, new LinkedHashMap<>(headers), json, mostBytes, atMost, cancellation);
        return new Answer(reply.status(), parse(reply.body(), mostBytes));
    }

    private static Optional<JsonValue> parse(byte[] body, int mostBytes) {
        try {
            return Optional.of(JsonValue.parse(
                    new String(body, StandardCharsets.UTF_8),
                    MessageLimits.forUpstreams().withMaxBytes(mostBytes)));
        } catch (MalformedMessageException e) {
            return Optional.empty();
        }
    }

    private void recovered() {
        if (trouble != null) {
            trouble = null;
            LOGGER.atInfo().log("the sandbox service answers again");
        }
    }

    private void troubled(String why) {
        if (trouble == null) {
            LOGGER.atError().addKeyValue("error", why).log("the sandbox service is of no use until it is well");
        }
        trouble = why;
        if (isAsking.compareAndSet(false, true)) {
            later(() -> askForHealth(FIRST_PAUSE), FIRST_PAUSE);
        }
    }

    /** Its health needs no key, but what it is good for does: it is asked for both. */
    private Void askForHealth(Duration pause) throws InterruptedException {
        try {
            Answer health = send("GET", "/health", Map.of(), null, HEALTH_BYTES, requestTimeout, new Cancellation());
            if (health.isOk()) {
                Answer servers = send(
                        "GET",
                        "/servers",
                        Map.of("X-API-Key", key.read()),
                        null,
                        McpboxRegistrations.LIST_BYTES,
                        requestTimeout,
                        new Cancellation());
                if (servers.isOk()) {
                    isAsking.set(false);
                    recovered();
                    return null;
                }
                trouble = "HTTP " + servers.status() + ": the service is well, but does not answer us";
            }
        } catch (RemoteFault fault) {
            trouble = String.valueOf(fault.getMessage());
        }
        if (closed) {
            return null;
        }
        Duration next = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        later(() -> askForHealth(next), next);
        return null;
    }

    /** Does something on the service's one thread, some time later. */
    void later(Callable<Void> chore, Duration pause) {
        try {
            chores.schedule(
                    () -> {
                        try {
                            chore.call();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        } catch (Exception e) {
                            LOGGER.atError().setCause(e).log("a chore of the sandbox failed");
                        }
                    },
                    pause.toMillis(),
                    TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closing) {
            // Nothing is to be done any more.
        }
    }

    @Override
    public void close() {
        closed = true;
        chores.shutdownNow();
        http.close();
    }
}
