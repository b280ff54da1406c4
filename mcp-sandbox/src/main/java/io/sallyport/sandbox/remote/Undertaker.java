package io.sallyport.sandbox.remote;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Cancellation;
import io.sallyport.spi.ClusterBus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops machines, and does not give up: those that nobody needs any more, and those that earlier lives of this gateway have
 * left behind. Has one thread. Thread-safe.
 *
 * <p>A machine is a leftover if its name bears this owner and a life that is over. Which lives are not over the bus knows;
 * without one the owner has this life only.
 */
final class Undertaker {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.sandbox");

    private static final int LIST_BYTES = 4 * 1024 * 1024;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration CLOSES_WITHIN = Duration.ofSeconds(15);
    static final int HANDS = 5;
    private static final String NODE = "sandbox-";

    private final MicrosandboxRpc rpc;
    private final MicrosandboxRpc.Watch watch;
    private final MachineNames names;
    private final Optional<ClusterBus> bus;
    private final Duration requestTimeout;
    private final Duration lease;
    private final ScheduledThreadPoolExecutor chores;

    /** What is to be stopped, and what to do then. As many as there are machines. */
    private final Map<String, Runnable> condemned = new ConcurrentHashMap<>();

    private final AtomicBoolean isSweeping = new AtomicBoolean();
    private volatile boolean closed;

    /**
     * @param rpc for nobody else, so that stopping never waits for those who start
     * @param lease for how long this life counts without a word of it; it is renewed thrice in that time
     */
    Undertaker(
            MicrosandboxRpc rpc,
            MicrosandboxRpc.Watch watch,
            MachineNames names,
            Optional<ClusterBus> bus,
            Duration requestTimeout,
            Duration lease) {
        this.rpc = rpc;
        this.watch = watch;
        this.names = names;
        this.bus = bus;
        this.requestTimeout = requestTimeout;
        this.lease = lease;
        this.chores = new ScheduledThreadPoolExecutor(1, Undertaker::thread);
        chores.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Begins: takes the lease of this life, and stops what earlier ones have left; tries again later what fails now. */
    void begin() throws InterruptedException {
        beat();
        isSweeping.set(true);
        sweepOrTryLater(FIRST_PAUSE);
        if (bus.isPresent()) {
            long millis = lease.toMillis();
            chores.scheduleWithFixedDelay(this::beat, millis / 3, millis / 3, TimeUnit.MILLISECONDS);
            // Others' lives end while this one goes on.
            chores.scheduleWithFixedDelay(
                    () -> interruptibly(this::sweep), 2 * millis, 2 * millis, TimeUnit.MILLISECONDS);
        }
    }

    private void beat() {
        try {
            bus.ifPresent(it -> it.beat(NODE + names.life(), lease));
        } catch (RuntimeException e) {
            LOGGER.atWarn()
                    .addKeyValue("error", e.toString())
                    .log("the lease of the sandbox's machines is not renewed");
        }
    }

    /** Asks the server again and again, until it answers. */
    void askAgain() {
        if (isSweeping.compareAndSet(false, true)) {
            later(() -> sweepOrTryLater(FIRST_PAUSE), FIRST_PAUSE);
        }
    }

    private void sweepOrTryLater(Duration pause) throws InterruptedException {
        if (sweep()) {
            isSweeping.set(false);
        } else if (!closed) {
            later(() -> sweepOrTryLater(longer(pause)), pause);
        }
    }

    /**
     * Stops leftovers.
     *
     * @return whether all that there were are stopped
     */
    private boolean sweep() throws InterruptedException {
        try {
            // In this order: whoever has a machine has taken his lease before.
            Set<String> machines = running();
            Set<String> lives = bus.map(ClusterBus::nodes).orElse(Set.of());
            boolean isClean = true;
            for (String machine : machines) {
                Optional<String> life = names.lifeOf(machine);
                if (life.isPresent() && !life.get().equals(names.life()) && !lives.contains(NODE + life.get())) {
                    boolean isStopped = stopNow(machine, requestTimeout);
                    LOGGER.atInfo()
                            .addKeyValue("machine", machine)
                            .addKeyValue("stopped", isStopped)
                            .log("a machine was left behind by an earlier life of this gateway");
                    isClean &= isStopped;
                }
            }
            return isClean;
        } catch (RemoteFault | RuntimeException e) {
            if (e instanceof RemoteFault) {
                watch.isUnwell(String.valueOf(e.getMessage()));
            }
            LOGGER.atWarn()
                    .addKeyValue("error", String.valueOf(e.getMessage()))
                    .log("what earlier lives have left is not known");
            return false;
        }
    }

    private Set<String> running() throws RemoteFault, InterruptedException {
        JsonValue all;
        try {
            all = rpc.call("sandbox.metrics.get", Map.of(), LIST_BYTES, requestTimeout, new Cancellation());
        } catch (RemoteFault fault) {
            if (MicrosandboxRpc.isInvalid(fault)) {
                return Set.of(); // The namespace does not exist: nothing was ever started in it.
            }
            throw fault;
        }
        return all.get("sandboxes").map(JsonValue::elements).orElseThrow(Undertaker::noList).stream()
                .filter(it -> it.get("running").flatMap(JsonValue::asBoolean).orElse(false))
                .flatMap(it -> it.getString("name").stream())
                .collect(Collectors.toSet());
    }

    private static RemoteFault noList() {
        return new RemoteFault(RemoteFault.Kind.NONSENSE, "the list of machines is none");
    }

    /** Stops a machine as soon as may be, and says so then. */
    void stop(String machine, Runnable whenStopped) {
        condemned.put(machine, whenStopped);
        if (closed) {
            // Whoever closes sees to it.
            return;
        }
        later(() -> stopOrTryLater(machine, FIRST_PAUSE), Duration.ZERO);
    }

    private void stopOrTryLater(String machine, Duration pause) throws InterruptedException {
        if (!condemned.containsKey(machine)) {
            return;
        }
        if (stopNow(machine, requestTimeout)) {
            isStopped(machine);
        } else if (!closed) {
            LOGGER.atWarn().addKeyValue("machine", machine).log("a machine is not stopped yet");
            later(() -> stopOrTryLater(machine, longer(pause)), pause);
        }
    }

    private void isStopped(String machine) {
        Runnable whenStopped = condemned.remove(machine);
        if (whenStopped != null) {
            whenStopped.run();
        }
    }

    /** Returns whether a machine does not run any more. */
    private boolean stopNow(String machine, Duration atMost) throws InterruptedException {
        try {
            rpc.call(
                    "sandbox.stop",
                    Map.of("sandbox", machine),
                    Machines.SMALL_ANSWER_BYTES,
                    atMost,
                    new Cancellation());
            return true;
        } catch (RemoteFault fault) {
            return fault.kind() == RemoteFault.Kind.FAILED && isNotRunning(machine);
        }
    }

    /** One that the server does not know is an error to it like any other. */
    private boolean isNotRunning(String machine) throws InterruptedException {
        try {
            return !running().contains(machine);
        } catch (RemoteFault fault) {
            return false;
        }
    }

    /** Stops all of these now, and ends. What cannot be stopped is left for the next life. */
    void close(Set<String> live) {
        closed = true;
        chores.shutdownNow();
        List<Callable<Void>> stops = new ArrayList<>();
        live.forEach(machine -> stops.add(() -> {
            if (stopNow(machine, requestTimeout)) {
                isStopped(machine);
            } else {
                LOGGER.atError().addKeyValue("machine", machine).log("a machine is left behind");
            }
            return null;
        }));
        if (!stops.isEmpty()) {
            stopAll(stops);
        }
        try {
            bus.ifPresent(it -> it.leave(NODE + names.life()));
        } catch (RuntimeException e) {
            LOGGER.atWarn().addKeyValue("error", e.toString()).log("the lease of the sandbox's machines is not ended");
        }
    }

    /** Whoever closes may have been interrupted to do so; machines are stopped nevertheless. */
    private static void stopAll(List<Callable<Void>> stops) {
        boolean wasInterrupted = Thread.interrupted();
        ExecutorService hands = Executors.newFixedThreadPool(Math.min(stops.size(), HANDS), Undertaker::thread);
        try {
            hands.invokeAll(stops, CLOSES_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            wasInterrupted = true;
        } finally {
            hands.shutdownNow();
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Thread thread(Runnable action) {
        Thread thread = new Thread(action, "sallyport-sandbox-undertaker");
        thread.setDaemon(true);
        return thread;
    }

    private interface Chore {
        void run() throws InterruptedException;
    }

    private void later(Chore chore, Duration pause) {
        try {
            chores.schedule(() -> interruptibly(chore), pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closing) {
            // Whoever closes sees to it.
        }
    }

    private static void interruptibly(Chore chore) {
        try {
            chore.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Duration longer(Duration pause) {
        return shorter(LONGEST_PAUSE, pause.multipliedBy(2));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
