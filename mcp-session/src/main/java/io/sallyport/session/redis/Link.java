package io.sallyport.session.redis;

import static java.util.Objects.requireNonNull;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.sallyport.spi.StoreUnavailableException;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The way to the server: one connection for all commands, and one on which the server tells of new letters. Waits for the
 * server are bounded by the time that a command may take, and an interruption does not cut them short, so that what a
 * thread has to put in order on its way out gets done. Whatever goes wrong is a {@link StoreUnavailableException}.
 * Thread-safe.
 */
final class Link implements AutoCloseable {

    /** More commands than threads will wait for at a time; what goes beyond is refused. */
    private static final int MOST_UNDER_WAY = 16_384;

    private static final Duration SHUTDOWN = Duration.ofSeconds(2);

    /** What the server may say in its own words, which in a script stand in the midst of others. */
    private static final Pattern REASON = Pattern.compile(
            "^.*\\b(BUSY|LOADING|MASTERDOWN|MISCONF|NOAUTH|NOPERM|NOREPLICAS|OOM|READONLY|WRONGPASS)\\b|^(\\S+)");

    private final String where;
    private final String[] keys;
    private final Duration timeout;
    private final Map<Operation, Operation.Script> scripts = new EnumMap<>(Operation.class);

    private final @Nullable ClientResources ownResources;
    private final RedisClient client;
    private final Line<StatefulRedisConnection<String, String>> commands;
    private final Line<StatefulRedisPubSubConnection<String, String>> calls;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition called = lock.newCondition();
    private long count;
    private volatile boolean closed;

    /**
     * Creates the way; nothing is connected before it is needed.
     *
     * @param host the client whose threads and options are used; none for own ones
     * @param key what all keys begin with
     * @param clock see {@link Operation#script}
     */
    Link(RedisURI uri, @Nullable RedisClient host, Duration timeout, String key, String clock) {
        RedisURI its = copy(uri, timeout);
        this.where = where(its);
        this.keys = new String[] {key};
        this.timeout = timeout;
        for (Operation operation : Operation.values()) {
            scripts.put(operation, operation.script(clock));
        }
        this.ownResources = host == null ? resources() : null;
        this.client = RedisClient.create(host == null ? requireNonNull(ownResources) : host.getResources(), its);
        client.setOptions(options(host == null ? ClientOptions.create() : host.getOptions()));
        this.commands = new Line<>(() -> client.connectAsync(StringCodec.UTF8, its));
        this.calls = new Line<>(() -> client.connectPubSubAsync(StringCodec.UTF8, its)
                .thenApply(connection -> {
                    connection.addListener(new RedisPubSubAdapter<>() {
                        @Override
                        public void message(String channel, String message) {
                            wake();
                        }
                    });
                    return connection;
                }));
    }

    private static ClientResources resources() {
        return ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .threadFactoryProvider(pool -> new DefaultThreadFactory("sallyport-redis", true))
                .build();
    }

    private ClientOptions options(ClientOptions host) {
        return host.mutate()
                // Line says why. And what is asked while there is no connection fails at once.
                .autoReconnect(false)
                .requestQueueSize(MOST_UNDER_WAY)
                .socketOptions(
                        host.getSocketOptions().mutate().connectTimeout(timeout).build())
                .build();
    }

    /** Returns the same address with another time-out. */
    static RedisURI copy(RedisURI uri, Duration timeout) {
        RedisURI.Builder copy = RedisURI.builder(uri).withTimeout(timeout);
        // Which Lettuce's own copy lacks.
        uri.getSentinels().forEach(sentinel -> copy.withSentinel(copy(sentinel, timeout)));
        if (uri.getSentinelMasterId() != null) {
            copy.withSentinelMasterId(uri.getSentinelMasterId());
        }
        return copy.build();
    }

    /** Returns where a server is, without how to get in. */
    private static String where(RedisURI uri) {
        if (uri.getSocket() != null) {
            return uri.getSocket();
        }
        return uri.getSentinels().isEmpty()
                ? uri.getHost() + ":" + uri.getPort()
                : uri.getSentinels().stream()
                        .map(Link::where)
                        .collect(Collectors.joining(", ", uri.getSentinelMasterId() + " of ", ""));
    }

    /** Does an operation and returns what its script returns. */
    List<?> run(Operation operation, String... arguments) {
        Operation.Script script = requireNonNull(scripts.get(operation));
        try {
            return ask(commands, on -> on.async().evalsha(script.digest(), ScriptOutputType.MULTI, keys, arguments));
        } catch (RedisNoScriptException e) {
            return load(script, arguments);
        } catch (RedisCommandExecutionException e) {
            throw refused(e);
        }
    }

    /** Does what the server has not seen yet, or no more since it was started anew; so nothing of it has been done. */
    private List<?> load(Operation.Script script, String... arguments) {
        try {
            return ask(commands, on -> on.async().eval(script.text(), ScriptOutputType.MULTI, keys, arguments));
        } catch (RedisCommandExecutionException e) {
            throw refused(e);
        }
    }

    /** Returns settings of the server; nothing if it does not tell. */
    Map<String, String> settings(String pattern) {
        try {
            return ask(commands, on -> on.async().configGet(pattern));
        } catch (RedisCommandExecutionException e) {
            return Map.of();
        }
    }

    /**
     * Has the server call when something is published.
     *
     * @param known the connection on which it was to call so far, if it was
     * @return the connection on which it will call
     */
    StatefulRedisPubSubConnection<String, String> listen(
            String channel, @Nullable StatefulRedisPubSubConnection<String, String> known) {
        if (known != null && known.isOpen()) {
            return known;
        }
        try {
            return ask(
                    calls,
                    on -> on.async().subscribe(channel).toCompletableFuture().thenApply(done -> on));
        } catch (RedisCommandExecutionException e) {
            throw refused(e);
        }
    }

    private <C extends StatefulConnection<String, String>, T> T ask(Line<C> line, Function<C, Future<T>> command) {
        C connection = connection(line);
        long asked = System.nanoTime();
        Future<T> answer = command.apply(connection);
        try {
            T said = await(answer);
            line.heard();
            return said;
        } catch (TimeoutException e) {
            answer.cancel(true);
            // Not even a word to others: a server or a network that is gone does not say so, for many minutes.
            if (line.isSilentSince(asked)) {
                line.drop(connection);
            }
            throw unavailable("did not answer within " + timeout, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RedisCommandExecutionException refusal) {
                line.heard();
                if (reason(refusal).equals("READONLY")) {
                    // No primary any more; there is another.
                    line.drop(connection);
                }
                throw refusal;
            }
            if (e.getCause() instanceof IOException) {
                // It does not know yet that it is broken.
                line.drop(connection);
            }
            throw unavailable("was lost before it answered", e);
        } catch (CancellationException e) {
            throw unavailable("was lost before it answered", e);
        }
    }

    private <C extends StatefulConnection<String, String>> C connection(Line<C> line) {
        if (closed) {
            throw new StoreUnavailableException("the store has been closed", new IllegalStateException("closed"));
        }
        try {
            return await(line.connection());
        } catch (TimeoutException | ExecutionException | CancellationException e) {
            throw unavailable("cannot be reached", e);
        }
    }

    private <T> T await(Future<T> answer) throws TimeoutException, ExecutionException {
        long end = System.nanoTime() + timeout.toNanos();
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return answer.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private StoreUnavailableException unavailable(String what, Exception e) {
        Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
        return new StoreUnavailableException("Redis at " + where + " " + what, cause);
    }

    private StoreUnavailableException refused(RedisCommandExecutionException e) {
        // Its first word only: the rest may say what was asked.
        return new StoreUnavailableException("Redis at " + where + " refused a command: " + reason(e), e);
    }

    private static String reason(RedisCommandExecutionException e) {
        Matcher reason = REASON.matcher(String.valueOf(e.getMessage()));
        if (!reason.find()) {
            return "";
        }
        return reason.group(1) == null ? reason.group(2) : reason.group(1);
    }

    private void wake() {
        lock.lock();
        try {
            count++;
            called.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how often the server has called. */
    long called() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the server calls.
     *
     * @param before how often it had called when there was nothing to do
     * @return false if there is nothing to wait for any more: the link was closed, or the thread is to stop
     */
    boolean awaitCall(long before, long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (count == before && !closed && left > 0) {
                left = called.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Closes the connections and ends the threads, unless they are the host's. May be called twice. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            called.signalAll();
        } finally {
            lock.unlock();
        }
        long most = SHUTDOWN.toMillis();
        try {
            await(client.shutdownAsync(0, most, TimeUnit.MILLISECONDS));
            if (ownResources != null) {
                await(ownResources.shutdown(0, most, TimeUnit.MILLISECONDS));
            }
        } catch (TimeoutException | ExecutionException | CancellationException e) {
            // They are daemons and on their way; a host that shuts down has nothing to do about it.
        }
    }

    @Override
    public String toString() {
        return "Redis at " + where;
    }
}
