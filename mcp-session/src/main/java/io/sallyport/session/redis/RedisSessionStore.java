package io.sallyport.session.redis;

import static java.util.Objects.requireNonNull;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.sallyport.protocol.Json;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.StoreUnavailableException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sessions, their streams and the cluster's inboxes in Redis 6.2 or later, or Valkey; shared by all nodes with the same
 * server, database and {@linkplain Builder#keyPrefix prefix}.
 *
 * <pre>{@code
 * SessionStore store = RedisSessionStore.at(URI.create("rediss://user:secret@redis.example:6380"))
 *         .bounds(SessionStore.Bounds.defaults())
 *         .build();
 * }</pre>
 *
 * <p><b>One step, one script.</b> Each method is one script on the server, which looks at the server's own clock, checks
 * versions and fences and changes what is to be changed; nothing comes in between. So {@code find}, {@code create},
 * {@code update} and {@code end}, {@code open}, {@code append}, {@code take} and {@code read}, {@code post} and {@code
 * beat} are one round trip each; once more after the server has been started anew, to teach it the script. Only {@code
 * sweep} takes one for each 200 sessions, so that it does not keep the server from others, and {@code collect} more when
 * it waits.
 *
 * <p><b>What kind of server.</b> One primary, with or without replicas, also behind Sentinel ({@code redis-sentinel://}).
 * The bounds of sessions hold over all principals, so a script needs all keys in one place: they all begin with the prefix
 * in braces, which gives them one slot. A Redis Cluster would therefore be of no use, and its redirections are not
 * followed. The server must not evict keys ({@code maxmemory-policy noeviction}): they all have a time to live. A user of
 * its own needs these rights, with the prefix {@code sallyport}: {@code ~{sallyport}* resetchannels
 * &{sallyport}* +@all -@admin -@dangerous}.
 *
 * <p><b>What survives.</b> {@link Durability#DISK} is promised if the server says, by {@code CONFIG GET}, that {@code
 * appendonly} is {@code yes} and {@code appendfsync} is {@code always}, and no Sentinel may replace it by a replica that
 * lacks what was written last. Otherwise it is {@link Durability#SERVER}; also where {@code CONFIG} is forbidden, and as
 * long as the server could not be asked. It is asked once.
 *
 * <p><b>Time.</b> Sessions end by the server's clock when they are looked for, swept, or in the way of others; keys also
 * have a time to live of an hour more than that, so that nothing stays when no node is left. How a session ended is
 * remembered until an hour after it would have reached its greatest age, of as many as there may be sessions. Use is noted
 * once in a tenth of the idle time.
 *
 * <p><b>Trouble.</b> Whatever goes wrong with the server is a {@link StoreUnavailableException}, at the latest after twice
 * the {@linkplain Builder#commandTimeout time that a command may take}: once to connect, once to be answered. No thread
 * tries to connect while nobody asks; the next who asks does. What was under way when a connection broke is not sent
 * again, so that nothing is done twice unless the caller does it. An interruption does not cut these waits short; only
 * {@code collect} returns on one.
 *
 * <p>Needs {@code io.lettuce:lettuce-core}, which this module does not bring. Thread-safe.
 */
public final class RedisSessionStore implements SessionStore {

    /** Longer than anybody waits, and short enough to be added to the time of day. */
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    private static final int SWEPT_AT_ONCE = 200;

    private final Link link;
    private final Bounds bounds;
    private final String name;
    private final boolean mayBeReplaced;
    private final EventLog events;
    private final ClusterBus bus;
    private volatile @Nullable Durability durability;

    private RedisSessionStore(Builder builder) {
        this.bounds = builder.bounds;
        String key = "{" + builder.keyPrefix + "}";
        this.link = new Link(builder.uri, builder.client, builder.commandTimeout, key, builder.clock);
        this.name = "RedisSessionStore[" + key + ", " + link + "]";
        this.mayBeReplaced = !builder.uri.getSentinels().isEmpty();
        this.events = new RedisEventLog(link, bounds);
        this.bus = new RedisClusterBus(link, key);
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
     * Begins a store with connections of its own on a host's threads.
     *
     * @param client whose resources and options (TLS, sockets, protocol) are used, apart from what this class has to
     *     decide itself: how to connect again, time-outs, the length of the queue; stays the host's and has to stay open
     *     as long as the store
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
        private Bounds bounds = Bounds.defaults();
        private String keyPrefix = "sallyport";
        private Duration commandTimeout = Duration.ofSeconds(2);
        private String clock = Operation.SERVER_CLOCK;

        private Builder(RedisURI uri, @Nullable RedisClient client) {
            this.uri = Link.copy(requireNonNull(uri, "uri"), commandTimeout);
            this.client = client;
        }

        /**
         * Sets how long sessions live and how many there may be; all nodes should have the same. Defaults to {@link
         * SessionStore.Bounds#defaults()}.
         */
        public Builder bounds(Bounds bounds) {
            this.bounds = requireNonNull(bounds, "bounds");
            return this;
        }

        /**
         * Sets what all keys begin with, in braces; gateways with different ones share a server, but no session. Defaults
         * to {@code sallyport}.
         *
         * @throws IllegalArgumentException if it is not 1 to 64 letters, digits, dots, colons, hyphens and underscores
         */
        public Builder keyPrefix(String keyPrefix) {
            if (!PREFIX.matcher(keyPrefix).matches()) {
                throw new IllegalArgumentException(
                        "keyPrefix must be 1 to 64 of A-Z a-z 0-9 . _ : -, but was \"" + keyPrefix + "\"");
            }
            this.keyPrefix = keyPrefix;
            return this;
        }

        /**
         * Sets how long the server may take to answer, and a connection to be made. Defaults to 2 seconds.
         *
         * @throws IllegalArgumentException if it is less than 10 milliseconds or more than a minute
         */
        public Builder commandTimeout(Duration commandTimeout) {
            if (commandTimeout.compareTo(LEAST) < 0 || commandTimeout.compareTo(MOST) > 0) {
                throw new IllegalArgumentException(
                        "commandTimeout must be from " + LEAST + " to " + MOST + ", but was " + commandTimeout);
            }
            this.commandTimeout = commandTimeout;
            return this;
        }

        /** Sets another clock than the server's: a definition of the function {@code clock} in Lua. */
        Builder clock(String lua) {
            this.clock = lua;
            return this;
        }

        /** Returns the store. It connects when it is first used, so the server need not be there yet. */
        public RedisSessionStore build() {
            return new RedisSessionStore(this);
        }
    }

    @Override
    public Capabilities capabilities() {
        Durability known = durability;
        if (known == null && mayBeReplaced) {
            known = Durability.SERVER;
        } else if (known == null) {
            try {
                Map<String, String> settings = link.settings("append*");
                known = "yes".equals(settings.get("appendonly")) && "always".equals(settings.get("appendfsync"))
                        ? Durability.DISK
                        : Durability.SERVER;
                durability = known;
            } catch (StoreUnavailableException e) {
                // What it keeps at the least; a host can start before its server has.
                known = Durability.SERVER;
            }
        }
        return new Capabilities(true, known);
    }

    @Override
    public Bounds bounds() {
        return bounds;
    }

    @Override
    public Creation create(SessionRecord session) {
        List<?> answer = link.run(
                Operation.CREATE,
                session.key(),
                owner(session.principal()),
                session.encoded(),
                String.valueOf(session.version()),
                micros(bounds.idle()),
                micros(bounds.absolute()),
                String.valueOf(bounds.perPrincipal()),
                total());
        if (answer.get(0).equals("exists")) {
            throw new IllegalArgumentException("a session with the key " + session.key() + " lives already");
        }
        return answer.get(0).equals("full") ? new Full() : new Created(Optional.ofNullable((String) answer.get(1)));
    }

    @Override
    public Lookup find(String key) {
        List<?> answer = link.run(Operation.FIND, key, micros(bounds.idle()), total());
        if (answer.get(0).equals("live")) {
            return SessionRecord.read((String) answer.get(1))
                    .<Lookup>map(Live::new)
                    .orElseGet(Unknown::new);
        }
        return answer.get(0).equals("ended") ? new Ended(how((String) answer.get(1))) : new Unknown();
    }

    private static End how(String word) {
        return Stream.of(End.values())
                .filter(end -> end.word().equals(word))
                .findFirst()
                // A word of a newer release: nothing that this one knows of.
                .orElse(End.TERMINATED_BY_SERVER);
    }

    @Override
    public boolean update(SessionRecord changed) {
        return link.run(
                        Operation.UPDATE,
                        changed.key(),
                        owner(changed.principal()),
                        changed.encoded(),
                        String.valueOf(changed.version()),
                        micros(bounds.idle()))
                .get(0)
                .equals(1L);
    }

    @Override
    public void end(String key, End how) {
        link.run(Operation.END, key, how.word(), total());
    }

    @Override
    public List<String> sweep(int max) {
        List<String> swept = new ArrayList<>();
        int wanted;
        List<?> some;
        do {
            wanted = Math.min(max - swept.size(), SWEPT_AT_ONCE);
            some = link.run(Operation.SWEEP, String.valueOf(wanted), total());
            some.forEach(key -> swept.add((String) key));
        } while (some.size() == wanted && swept.size() < max);
        return List.copyOf(swept);
    }

    @Override
    public List<Summary> list(String after, int max, Optional<Principal> of) {
        List<?> answer = link.run(
                Operation.LIST,
                after,
                String.valueOf(max),
                of.map(RedisSessionStore::owner).orElse(""));
        List<Summary> found = new ArrayList<>();
        for (int i = 0; i < answer.size(); i += 3) {
            Instant opened = moment(answer.get(i + 1));
            Instant used = moment(answer.get(i + 2));
            SessionRecord.read((String) answer.get(i))
                    .ifPresent(record -> found.add(new Summary(record, opened, used)));
        }
        return List.copyOf(found);
    }

    private static Instant moment(Object micros) {
        return Instant.EPOCH.plus(Long.parseLong((String) micros), ChronoUnit.MICROS);
    }

    @Override
    public int size() {
        return ((Long) link.run(Operation.SIZE).get(0)).intValue();
    }

    @Override
    public EventLog events() {
        return events;
    }

    @Override
    public ClusterBus bus() {
        return bus;
    }

    private String total() {
        return String.valueOf(bounds.total());
    }

    /** Returns a length of time as the scripts have it. */
    static String micros(Duration length) {
        Duration bounded = length.compareTo(FOR_EVER) > 0 ? FOR_EVER : length;
        // Rounded up: nothing ends early, and no length becomes none.
        return String.valueOf((bounded.toNanos() + 999) / 1000);
    }

    /** Returns what stands for a principal: as long for each, and nothing that tells who it is. */
    private static String owner(Principal principal) {
        String all =
                Json.write(List.of(principal.issuer(), principal.clientId(), principal.subject(), principal.tenant()));
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Closes the connections; what is on the server stays for the other nodes. May be called twice. */
    @Override
    public void close() {
        link.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
