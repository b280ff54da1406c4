package io.sallyport.resilience.ratelimit.redis;

import static java.util.Objects.requireNonNull;

import io.github.bucket4j.redis.lettuce.RedisApi;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisReadOnlyException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.PipelinedRedisFuture;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.resource.ClientResources;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.sallyport.spi.StoreUnavailableException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the server, for all threads. It is made by whoever {@linkplain #ask waits} for an answer and finds none; who
 * does not wait fails at once without one. Thread-safe.
 *
 * <p>Of any type of key, since Bucket4j makes arrays of keys that are of none.
 *
 * <p>Lettuce's own way to connect again would do again what was under way, whether the server had done it or not.
 */
final class Wire<K> implements RedisApi<K>, AutoCloseable {

    /** More commands than there are threads that wait at a time; what goes beyond is refused. */
    private static final int MOST_UNDER_WAY = 16_384;

    private static final Duration SHUTDOWN = Duration.ofSeconds(2);

    private final RedisCodec<K, byte[]> codec;
    private final RedisURI uri;
    private final Duration timeout;
    private final @Nullable ClientResources ownResources;
    private final RedisClient client;

    /** One connects at a time. */
    private final ReentrantLock connecting = new ReentrantLock();

    private volatile @Nullable StatefulRedisConnection<K, byte[]> connection;
    private volatile boolean closed;

    /** @param host the client whose threads and options are used; none for own ones */
    Wire(RedisCodec<K, byte[]> codec, RedisURI uri, @Nullable RedisClient host, Duration timeout) {
        this.codec = codec;
        this.uri = copy(uri, timeout);
        this.timeout = timeout;
        this.ownResources = host == null ? resources() : null;
        this.client = RedisClient.create(host == null ? requireNonNull(ownResources) : host.getResources(), this.uri);
        ClientOptions options = host == null ? ClientOptions.create() : host.getOptions();
        client.setOptions(options.mutate()
                .autoReconnect(false)
                .requestQueueSize(MOST_UNDER_WAY)
                .socketOptions(options.getSocketOptions()
                        .mutate()
                        .connectTimeout(timeout)
                        .build())
                .build());
    }

    private static ClientResources resources() {
        return ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .threadFactoryProvider(pool -> new DefaultThreadFactory("sallyport-limits-redis", true))
                .build();
    }

    private static RedisURI copy(RedisURI uri, Duration timeout) {
        RedisURI.Builder copy = RedisURI.builder(uri).withTimeout(timeout);
        // Which Lettuce's own copy lacks.
        uri.getSentinels().forEach(sentinel -> copy.withSentinel(copy(sentinel, timeout)));
        if (uri.getSentinelMasterId() != null) {
            copy.withSentinelMasterId(uri.getSentinelMasterId());
        }
        return copy.build();
    }

    @Override
    public <V> RedisFuture<V> eval(String script, ScriptOutputType type, K[] keys, byte[][] arguments) {
        return dispatch(commands -> commands.eval(script, type, keys, arguments));
    }

    @Override
    public RedisFuture<byte[]> get(K key) {
        return dispatch(commands -> commands.get(key));
    }

    @SuppressWarnings("unchecked") // An array of one key, which nobody else sees.
    @Override
    public RedisFuture<?> delete(K key) {
        return dispatch(commands -> commands.del(key));
    }

    /** Never throws: Bucket4j waits for the future of who came first, and would wait for ever for one that is none. */
    private <T> RedisFuture<T> dispatch(Function<RedisAsyncCommands<K, byte[]>, RedisFuture<T>> command) {
        StatefulRedisConnection<K, byte[]> on = connection;
        if (on == null || !on.isOpen()) {
            return new PipelinedRedisFuture<>(CompletableFuture.failedFuture(
                    new StoreUnavailableException("there is no connection to Redis just now")));
        }
        try {
            RedisFuture<T> answer = command.apply(on.async());
            answer.whenComplete((said, failure) -> {
                if (failure instanceof RedisReadOnlyException) {
                    // No primary any more; there is another.
                    drop(on);
                }
            });
            return answer;
        } catch (RuntimeException e) {
            return new PipelinedRedisFuture<>(CompletableFuture.failedFuture(e));
        }
    }

    /**
     * Asks, and waits for the answer.
     *
     * @throws StoreUnavailableException if there is none in time, or the server refuses
     */
    <T> T ask(Function<RedisAsyncCommands<K, byte[]>, RedisFuture<T>> command) {
        StatefulRedisConnection<K, byte[]> on = connected();
        try {
            return await(command.apply(on.async()));
        } catch (TimeoutException e) {
            // A server or a network that is gone does not say so, for many minutes.
            drop(on);
            throw new StoreUnavailableException("Redis did not answer within " + timeout, e);
        } catch (ExecutionException | CancellationException e) {
            throw e.getCause() instanceof RedisCommandExecutionException refusal
                    // Its first word only: the rest may say what was asked.
                    ? new StoreUnavailableException("Redis refused a command: " + firstWord(refusal), refusal)
                    : new StoreUnavailableException("the connection to Redis was lost", e);
        }
    }

    private static String firstWord(Exception e) {
        return String.valueOf(e.getMessage()).split(" ", 2)[0];
    }

    private StatefulRedisConnection<K, byte[]> connected() {
        connecting.lock();
        try {
            StatefulRedisConnection<K, byte[]> known = connection;
            if (known != null && known.isOpen()) {
                return known;
            }
            if (closed) {
                throw new StoreUnavailableException("the store has been closed");
            }
            if (known != null) {
                drop(known);
            }
            StatefulRedisConnection<K, byte[]> made =
                    await(client.connectAsync(codec, uri).toCompletableFuture());
            connection = made;
            return made;
        } catch (TimeoutException | ExecutionException | CancellationException e) {
            throw new StoreUnavailableException("Redis cannot be reached", e);
        } finally {
            connecting.unlock();
        }
    }

    private <T> T await(Future<T> answer) throws TimeoutException, ExecutionException {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreUnavailableException("the thread that waits for Redis is to stop", e);
        }
    }

    private void drop(StatefulRedisConnection<K, byte[]> on) {
        if (connection == on) {
            connection = null;
        }
        // Nobody waits for it, and what goes wrong with it is nothing that anybody could act on.
        CompletableFuture<@Nullable Void> closing = on.closeAsync();
        closing.exceptionally(broken -> null);
    }

    /** Closes the connection and ends the threads, unless they are the host's. May be called twice. */
    @Override
    public void close() {
        closed = true;
        long most = SHUTDOWN.toMillis();
        try {
            await(client.shutdownAsync(0, most, TimeUnit.MILLISECONDS));
            if (ownResources != null) {
                await(ownResources.shutdown(0, most, TimeUnit.MILLISECONDS));
            }
        } catch (TimeoutException | ExecutionException | CancellationException | StoreUnavailableException e) {
            // They are daemons and on their way; a host that shuts down has nothing to do about it.
        }
    }
}
