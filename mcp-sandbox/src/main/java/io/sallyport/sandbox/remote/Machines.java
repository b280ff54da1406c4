package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.sandbox.Gate;
import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.SandboxUnavailableException;
import io.sallyport.sandbox.remote.RemoteFault.Kind;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The machines that this gateway has had started and not yet known to be stopped: never more than it may have. Thread-safe.
 *
 * <pre>
 * room ─▶ the namespace's turn ─▶ sandbox.start ─▶ a first answer of the machine ─▶ in use ─▶ {@link Undertaker} ─▶ room
 * </pre>
 */
final class Machines {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    static final int SMALL_ANSWER_BYTES = 64 * 1024;

    private static final long MEBIBYTE = 1024L * 1024;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final MicrosandboxSettings settings;
    private final MicrosandboxRpc rpc;
    private final MachineNames names;
    private final Undertaker undertaker;
    private final Gate room;

    /** Starts rewrite the namespace's one file, and those at the same time lose each other's entries. */
    private final Gate turn = new Gate(1);

    private final Set<String> live = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    Machines(MicrosandboxSettings settings, MicrosandboxRpc rpc, MachineNames names, Undertaker undertaker) {
        this.settings = settings;
        this.rpc = rpc;
        this.names = names;
        this.undertaker = undertaker;
        this.room = new Gate(settings.concurrency());
    }

    /** Something to ask a machine, to find out whether it is up. Does no harm when it is asked again. */
    interface Probe {
        void ask(String machine, Duration atMost, Cancellation cancellation) throws RemoteFault, InterruptedException;
    }

    /**
     * Starts a machine, and waits until it answers.
     *
     * @return its name
     */
    String start(Language language, Limits limits, Cancellation cancellation, Probe probe)
            throws SandboxUnavailableException, InterruptedException {
        if (!room.enter(settings.patience(), cancellation)) {
            throw cancellation.isCancelled()
                    ? new SandboxUnavailableException("Cancelled", "it was to end before it began")
                    : closed.get()
                            ? new SandboxUnavailableException("Closed", "the sandbox is closed")
                            : new SandboxUnavailableException("Busy", "too many machines run; try again in a moment");
        }
        String name = names.next();
        live.add(name);
        boolean mayRun = false;
        try {
            if (closed.get()) {
                throw new RemoteFault(Kind.CLOSED, "closed");
            }
            long deadline = System.nanoTime() + settings.startTimeout().toNanos();
            askForStart(name, language, limits, deadline, cancellation);
            mayRun = true;
            awaitFirstAnswer(name, deadline, cancellation, probe);
            return name;
        } catch (RemoteFault fault) {
            if (mayRun || fault.kind() != Kind.NOT_SENT && fault.kind() != Kind.KEY_REFUSED) {
                discard(name);
            } else {
                forget(name);
            }
            throw unavailable(fault);
        } catch (InterruptedException | RuntimeException | Error e) {
            discard(name);
            throw e;
        }
    }

    private void askForStart(String name, Language language, Limits limits, long deadline, Cancellation cancellation)
            throws RemoteFault, InterruptedException {
        if (!turn.enter(left(deadline), cancellation)) {
            throw cancellation.isCancelled()
                    ? new RemoteFault(Kind.CANCELLED, "cancelled")
                    : new RemoteFault(Kind.LATE, "others were being started all the time");
        }
        try {
            Map<String, Object> config = new LinkedHashMap<>();
            config.put("image", settings.image(language));
            config.put("memory", (settings.baseMemoryBytes() + limits.memoryBytes() + MEBIBYTE - 1) / MEBIBYTE);
            config.put("cpus", settings.cpus());
            JsonValue result = rpc.call(
                    "sandbox.start",
                    Map.of("sandbox", name, "config", config),
                    SMALL_ANSWER_BYTES,
                    left(deadline),
                    cancellation);
            // There are words for that it may not be up. Whether it is, it will say itself.
            LOGGER.atDebug()
                    .addKeyValue("machine", name)
                    .addKeyValue("answer", result.asString().orElse(""))
                    .log("a machine was started");
        } finally {
            turn.leave();
        }
    }

    private void awaitFirstAnswer(String name, long deadline, Cancellation cancellation, Probe probe)
            throws RemoteFault, InterruptedException {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                probe.ask(name, shorter(settings.requestTimeout(), left(deadline)), cancellation);
                return;
            } catch (RemoteFault fault) {
                if (!MicrosandboxRpc.mayBeTooEarly(fault)) {
                    throw fault;
                }
                if (left(deadline).compareTo(pause) <= 0) {
                    throw new RemoteFault(Kind.LATE, "the machine does not answer: " + fault.getMessage());
                }
            }
            Gate.pause(pause, cancellation);
            if (cancellation.isCancelled()) {
                throw new RemoteFault(Kind.CANCELLED, "cancelled");
            }
            pause = shorter(LONGEST_PAUSE, pause.multipliedBy(2));
        }
    }

    private static SandboxUnavailableException unavailable(RemoteFault fault) {
        if (fault.kind() != Kind.CANCELLED && fault.kind() != Kind.CLOSED) {
            LOGGER.atWarn().addKeyValue("error", fault.getMessage()).log("no machine could be had");
        }
        return switch (fault.kind()) {
            case CANCELLED -> new SandboxUnavailableException("Cancelled", "it was to end before it began");
            case CLOSED -> new SandboxUnavailableException("Closed", "the sandbox is closed");
            case NOT_SENT -> new SandboxUnavailableException("Unreachable", "the sandbox server is not reached");
            case KEY_REFUSED -> new SandboxUnavailableException("KeyRefused", "the sandbox server does not let us in");
            default -> new SandboxUnavailableException("StartFailed", "the sandbox server has not started a machine");
        };
    }

    /** Has a machine stopped, whatever has become of it; it takes its room until then. Does not wait. */
    void discard(String name) {
        undertaker.stop(name, () -> forget(name));
    }

    private void forget(String name) {
        live.remove(name);
        room.leave();
    }

    /** Returns what has not been seen to be stopped. */
    Set<String> live() {
        return Set.copyOf(live);
    }

    /**
     * Lets no more be started.
     *
     * @return whether that is new
     */
    boolean close() {
        boolean isNew = closed.compareAndSet(false, true);
        room.close();
        return isNew;
    }

    boolean isClosed() {
        return closed.get();
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
