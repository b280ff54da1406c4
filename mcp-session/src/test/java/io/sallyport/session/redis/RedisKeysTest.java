package io.sallyport.session.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Capabilities;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.Durability;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Unknown;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the store leaves on the server, and how often it asks it. */
class RedisKeysTest {

    private static final Pattern STATISTICS = Pattern.compile("cmdstat_([a-z]+)[^:]*:calls=(\\d+)");

    private static TestRedis redis;

    @BeforeAll
    static void start() {
        redis = TestRedis.with();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @BeforeEach
    void flush() {
        redis.commands().flushall();
    }

    private static RedisSessionStore.Builder builder() {
        return RedisSessionStore.at(redis.uri()).clock(TestRedis.CLOCK);
    }

    private static SessionRecord session(String key) {
        return SessionRecord.opened(
                key, "/mcp", new Principal("issuer", "client", "ann", "default"), "2025-11-25", "{\"x\":\"é\"}");
    }

    /** One of everything that a store keeps. */
    private static void fill(SessionStore store) {
        store.create(session("k"));
        store.create(session("gone"));
        store.end("gone", End.TERMINATED_BY_CLIENT);
        store.events().open("k", "s", "n", "about");
        store.events().append("k", "s", 1, 1, List.of("one", "two"), false);
        store.events().open("k", "empty", "n", "about");
        store.bus().beat("n", Duration.ofSeconds(10));
        store.bus().post("n", "hello");
    }

    @Test
    void whatIsKeptIsOnTheServerForEverybodyToSee() {
        try (SessionStore store = builder().build()) {
            fill(store);

            assertThat(redis.commands().hget("{sallyport}:session:k", "record"))
                    .isEqualTo(session("k").encoded());
            assertThat(redis.commands().hget("{sallyport}:session:gone", "how")).isEqualTo("terminated_by_client");
            assertThat(redis.commands().xlen("{sallyport}:events:1:k:s")).isEqualTo(2);
            assertThat(redis.commands().xlen("{sallyport}:inbox:n")).isEqualTo(1);
        }
    }

    @Test
    void allKeysHaveOneSlotAndNoneStaysForEver() {
        try (SessionStore store = builder().build()) {
            fill(store);

            List<String> keys = redis.commands().keys("*");

            assertThat(keys)
                    .extracting(key -> key.replaceAll("[A-Za-z0-9_-]{43}", "OWNER"))
                    .containsExactlyInAnyOrder(
                            "{sallyport}:session:k",
                            "{sallyport}:session:gone",
                            "{sallyport}:expiry",
                            "{sallyport}:keys",
                            "{sallyport}:owner:OWNER",
                            "{sallyport}:ended",
                            "{sallyport}:streams:k",
                            "{sallyport}:stream:1:k:s",
                            "{sallyport}:stream:1:k:empty",
                            "{sallyport}:events:1:k:s",
                            "{sallyport}:nodes",
                            "{sallyport}:inbox:n",
                            "{sallyport}:letter");
            assertThat(keys)
                    .allSatisfy(key -> assertThat(redis.commands().pttl(key))
                            .as(key)
                            .isPositive()
                            .isLessThanOrEqualTo(Duration.ofHours(24).toMillis()));
            // Ends of sessions are in the index by when they are forgotten, and stay as long.
            assertThat(redis.commands().pttl("{sallyport}:session:k"))
                    .isGreaterThan(Bounds.defaults().absolute().toMillis());
        }
    }

    @Test
    void whenAllIsOverAndSweptNothingIsLeft() {
        try (SessionStore store = builder().build()) {
            fill(store);
            for (int i = 0; i < 10; i++) {
                store.create(session("k" + i));
            }
            redis.letPass("sallyport", Duration.ofHours(8));
            assertThat(store.sweep(100)).hasSize(11);
            redis.letPass("sallyport", Duration.ofHours(2));

            assertThat(store.sweep(100)).isEmpty();

            redis.commands().del("{sallyport}:later");
            assertThat(redis.commands().keys("*"))
                    .as("the number of the last letter goes by itself, a day after it")
                    .containsExactly("{sallyport}:letter");
        }
    }

    @Test
    void aSweepOfManyTellsAllOfThem() {
        try (SessionStore store = builder()
                .bounds(new Bounds(Duration.ofSeconds(1), Duration.ofSeconds(1), 1000, 1000))
                .build()) {
            for (int i = 0; i < 450; i++) {
                store.create(session("k" + i));
            }
            redis.letPass("sallyport", Duration.ofSeconds(1));

            List<String> swept = new ArrayList<>(store.sweep(401));
            assertThat(swept).hasSize(401);
            swept.addAll(store.sweep(1000));

            assertThat(swept).hasSize(450).doesNotHaveDuplicates();
        }
    }

    @Test
    void aSessionWhoseKeyHasGoneByItselfIsToldAndTakesNoRoom() {
        try (SessionStore store = builder()
                .bounds(new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 1, 10))
                .build()) {
            store.create(session("old"));
            redis.commands().del("{sallyport}:session:old");
            assertThat(store.find("old")).isEqualTo(new Unknown());

            assertThat(store.create(session("new"))).isEqualTo(new Created(Optional.of("old")));
            assertThat(store.create(session("newer"))).isEqualTo(new Created(Optional.of("new")));
            redis.commands().del("{sallyport}:session:newer");
            redis.letPass("sallyport", Duration.ofMinutes(1));

            assertThat(store.sweep(10)).containsExactly("newer");
            assertThat(redis.commands().keys("{sallyport}:owner:*")).isEmpty();
        }
    }

    @Test
    void asManyEndsAreRememberedAsThereMayBeSessions() {
        try (SessionStore store = builder()
                .bounds(new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 1, 2))
                .build()) {
            for (String key : List.of("a", "b", "c")) {
                store.create(session(key));
                store.end(key, End.TERMINATED_BY_CLIENT);
            }

            assertThat(store.find("a")).isEqualTo(new Unknown());
            assertThat(store.find("b")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
            assertThat(store.find("c")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
            assertThat(redis.commands().keys("{sallyport}:session:*")).hasSize(2);
        }
    }

    @Test
    void aKeyWhoseSessionHasEndedCanBeGivenAgain() {
        try (SessionStore store = builder().build()) {
            store.create(session("k"));
            store.end("k", End.TERMINATED_BY_CLIENT);

            store.create(session("k"));

            assertThat(store.find("k")).isInstanceOf(Live.class);
            redis.letPass("sallyport", Duration.ofMinutes(30));
            assertThat(store.size()).as("it lives no more, swept or not").isZero();
            assertThat(store.sweep(10)).containsExactly("k");
            assertThat(redis.commands().zcard("{sallyport}:ended")).isEqualTo(1);
        }
    }

    @Test
    void anEndThatIsForgottenTakesNoSessionWithIt() {
        try (SessionStore store = builder()
                .bounds(new Bounds(Duration.ofHours(8), Duration.ofHours(8), 1, 10))
                .build()) {
            store.create(session("k"));
            store.end("k", End.TERMINATED_BY_CLIENT);
            redis.letPass("sallyport", Duration.ofHours(7));
            store.create(session("k"));
            redis.letPass("sallyport", Duration.ofHours(3));

            assertThat(store.sweep(10)).isEmpty();

            assertThat(store.find("k")).isInstanceOf(Live.class);
        }
    }

    @Test
    void sessionsMayBeGivenAllTheTimeThereIs() {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE);
        try (SessionStore store =
                builder().bounds(new Bounds(forEver, forEver, 1, 1)).build()) {
            store.create(session("k"));
            redis.letPass("sallyport", Duration.ofDays(10_000));

            assertThat(store.find("k")).isInstanceOf(Live.class);
        }
    }

    @Test
    void gatewaysWithDifferentPrefixesShareNothing() {
        try (SessionStore one = builder().keyPrefix("one").build();
                SessionStore other = builder().keyPrefix("one:session").build()) {
            fill(one);

            assertThat(other.find("k")).isEqualTo(new Unknown());
            assertThat(other.size()).isZero();
            assertThat(other.list("", 10, Optional.empty())).isEmpty();
            assertThat(other.bus().nodes()).isEmpty();
            assertThat(other.create(session("k"))).isEqualTo(new Created(Optional.empty()));
            other.end("k", End.EVICTED);
            assertThat(one.find("k")).isInstanceOf(Live.class);
            assertThat(redis.commands().keys("*"))
                    .allMatch(key -> key.startsWith("{one}:") || key.startsWith("{one:session}:"));
        }
    }

    @Test
    void eventsOfFourMebibytesComeBackAsTheyWere() {
        String large = "é".repeat(2 * 1024 * 1024);
        try (SessionStore store = builder().build()) {
            store.create(session("k"));
            store.events().open("k", "s", "n", "");

            for (int i = 1; i <= 3; i++) {
                assertThat(store.events().append("k", "s", 1, i, List.of(i + large), false))
                        .isEqualTo(Appended.KEPT);
            }

            assertThat(store.events().read("k", "s", 0, 10).orElseThrow().events())
                    .singleElement()
                    .satisfies(event -> {
                        assertThat(event.number()).isEqualTo(3);
                        assertThat(event.data().equals(3 + large)).isTrue();
                    });
        }
    }

    /** Returns how often the server was asked for something that no script asks it for. */
    private static Map<String, Long> asked(Runnable what) {
        redis.commands().configResetstat();
        what.run();
        Map<String, Long> asked = new TreeMap<>();
        STATISTICS
                .matcher(redis.commands().info("commandstats"))
                .results()
                .forEach(line -> asked.put(line.group(1), Long.valueOf(line.group(2))));
        asked.keySet()
                .retainAll(List.of("eval", "evalsha", "script", "subscribe", "unsubscribe", "hello", "client", "ping"));
        return asked;
    }

    @Test
    void eachOperationIsOneRoundTrip() {
        try (SessionStore store = builder().build()) {
            // The first time, the server learns the script.
            for (int i = 0; i < 2; i++) {
                String key = "k" + i;
                Map<String, Runnable> operations = new TreeMap<>();
                store.create(session(key));
                store.events().open(key, "s", "n", "");
                store.bus().beat("n", Duration.ofSeconds(10));
                store.bus().post("n", "x");
                operations.put("create", () -> store.create(session(key + "+")));
                operations.put("find", () -> store.find(key));
                operations.put("find what has ended", () -> store.find("unknown"));
                operations.put("update", () -> store.update(session(key).withLogLevel("debug")));
                operations.put("end", () -> store.end(key + "+", End.EVICTED));
                operations.put("size", store::size);
                operations.put("sweep", () -> store.sweep(10));
                operations.put("list", () -> store.list("", 10, Optional.empty()));
                operations.put("open", () -> store.events().open(key, "t", "n", ""));
                operations.put("append", () -> store.events().append(key, "s", 1, 1, List.of("a", "b"), false));
                operations.put("read", () -> store.events().read(key, "s", 0, 10));
                operations.put("take", () -> store.events().take(key, "t", "m", true));
                operations.put("streams", () -> store.events().streams(key));
                operations.put("forget", () -> store.events().forget(key, "t"));
                operations.put("beat", () -> store.bus().beat("n", Duration.ofSeconds(10)));
                operations.put("post", () -> store.bus().post("n", "x"));
                operations.put("collect", () -> store.bus().collect("n", 0, 10, Duration.ofSeconds(10)));
                operations.put("nodes", () -> store.bus().nodes());
                Map<String, Map<String, Long>> asked = new TreeMap<>();
                operations.forEach((name, operation) -> asked.put(name, asked(operation)));
                if (i == 1) {
                    assertThat(asked)
                            .allSatisfy(
                                    (name, what) -> assertThat(what).as(name).isEqualTo(Map.of("evalsha", 1L)));
                }
            }
        }
    }

    @Test
    void useIsNotedOnceInATenthOfTheIdleTime() {
        try (SessionStore store = builder().build()) {
            store.create(session("k"));
            Duration tenth = Bounds.defaults().idle().dividedBy(10);
            String created = redis.commands().hget("{sallyport}:session:k", "used");
            redis.letPass("sallyport", tenth.minusSeconds(30));
            store.find("k");
            assertThat(redis.commands().hget("{sallyport}:session:k", "used")).isEqualTo(created);

            redis.letPass("sallyport", Duration.ofSeconds(30));
            store.find("k");

            assertThat(redis.commands().hget("{sallyport}:session:k", "used")).isNotEqualTo(created);
        }
    }

    @Test
    void aUserThatMayTouchNothingElseIsEnough() {
        redis.commands()
                .dispatch(
                        io.lettuce.core.protocol.CommandType.ACL,
                        new io.lettuce.core.output.StatusOutput<>(io.lettuce.core.codec.StringCodec.UTF8),
                        new io.lettuce.core.protocol.CommandArgs<>(io.lettuce.core.codec.StringCodec.UTF8)
                                .addValues(List.of(
                                        "SETUSER",
                                        "gateway",
                                        "on",
                                        ">s3cret-canary",
                                        "~{sallyport}*",
                                        "resetchannels",
                                        "&{sallyport}*",
                                        "+@all",
                                        "-@admin",
                                        "-@dangerous")));
        RedisURI uri = RedisURI.builder()
                .withHost("127.0.0.1")
                .withPort(redis.port())
                .withAuthentication("gateway", "s3cret-canary")
                .build();
        try (SessionStore store =
                RedisSessionStore.at(uri).clock(TestRedis.CLOCK).build()) {
            fill(store);
            assertThat(store.bus().collect("n", 0, 1, Duration.ofSeconds(10))).hasSize(1);
            assertThat(store.bus().collect("m", 0, 1, Duration.ofMillis(200))).isEmpty();
            assertThat(store.sweep(10)).isEmpty();
            assertThat(store.capabilities())
                    .as("CONFIG is not for this user")
                    .isEqualTo(new Capabilities(true, Durability.SERVER));
            assertThat(store.toString())
                    .isEqualTo("RedisSessionStore[{sallyport}, Redis at 127.0.0.1:" + redis.port() + "]");
        }
    }

    @Test
    void aServerThatWritesItsDiskBeforeItAnswersSaysSoAndKeepsAll(@TempDir Path directory) {
        try (TestRedis durable = TestRedis.with("appendonly yes", "appendfsync always", "dir " + directory);
                SessionStore store = RedisSessionStore.at(durable.uri()).build()) {
            assertThat(store.capabilities()).isEqualTo(new Capabilities(true, Durability.DISK));
            fill(store);

            durable.kill();
            durable.startAgain();

            assertThat(store.find("k")).isInstanceOf(Live.class);
            assertThat(store.find("gone")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
            assertThat(store.events().read("k", "s", 0, 10).orElseThrow().last())
                    .isEqualTo(2);
        }
    }

    @Test
    void aServerThatMayLoseTheLastSecondIsNoDisk(@TempDir Path directory) {
        try (TestRedis everySecond = TestRedis.with("appendonly yes", "appendfsync everysec", "dir " + directory);
                SessionStore store = RedisSessionStore.at(everySecond.uri()).build()) {
            assertThat(store.capabilities()).isEqualTo(new Capabilities(true, Durability.SERVER));
        }
    }

    @Test
    void aHostsClientStaysTheHosts() {
        RedisClient host = RedisClient.create();
        try {
            try (SessionStore store = RedisSessionStore.on(host, RedisURI.create("127.0.0.1", redis.port()))
                    .build()) {
                fill(store);
                assertThat(store.find("k")).isInstanceOf(Live.class);
            }

            assertThat(host.connect(RedisURI.create("127.0.0.1", redis.port()))
                            .sync()
                            .ping())
                    .isEqualTo("PONG");
        } finally {
            host.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }
}
