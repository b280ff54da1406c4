package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Capabilities;
import io.sallyport.sandbox.Execution;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limit;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.Outcome.Status;
import io.sallyport.sandbox.Sandbox;
import io.sallyport.sandbox.Tier;
import java.net.URI;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Runs Python in the sandbox service of MCPbox: an interpreter that all code shares, its own and that of the tools that are
 * registered there. It is the weakest tier, which an execution has to accept expressly. Thread-safe.
 *
 * <p>What is enforced here, whatever the service does: how long anybody waits, and how much is read. Code that does not end is
 * not ended by that: it can keep the service from answering at all, and then nothing is run there until its health answers
 * again. Code may import what the service allows, and reach no host: it is always told that none is allowed.
 *
 * <p>What the service cannot say is not to be found in outcomes: standard error, where code failed, whether a value was JSON
 * (it becomes text if it was not), and more than its first 10,000 characters on standard output.
 *
 * @since 0.1
 */
public final class McpboxSandbox implements Sandbox {

    private static final Set<Limit> ENFORCED = EnumSet.of(Limit.WALL_TIME, Limit.OUTPUT);

    /** What the service takes. */
    private static final int MOST_CODE_CHARS = 50_000;

    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final McpboxService service;
    private final McpboxRegistrations registrations;
    private final Gate room;
    private final Duration patience;
    private final Duration executionTimeout;

    McpboxSandbox(McpboxBuilder builder) {
        this.service = new McpboxService(builder);
        this.room = new Gate(builder.concurrency());
        this.patience = builder.patience();
        this.executionTimeout = builder.executionTimeout();
        this.registrations = new McpboxRegistrations(service, builder.checkInterval(), executionTimeout);
    }

    /**
     * Returns a builder.
     *
     * @param url of the service, such as {@code http://127.0.0.1:8001}
     * @param apiKey where the service's key comes from, of 32 characters at least. It is asked at each request, so that a key
     *     that was replaced is used from then on; the array is cleared after use, and its text never logged
     */
    public static McpboxBuilder builder(URI url, Supplier<char[]> apiKey) {
        return new McpboxBuilder(url, apiKey);
    }

    void begin() throws InterruptedException {
        registrations.begin();
    }

    /** Returns the servers and tools that are to be there in the service. They end with this sandbox. */
    public McpboxRegistrations registrations() {
        return registrations;
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(Tier.SHARED, Set.of(Language.PYTHON), ENFORCED, Set.of(), service.trouble());
    }

    @Override
    public Outcome run(Execution execution, Cancellation cancellation) throws InterruptedException {
        if (!Tier.SHARED.isAtLeast(execution.weakestTier())) {
            return unrun(
                    Status.REJECTED,
                    "TierTooWeak",
                    "this sandbox is of the tier shared, and the code is to be run in "
                            + execution.weakestTier().word() + " at least");
        }
        if (execution.language() != Language.PYTHON) {
            return unrun(
                    Status.UNAVAILABLE,
                    "NoSuchLanguage",
                    "this sandbox does not run " + execution.language().word());
        }
        String code = code(execution);
        if (code.length() > MOST_CODE_CHARS) {
            return unrun(Status.REJECTED, "TooLarge", "the code is more than the service takes");
        }
        if (!room.enter(patience, cancellation)) {
            return cancellation.isCancelled()
                    ? unrun(Status.CANCELLED, "Cancelled", "it was to end before it began")
                    : unrun(Status.UNAVAILABLE, "Busy", "too much code is being run; try again in a moment");
        }
        try {
            return inRoom(execution, code, cancellation);
        } finally {
            room.leave();
        }
    }

    private Outcome inRoom(Execution execution, String code, Cancellation cancellation) throws InterruptedException {
        Duration wallTime = shorter(shorter(execution.limits().wallTime(), executionTimeout), LONGEST);
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("code", code);
        request.put("arguments", execution.inputs());
        request.put("timeout_seconds", Math.max(1, (wallTime.toMillis() + 999) / 1000));
        request.put("secrets", Map.of());
        // None at all; without this it would be every public one.
        request.put("allowed_hosts", List.of());
        return new McpboxCall(service, execution.limits().outputBytes(), 1)
                .run("/execute", Json.write(request), wallTime, cancellation);
    }

    /**
     * The service calls what code names {@code main}, and its value is what that returns: it gets one that returns what is
     * the value elsewhere.
     */
    static String code(Execution execution) {
        return "inputs = arguments\n" + execution.code() + "\n\nasync def main(**_):\n    return result\n";
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Outcome unrun(Status status, String type, String message) {
        return Outcome.of(status, Tier.SHARED)
                .error(new Outcome.Failure(type, message, ""))
                .build();
    }

    /** What was registered stays registered, for other gateways may use it. */
    @Override
    public void close() {
        room.close();
        registrations.close();
        service.close();
    }
}
