package io.sallyport.sandbox.remote;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Outcome;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import io.sallyport.spi.RecoveryHook;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The servers and tools that are to be registered in the sandbox service of MCPbox, which forgets them when it restarts. They
 * are kept here, and compared with what the service lists: at intervals, when something changes, when a call fails, and when
 * core has connected (as a {@link RecoveryHook}). What is missing is registered again, until it is there. Thread-safe.
 *
 * <p>The service does not say which of its lives this is. So a server without tools is registered with it, whose name is
 * random: as long as that is listed it is the same life, an <em>epoch</em>; when it is not, everything is registered anew,
 * since what is listed then somebody else has put there.
 *
 * @since 0.1
 */
public final class McpboxRegistrations implements RecoveryHook {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    static final int LIST_BYTES = 4 * 1024 * 1024;

    private static final int MOST_SERVERS = 1000;
    private static final int OUTPUT_BYTES = 1024 * 1024;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final String MARK = "sallyport-life-";

    private final McpboxService service;
    private final Duration interval;
    private final Duration executionTimeout;
    private final ReentrantLock lock = new ReentrantLock();

    /** What is to be there; what was registered in this epoch; what is not to be there any more. Guarded by the lock. */
    private final Map<String, McpboxServer> wanted = new LinkedHashMap<>();

    private final Map<String, McpboxServer> applied = new LinkedHashMap<>();
    private final Set<String> unwanted = new TreeSet<>();
    private final Map<String, String> refusals = new TreeMap<>();

    private final AtomicBoolean isDue = new AtomicBoolean();
    private volatile String mark = MARK + MachineNames.nonce();
    private final AtomicLong epoch = new AtomicLong();
    private volatile Duration pause = FIRST_PAUSE;

    McpboxRegistrations(McpboxService service, Duration interval, Duration executionTimeout) {
        this.service = service;
        this.interval = interval;
        this.executionTimeout = executionTimeout;
    }

    /**
     * How a server fares.
     *
     * @param server its name
     * @param isRegistered whether the service has it, as far as is known
     * @param problem why not, in words for operators
     */
    public record Status(String server, boolean isRegistered, Optional<String> problem) {}

    void begin() throws InterruptedException {
        reconcile();
        service.later(this::atIntervals, interval);
    }

    private Void atIntervals() throws InterruptedException {
        reconcile();
        service.later(this::atIntervals, interval);
        return null;
    }

    /**
     * Wants a server to be registered, instead of the one of the same name. Does not wait for that.
     *
     * @throws IllegalStateException if there are 1000 already
     */
    public void register(McpboxServer server) {
        lock.lock();
        try {
            if (wanted.size() == MOST_SERVERS && !wanted.containsKey(server.name())) {
                throw new IllegalStateException("there are " + MOST_SERVERS + " servers already, and no more may be");
            }
            wanted.put(server.name(), server);
            unwanted.remove(server.name());
        } finally {
            lock.unlock();
        }
        soon();
    }

    /** Wants a server not to be registered any more. Does not wait for that. */
    public void unregister(String server) {
        lock.lock();
        try {
            if (wanted.remove(server) != null) {
                unwanted.add(server);
                refusals.remove(server);
            }
        } finally {
            lock.unlock();
        }
        soon();
    }

    /** Compares again, at once: core has connected to something that may be the service. Does not wait for that. */
    @Override
    public void connected(String upstream, long epoch) {
        soon();
    }

    /** Returns how many lives of the service have been seen; 0 if nothing was registered yet. */
    public long epoch() {
        return epoch.get();
    }

    /** Returns how each server fares that is to be registered, in the order in which they came. */
    public List<Status> status() {
        lock.lock();
        try {
            List<Status> all = new ArrayList<>();
            wanted.forEach((name, server) ->
                    all.add(new Status(name, applied.get(name) == server, Optional.ofNullable(refusals.get(name)))));
            return all;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Calls a tool, once. If the service does not know it now, that is {@link Outcome.Status#UNAVAILABLE} and {@code
     * NotRegistered}: it was not run, and is being registered again.
     *
     * @param arguments a JSON object
     * @param atMost how long it may take
     * @throws InterruptedException if the thread was interrupted; the tool may run on
     */
    public Outcome call(String server, String tool, JsonValue arguments, Duration atMost, Cancellation cancellation)
            throws InterruptedException {
        Duration wallTime = atMost.compareTo(executionTimeout) < 0 ? atMost : executionTimeout;
        String name = URLEncoder.encode(server + "__" + tool, StandardCharsets.UTF_8);
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("arguments", arguments);
        Outcome outcome = new McpboxCall(service, OUTPUT_BYTES, 0)
                .run("/tools/" + name + "/call", Json.write(request), wallTime, cancellation);
        if (outcome.status() == Outcome.Status.UNAVAILABLE) {
            soon();
        }
        return outcome;
    }

    private void soon() {
        if (isDue.compareAndSet(false, true)) {
            service.later(
                    () -> {
                        isDue.set(false);
                        reconcile();
                        return null;
                    },
                    Duration.ZERO);
        }
    }

    /** Makes the service have what it is to have; if it cannot be made to, tries again later. */
    private void reconcile() throws InterruptedException {
        if (service.isClosed()) {
            return;
        }
        boolean isDone;
        try {
            isDone = compare();
        } catch (RemoteFault fault) {
            LOGGER.atWarn()
                    .addKeyValue("error", String.valueOf(fault.getMessage()))
                    .log("what is registered in the sandbox service is not known");
            isDone = false;
        }
        if (isDone) {
            pause = FIRST_PAUSE;
        } else if (isDue.compareAndSet(false, true)) {
            service.later(
                    () -> {
                        isDue.set(false);
                        reconcile();
                        return null;
                    },
                    pause);
            pause = pause.multipliedBy(2).compareTo(interval) < 0 ? pause.multipliedBy(2) : interval;
        }
    }

    private boolean compare() throws RemoteFault, InterruptedException {
        Map<String, Long> listed = listed();
        boolean isSameLife = listed.containsKey(mark);
        List<McpboxServer> missing = new ArrayList<>();
        List<String> surplus;
        boolean isEmpty;
        lock.lock();
        try {
            if (!isSameLife) {
                applied.clear();
            }
            wanted.forEach((name, server) -> {
                boolean isThere = applied.get(name) == server
                        && Optional.ofNullable(listed.get(name)).orElse(-1L) == server.tools();
                if (!isThere) {
                    applied.remove(name);
                    missing.add(server);
                }
            });
            surplus = unwanted.stream().filter(listed::containsKey).toList();
            unwanted.retainAll(surplus);
            isEmpty = wanted.isEmpty();
        } finally {
            lock.unlock();
        }
        // First: if the service restarts while the rest is registered, this is gone, too.
        boolean isDone = isSameLife || isEmpty || beginLife();
        for (McpboxServer server : missing) {
            isDone &= apply(server);
        }
        for (String server : surplus) {
            isDone &= withdraw(server);
        }
        return isDone;
    }

    private Map<String, Long> listed() throws RemoteFault, InterruptedException {
        McpboxService.Answer answer =
                service.ask("GET", "/servers", null, LIST_BYTES, service.requestTimeout(), new Cancellation());
        Map<String, Long> listed = new LinkedHashMap<>();
        for (JsonValue server : answer.body()
                .filter(it -> answer.status() == 200)
                .flatMap(it -> it.get("servers"))
                .map(JsonValue::elements)
                .orElseThrow(() -> new RemoteFault(Kind.NONSENSE, "the list of servers is none"))) {
            server.getString("server_id")
                    .ifPresent(id -> listed.put(
                            id,
                            server.get("tool_count")
                                    .map(JsonValue::asLong)
                                    .orElse(OptionalLong.empty())
                                    .orElse(-1)));
        }
        return listed;
    }

    /** Registers a server, and reads back how many of its tools there are. */
    private boolean apply(McpboxServer server) throws RemoteFault, InterruptedException {
        McpboxService.Answer answer = post("/servers/register", Json.write(server.registration()));
        long registered = answer.body()
                .filter(it -> answer.status() == 200)
                .flatMap(it -> it.get("tools_registered"))
                .map(it -> it.asLong().orElse(0))
                .orElse(-1L);
        boolean isWhole = registered == server.tools();
        lock.lock();
        try {
            if (isWhole) {
                applied.put(server.name(), server);
                refusals.remove(server.name());
            } else if (wanted.get(server.name()) == server) {
                refusals.put(
                        server.name(),
                        registered < 0
                                ? "HTTP " + answer.status()
                                : registered + " of " + server.tools() + " tools were registered");
            }
        } finally {
            lock.unlock();
        }
        LOGGER.atLevel(isWhole ? Level.INFO : Level.WARN)
                .addKeyValue("server", server.name())
                .addKeyValue("tools", server.tools())
                .addKeyValue("registered", registered)
                .log("a server was registered in the sandbox service");
        return isWhole;
    }

    private boolean withdraw(String server) throws RemoteFault, InterruptedException {
        McpboxService.Answer answer =
                post("/servers/" + URLEncoder.encode(server, StandardCharsets.UTF_8) + "/unregister", "{}");
        return answer.status() == 200 || answer.status() == 404;
    }

    private boolean beginLife() throws RemoteFault, InterruptedException {
        String next = MARK + MachineNames.nonce();
        Map<String, Object> registration = new LinkedHashMap<>();
        registration.put("server_id", next);
        registration.put("server_name", next);
        registration.put("tools", List.of());
        registration.put("secrets", Map.of());
        registration.put("external_sources", List.of());
        registration.put("allowed_hosts", List.of());
        if (post("/servers/register", Json.write(registration)).status() != 200) {
            return false;
        }
        mark = next;
        LOGGER.atInfo()
                .addKeyValue("epoch", epoch.incrementAndGet())
                .log("the sandbox service begins a life, and is told what is to be there");
        return true;
    }

    /** Takes the mark back; what was registered stays, for others may use it. */
    void close() {
        if (epoch.get() == 0 || service.trouble().isPresent()) {
            return;
        }
        try {
            withdraw(mark);
        } catch (RemoteFault fault) {
            LOGGER.atDebug().addKeyValue("error", fault.getMessage()).log("a mark is left in the sandbox service");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private McpboxService.Answer post(String path, String json) throws RemoteFault, InterruptedException {
        return service.ask("POST", path, json, LIST_BYTES, service.requestTimeout(), new Cancellation());
    }
}
