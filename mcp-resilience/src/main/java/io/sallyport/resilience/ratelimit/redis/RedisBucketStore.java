package io.sallyport.resilience.ratelimit.redis;

import static java.util.Objects.requireNonNull;

import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.AsyncProxyManager;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.sallyport.resilience.ratelimit.BucketStore;
import io.sallyport.resilience.ratelimit.Rate;
import io.sallyport.resilience.ratelimit.internal.SharedBucket;
import io.sallyport.resilience.ratelimit.internal.StoreClock;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Buckets in Redis 6.2 or later, or Valkey, shared by all nodes with the same server, database and {@linkplain
 * Builder#keyPrefix prefix}. The server's clock decides about time.
 *
 * <pre>{@code
 * BucketStore store = RedisBucketStore.at(URI.create("rediss://user:secret@redis.example:6380")).build();
 * RateLimits limits = RateLimits.builder().limit(…).store(store).nodes(3).build();
 * }</pre>
 *
 * <p>One primary, with or without replicas, also behind Sentinel ({@code redis-sentinel://}). Keys of buckets have a time to live,
 * a minute longer than until the bucket is full; what operators have set has none. After a failover what was counted last may
 * be missing. A server that is not there yet does not keep the store from being built.
 *
 * <p>Needs {@code io.lettuce:lettuce-core} and {@code com.bucket4j:bucket4j_jdk17-lettuce}, which this module does not bring.
 * Thread-safe.
 */
public final class RedisBucketStore implements BucketStore {

    /** Changes a field of a hash if it is as expected; what is not there is as if it were empty. */
    private static final String CHANGE = """
            if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
              return 0
            end
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
            return 1
            """;

    /** How much longer a key is kept than it takes until its bucket is full. */
    private static final Duration KEPT = Duration.ofMinutes(1);

    private final Wire<String> wire;
    private final StoreClock clock;
    private final String prefix;
    private final AsyncProxyManager<String> buckets;

    private RedisBucketStore(Builder settings) {
        this.wire = new Wire<>(
                RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE),
                settings.uri,
                settings.client,
                settings.commandTimeout);
        this.clock = new StoreClock(settings.ticker);
        this.prefix = settings.keyPrefix;
        this.buckets = new Bucket4jLettuce.LettuceBasedProxyManagerBuilder<>(wire)
                .clientClock(clock)
                .requestTimeout(settings.commandTimeout)
                .expirationAfterWrite(ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(KEPT))
                .build()
                .asAsync();
    }

    /**
     * Begins a store with connections and threads of its own.
     *
     * @param uri where the server is, in Lettuce's form: {@code redis://}, {@code rediss://} for TLS, {@code
     *     redis-sentinel://}, with user and password if it asks for them
     * @throws IllegalArgumentException if it is no such address
     */
    public static Builder at(URI uri) {
        try {
            return at(RedisURI.create(uri));
        } catch (IllegalArgumentException e) {
            // Without the address and what was said of it: there may be a password in it.
            throw new IllegalArgumentException(
                    "the address of Redis cannot be read; it must be like redis://user:password@host:6379/0");
        }
    }

    /**
     * Begins a store with connections and threads of its own.
     *
     * @param uri where the server is; copied
     */
    public static Builder at(RedisURI uri) {
        return new Builder(uri, null);
    }

    /**
     * Begins a store with a connection of its own on a host's threads.
     *
     * @param client whose resources and options (TLS, sockets, protocol) are used, apart from how to connect again, time-outs and
     *     the length of the queue; stays the host's and has to stay open as long as the store
     * @param uri where the server is; copied
     */
    public static Builder on(RedisClient client, RedisURI uri) {
        return new Builder(uri, requireNonNull(client, "client"));
    }

    /** Sets up a store. For one thread. */
    public static final class Builder {

        private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._:-]{1,64}");
        private static final Duration LEAST = Duration.ofMillis(10);
        private static final Duration MOST = Duration.ofMinutes(1);

        private final RedisURI uri;
        private final @Nullable RedisClient client;
        private String keyPrefix = "sallyport:limits";
        private Duration commandTimeout = Duration.ofSeconds(1);
        private LongSupplier ticker = System::nanoTime;

        private Builder(RedisURI uri, @Nullable RedisClient client) {
            this.uri = requireNonNull(uri, "uri");
            this.client = client;
        }

        /** Sets what all keys begin with: 1 to 64 letters, digits, dots, colons, dashes, underscores. Defaults to {@code sallyport:limits}. */
        public Builder keyPrefix(String prefix) {
            if (!PREFIX.matcher(prefix).matches()) {
                throw new IllegalArgumentException(
                        "keyPrefix must be 1 to 64 letters, digits, dots, colons, dashes and underscores, but was \""
                                + prefix + "\"");
            }
            this.keyPrefix = prefix;
            return this;
        }

        /**
         * Sets how long a command may take, and connecting; from 10 milliseconds to a minute. Defaults to a second. Calls do not wait
         * as long: see {@code RateLimits.Builder.patience}.
         */
        public Builder commandTimeout(Duration timeout) {
            if (timeout.compareTo(LEAST) < 0 || timeout.compareTo(MOST) > 0) {
                throw new IllegalArgumentException(
                        "commandTimeout must be at least " + LEAST + " and at most " + MOST + ", but was " + timeout);
            }
            this.commandTimeout = timeout;
            return this;
        }

        /** For tests: what time it is at this node. */
        Builder ticker(LongSupplier nanos) {
            this.ticker = nanos;
            return this;
        }

        /** Returns the store. Nothing is connected yet. */
        public RedisBucketStore build() {
            return new RedisBucketStore(this);
        }
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public Bucket bucket(String name, Rate rate, long version) {
        return new SharedBucket(buckets, clock, prefix + ":bucket:" + name, rate, version);
    }

    @Override
    public Map<String, String> settings() {
        long asked = clock.ticks();
        List<byte[]> time = wire.ask(commands -> commands.time());
        clock.read(Long.parseLong(text(time.get(0))) * 1_000_000 + Long.parseLong(text(time.get(1))), asked);
        return wire.ask(commands -> commands.hgetall(settingsKey())).entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, entry -> text(entry.getValue())));
    }

    @Override
    public boolean change(String name, String expected, String text) {
        long changed = wire.<Long>ask(commands -> commands.eval(
                CHANGE,
                ScriptOutputType.INTEGER,
                new String[] {settingsKey()},
                bytes(name),
                bytes(expected),
                bytes(text)));
        return changed == 1;
    }

    private String settingsKey() {
        return prefix + ":settings";
    }

    private static String text(byte[] ascii) {
        return new String(ascii, StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(String ascii) {
        return ascii.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public Instant now() {
        return clock.now();
    }

    @Override
    public void close() {
        wire.close();
    }

    @Override
    public String toString() {
        return "RedisBucketStore[" + prefix + "]";
    }
}
