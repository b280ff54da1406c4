package io.sallyport.session.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.lettuce.core.RedisURI;
import io.sallyport.spi.ClusterBus.Letter;
import io.sallyport.spi.ClusterBus.Posted;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Event;
import io.sallyport.spi.EventLog.Reading;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore;
import io.sallyport.spi.SessionStore.Capabilities;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.Durability;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Unknown;
import io.sallyport.spi.StoreUnavailableException;
import io.sallyport.testing.Incident;
import io.sallyport.testing.Waiting;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a store whose server is away, slow, full or not to be had. */
class RedisFaultsTest {

    private static final Duration SHORT = Duration.ofMillis(300);

    private static final Pattern CONNECTION = Pattern.compile("\\bid=(\\d+)");

    /** Long enough to begin to wait. */
    private static final Duration AWHILE = Duration.ofMillis(200);

    private TestRedis redis;

    @BeforeEach
    void start() {
        redis = TestRedis.with();
    }

    @AfterEach
    void stop() {
        redis.close();
    }

    private static SessionRecord session(String key) {
        return SessionRecord.opened(key, "/mcp", Principal.anonymous(), "2025-11-25", "{}");
    }

    private RedisSessionStore store() {
        return RedisSessionStore.at(redis.uri()).build();
    }

    @Test
    @Incident("S24")
    void aStoreGoesOnWhenItsServerHasBeenStartedAnew() {
        try (SessionStore store = store()) {
            store.create(session("before"));
            store.bus().beat("n", Duration.ofSeconds(10));
            assertThat(store.bus().collect("n", 0, 1, AWHILE)).isEmpty();

            redis.stop();
            assertThatThrownBy(() -> store.find("before"))
                    .as("it may be under way when the connection breaks")
                    .isInstanceOf(StoreUnavailableException.class);
            String gone = "Redis at 127.0.0.1:" + redis.port() + " cannot be reached";
            Waiting.until("the connection is known to be broken", () -> {
                Throwable failure = catchThrowable(() -> store.find("before"));
                assertThat(failure).isInstanceOf(StoreUnavailableException.class);
                return gone.equals(failure.getMessage()) ? gone : null;
            });
            assertThatThrownBy(() -> store.bus().collect("n", 0, 1, Duration.ofMinutes(10)))
                    .isInstanceOf(StoreUnavailableException.class);
            redis.startAgain();

            assertThat(store.find("before")).as("kept in memory only").isEqualTo(new Unknown());
            assertThat(store.create(session("after"))).isEqualTo(new Created(Optional.empty()));
            store.bus().beat("n", Duration.ofSeconds(10));
            assertThat(store.bus().collect("n", 0, 1, AWHILE)).isEmpty();
            assertThat(store.bus().post("n", "x")).isEqualTo(Posted.KEPT);
            assertThat(store.bus().collect("n", 0, 1, Duration.ofSeconds(10))).hasSize(1);
        }
    }

    @Test
    void aStoreMayBeThereBeforeItsServer() {
        redis.stop();
        try (SessionStore store = store()) {
            assertThat(store.capabilities()).isEqualTo(new Capabilities(true, Durability.SERVER));
            assertThatThrownBy(store::size).isInstanceOf(StoreUnavailableException.class);

            redis.startAgain();

            assertThat(store.size()).isZero();
        }
    }

    @Test
    void aServerThatHangsHoldsNobodyUpAndWhatWasSentIsThereOnce() {
        try (SessionStore store =
                RedisSessionStore.at(redis.uri()).commandTimeout(SHORT).build()) {
            store.create(session("k"));
            store.events().open("k", "s", "n", "");
            store.events().append("k", "s", 1, 1, List.of("one"), false);

            redis.freeze();
            try {
                assertThatThrownBy(() -> store.events().append("k", "s", 1, 2, List.of("two"), false))
                        .isInstanceOf(StoreUnavailableException.class)
                        .hasMessage("Redis at 127.0.0.1:" + redis.port() + " did not answer within PT0.3S");
                assertThatThrownBy(() -> store.find("k"))
                        .isInstanceOf(StoreUnavailableException.class)
                        .hasMessageEndingWith("cannot be reached");
            } finally {
                redis.thaw();
            }

            assertThat(Waiting.until("the server answers again", () -> appendedAgain(store)))
                    .isEqualTo(Appended.KEPT);
            assertThat(store.events().read("k", "s", 0, 10))
                    .contains(new Reading(List.of(new Event(1, "one"), new Event(2, "two")), 2, false, "n"));
        }
    }

    private static Appended appendedAgain(SessionStore store) {
        try {
            return store.events().append("k", "s", 1, 2, List.of("two"), false);
        } catch (StoreUnavailableException notYet) {
            return null;
        }
    }

    @Test
    void aConnectionThatWasLostWithoutAWordIsReplaced() {
        try (SilentProxy network = new SilentProxy(redis.port());
                SessionStore store = RedisSessionStore.at(URI.create("redis://127.0.0.1:" + network.port()))
                        .commandTimeout(SHORT)
                        .build()) {
            store.create(session("k"));
            network.loseConnections();
            assertThatThrownBy(() -> store.find("k")).isInstanceOf(StoreUnavailableException.class);

            assertThat(store.find("k")).isInstanceOf(Live.class);
        }
    }

    @Test
    void whatWasUnderWayWhenAConnectionBrokeIsNotSentAgain() throws Exception {
        try (SilentProxy network = new SilentProxy(redis.port());
                SessionStore store = RedisSessionStore.at(URI.create("redis://127.0.0.1:" + network.port()))
                        .commandTimeout(Duration.ofMinutes(1))
                        .build()) {
            store.bus().beat("n", Duration.ofMinutes(1));
            store.bus().post("n", "before");
            network.loseAnswers();
            CompletableFuture<Posted> post =
                    CompletableFuture.supplyAsync(() -> store.bus().post("n", "once"));
            Waiting.until("the server has it", () -> redis.commands().xlen("{sallyport}:inbox:n") == 2 ? true : null);

            network.breakConnections();

            assertThatThrownBy(() -> post.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(StoreUnavailableException.class);
            assertThat(store.bus().collect("n", 0, 10, Duration.ZERO))
                    .extracting(Letter::text)
                    .containsExactly("before", "once");
        }
    }

    @Test
    void whoWaitsForALetterIsCalled() throws Exception {
        try (Link link =
                new Link(RedisURI.create(redis.uri()), null, Duration.ofSeconds(2), "{x}", Operation.SERVER_CLOCK)) {
            var line = link.listen("letters", null);
            assertThat(link.listen("letters", line)).isSameAs(line);
            CompletableFuture<Boolean> waiting =
                    CompletableFuture.supplyAsync(() -> link.awaitCall(0, TimeUnit.MINUTES.toNanos(10)));

            redis.commands().publish("letters", "");

            assertThat(waiting.get(10, TimeUnit.SECONDS)).isTrue();
            assertThat(link.called()).isEqualTo(1);
        }
    }

    @Test
    void aLetterArrivesEvenIfTheCallForItIsLost() throws Exception {
        try (SilentProxy network = new SilentProxy(redis.port());
                SessionStore store = RedisSessionStore.at(URI.create("redis://127.0.0.1:" + network.port()))
                        .build()) {
            store.bus().beat("n", Duration.ofMinutes(1));
            store.bus().collect("n", 0, 1, Duration.ZERO);
            redis.commands().configResetstat();
            CompletableFuture<List<Letter>> waiting =
                    CompletableFuture.supplyAsync(() -> store.bus().collect("n", 0, 1, Duration.ofMinutes(1)));
            Waiting.until(
                    "it has looked before and after it asked to be called",
                    () -> redis.commands().info("commandstats").contains("cmdstat_evalsha:calls=2,") ? true : null);

            // Not published: as if the message had been lost.
            redis.commands().xadd("{sallyport}:inbox:n", new io.lettuce.core.XAddArgs().id("7-0"), "t", "hello");

            assertThat(waiting.get(20, TimeUnit.SECONDS)).containsExactly(new Letter(7, "hello"));
        }
    }

    @Test
    void whoIsInterruptedGetsThingsInOrderButWaitsForNoLetter() {
        try (SessionStore store = store()) {
            store.bus().beat("n", Duration.ofMinutes(1));
            store.create(session("k"));
            Thread.currentThread().interrupt();

            assertThat(store.bus().collect("n", 0, 1, Duration.ofMinutes(10))).isEmpty();
            store.end("k", SessionStore.End.TERMINATED_BY_CLIENT);

            assertThat(Thread.interrupted()).isTrue();
            assertThat(store.size()).isZero();
        }
    }

    @Test
    void whoWaitsForALetterStopsWhenInterrupted() throws Exception {
        try (SessionStore store = store()) {
            AtomicReference<Object> got = new AtomicReference<>();
            Thread waiting = new Thread(() -> got.set(store.bus().collect("n", 0, 1, Duration.ofMinutes(10))));
            waiting.start();
            Waiting.until("it waits", () -> redis.commands().pubsubChannels().isEmpty() ? null : true);

            waiting.interrupt();

            waiting.join(10_000);
            assertThat(got.get()).isEqualTo(List.of());
        }
    }

    @Test
    void aServerWithoutRoomIsTakenForUnavailable() {
        try (SessionStore store = store()) {
            store.create(session("k"));
            redis.commands().configSet("maxmemory", "1");

            assertThatThrownBy(() -> store.create(session("another")))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessage("Redis at 127.0.0.1:" + redis.port() + " refused a command: OOM");

            redis.commands().configSet("maxmemory", "0");
            assertThat(store.size()).isEqualTo(1);
        }
    }

    @Test
    void aServerThatIsNoPrimaryAnyMoreIsLeft() {
        try (SessionStore store = store()) {
            store.create(session("k"));
            long connection = connectionOfTheStore();
            redis.commands().replicaof("127.0.0.1", 1);

            assertThatThrownBy(() -> store.create(session("another")))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessage("Redis at 127.0.0.1:" + redis.port() + " refused a command: READONLY");
            assertThat(store.size()).isEqualTo(1);

            assertThat(connectionOfTheStore()).isNotEqualTo(connection);
            redis.commands().replicaofNoOne();
            assertThat(store.create(session("another"))).isInstanceOf(Created.class);
        }
    }

    private long connectionOfTheStore() {
        long own = redis.commands().clientId();
        return CONNECTION
                .matcher(redis.commands().clientList())
                .results()
                .mapToLong(line -> Long.parseLong(line.group(1)))
                .filter(id -> id > own)
                .max()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3cret-canary", ""})
    void aPasswordIsToldToNobodyButTheServer(String password) {
        redis.commands().configSet("requirepass", "another-canary");
        URI uri =
                URI.create("redis://" + (password.isEmpty() ? "" : ":" + password + "@") + "127.0.0.1:" + redis.port());
        RedisSessionStore.Builder builder = RedisSessionStore.at(uri).commandTimeout(SHORT);
        try (RedisSessionStore store = builder.build()) {
            StringWriter all = new StringWriter();
            assertThatThrownBy(() -> store.create(session("k")))
                    .isInstanceOf(StoreUnavailableException.class)
                    .satisfies(e -> e.printStackTrace(new PrintWriter(all)));

            assertThat(all.toString())
                    .contains("Redis at 127.0.0.1:" + redis.port())
                    .doesNotContain("canary");
            assertThat(store.toString() + builder).doesNotContain("canary");
        }
    }

    @Test
    void nothingIsLeftOfAStoreThatWasClosed() {
        RedisSessionStore store = store();
        store.create(session("k"));
        store.bus().collect("n", 0, 1, AWHILE);
        assertThat(threads()).isPositive();
        long clients = redis.commands().clientList().lines().count();

        store.close();
        store.close();

        assertThat(clients).isEqualTo(3);
        Waiting.until("its threads have ended", () -> threads() == 0 ? true : null);
        Waiting.until(
                "its connections are gone",
                () -> redis.commands().clientList().lines().count() == 1 ? true : null);
        assertThatThrownBy(() -> store.find("k"))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessage("the store has been closed");
        assertThat(redis.commands().exists("{sallyport}:session:k")).isEqualTo(1);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("sallyport-redis"))
                .count();
    }
}
