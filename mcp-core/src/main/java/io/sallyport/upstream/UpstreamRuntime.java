package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.MessageLimits;
import io.sallyport.spi.Redactor;
import io.sallyport.spi.Sealer;
import io.sallyport.spi.SecretResolver;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** What a gateway lends to its upstreams; it owns all of it. Thread-safe. */
public final class UpstreamRuntime implements AutoCloseable {

    private final Executor executor;
    private final ScheduledExecutorService timer;
    private final MessageLimits limits;
    private final Sealer sealer;
    private final SecretResolver secrets;
    private final Redactor redactor;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as is whether it is closed. */
    private final Map<Class<?>, AutoCloseable> shared = new LinkedHashMap<>();

    private boolean closed;

    /** As the other, for upstreams without secrets. */
    public UpstreamRuntime(Executor executor, ScheduledExecutorService timer, MessageLimits limits, Sealer sealer) {
        this(executor, timer, limits, sealer, SecretResolver.none(), Redactor.none());
    }

    /**
     * Puts together what is lent.
     *
     * @param executor runs what may block, such as the handlers of local tools
     * @param timer runs short tasks later, on one thread
     * @param limits what an upstream may send
     * @param sealer seals what has to pass through the hands of clients
     * @param secrets finds the values of the secrets that the operator's templates refer to
     * @param redactor takes the values of used secrets out of what upstreams say
     */
    public UpstreamRuntime(
            Executor executor,
            ScheduledExecutorService timer,
            MessageLimits limits,
            Sealer sealer,
            SecretResolver secrets,
            Redactor redactor) {
        this.executor = requireNonNull(executor, "executor");
        this.timer = requireNonNull(timer, "timer");
        this.limits = requireNonNull(limits, "limits");
        this.sealer = requireNonNull(sealer, "sealer");
        this.secrets = requireNonNull(secrets, "secrets");
        this.redactor = requireNonNull(redactor, "redactor");
    }

    /** Returns what runs tasks that may block. */
    public Executor executor() {
        return executor;
    }

    /** Returns what runs short tasks later, on one thread. */
    public ScheduledExecutorService timer() {
        return timer;
    }

    /** Returns what an upstream may send. */
    public MessageLimits limits() {
        return limits;
    }

    /** Returns what seals what has to pass through the hands of clients. */
    public Sealer sealer() {
        return sealer;
    }

    /** Returns what finds the values of the secrets that the operator's templates refer to. May block. */
    public SecretResolver secrets() {
        return secrets;
    }

    /**
     * Returns what takes the values of used secrets out of what upstreams say. What goes through a session is redacted by the
     * gateway; an upstream does it itself only with what it logs.
     */
    public Redactor redactor() {
        return redactor;
    }

    /**
     * Returns the one thing of a type that the upstreams of a gateway share. It is closed after all of them.
     *
     * @param type its class, by which upstreams find it
     * @param maker makes it when it is asked for first; must not block
     * @throws IllegalStateException if the gateway has closed
     */
    public <T extends AutoCloseable> T shared(Class<T> type, Supplier<? extends T> maker) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the gateway has closed");
            }
            return type.cast(shared.computeIfAbsent(type, absent -> maker.get()));
        } finally {
            lock.unlock();
        }
    }

    /** Closes what was shared; the rest is the gateway's own to close. Idempotent. */
    @Override
    public void close() {
        Map<Class<?>, AutoCloseable> last;
        lock.lock();
        try {
            closed = true;
            last = new LinkedHashMap<>(shared);
            shared.clear();
        } finally {
            lock.unlock();
        }
        for (AutoCloseable thing : last.values()) {
            try {
                thing.close();
            } catch (Exception e) {
                throw new IllegalStateException("could not close " + thing, e);
            }
        }
    }
}
