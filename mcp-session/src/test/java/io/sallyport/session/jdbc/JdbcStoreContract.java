package io.sallyport.session.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.sallyport.spi.ClusterBus;
import io.sallyport.spi.EventLog;
import io.sallyport.spi.EventLog.Appended;
import io.sallyport.spi.EventLog.Pen;
import io.sallyport.spi.Principal;
import io.sallyport.spi.SchemaMigrator;
import io.sallyport.spi.SessionRecord;
import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Unknown;
import io.sallyport.testing.Incident;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a {@link JdbcSessionStore} does on each kind of database, beyond what every store does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class JdbcStoreContract {

    static final Principal ANN = new Principal("issuer", "client", "ann", "default");

    private static final int NODES = 4;
    private static final Duration LEASE = Duration.ofMinutes(10);

    HikariDataSource database;

    /** Returns a database without tables, and at least eight connections to it. */
    abstract HikariDataSource emptyDatabase();

    @BeforeAll
    void connect() {
        database = emptyDatabase();
        JdbcSessionStore.schema(database).run(SchemaMigrator.Mode.MIGRATE);
    }

    @AfterAll
    void disconnect() {
        database.close();
    }

    @BeforeEach
    void empty() {
        Tables.empty(database);
    }

    JdbcSessionStore store(Bounds bounds) {
        return JdbcSessionStore.on(database).bounds(bounds).build();
    }

    JdbcSessionStore store() {
        return store(Bounds.defaults());
    }

    static SessionRecord session(String key, Principal principal) {
        return SessionRecord.opened(key, "/mcp", principal, "2025-11-25", "{}");
    }

    static Principal somebody(int number) {
        return new Principal("issuer", "client", "user " + number, "default");
    }

    long count(String sql) {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    static <T> List<T> atOnce(int threads, IntFunction<Callable<T>> task) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Callable<T>> tasks = IntStream.range(0, threads)
                    .<Callable<T>>mapToObj(i -> () -> {
                        start.await();
                        return task.apply(i).call();
                    })
                    .toList();
            List<T> results = new ArrayList<>();
            for (Future<T> future : pool.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    @Incident("S107")
    void tablesAreEmptyOnceAllInThemHasExpired() {
        JdbcSessionStore store = store();
        store.bus().beat("n", LEASE);
        store.bus().post("n", "x");
        for (int i = 0; i < 5; i++) {
            store.create(session("k" + i, ANN));
            store.events().open("k" + i, "a", "n", "{}");
            store.events().append("k" + i, "a", 1, 1, List.of("x", "y"), i == 0);
        }
        store.end("k0", End.TERMINATED_BY_CLIENT);
        for (String table : Tables.NAMES) {
            assertThat(count("select count(*) from " + table)).as(table).isPositive();
        }

        Tables.age(database, Bounds.defaults().idle());
        assertThat(store.sweep(10)).containsExactlyInAnyOrder("k1", "k2", "k3", "k4");
        Tables.age(database, Bounds.defaults().absolute());
        assertThat(store.sweep(10)).isEmpty();

        for (String table : Tables.NAMES) {
            assertThat(count("select count(*) from " + table)).as(table).isZero();
        }
    }

    @Test
    @Incident("S107")
    void asManyEndsAreRememberedAsThereMayBeSessions() {
        JdbcSessionStore store = store(new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 1, 2));
        for (String key : List.of("a", "b", "c")) {
            store.create(session(key, ANN));
            store.end(key, End.TERMINATED_BY_CLIENT);
        }

        store.sweep(1);

        assertThat(store.find("a")).isEqualTo(new Unknown());
        assertThat(store.find("b")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
        assertThat(store.find("c")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
    }

    @Test
    void anEndIsRememberedUntilTheSessionWouldHaveBeenTooOld() {
        JdbcSessionStore store = store();
        store.create(session("k", ANN));
        store.end("k", End.EVICTED);
        Tables.age(database, Bounds.defaults().absolute().minusSeconds(60));
        store.sweep(1);
        assertThat(store.find("k")).isEqualTo(new Ended(End.EVICTED));

        Tables.age(database, Duration.ofSeconds(60));
        store.sweep(1);

        assertThat(store.find("k")).isEqualTo(new Unknown());
    }

    @Test
    void aUseIsNotedOncePerTenthOfTheIdleTime() {
        JdbcSessionStore store = store();
        store.create(session("k", ANN));
        Instant opened = used(store);
        store.find("k");
        assertThat(used(store)).isEqualTo(opened);

        Tables.age(database, Bounds.defaults().idle().dividedBy(10));
        store.find("k");

        assertThat(used(store)).isAfterOrEqualTo(opened);
    }

    private static Instant used(JdbcSessionStore store) {
        return store.list("", 1, Optional.empty()).get(0).used();
    }

    @Test
    void whatALookUpFindsExpiredASweepTellsToAll() {
        JdbcSessionStore store = store();
        store.create(session("k", ANN));
        Tables.age(database, Bounds.defaults().idle());

        assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_IDLE));

        assertThat(store.sweep(10)).containsExactly("k");
        assertThat(store.sweep(10)).isEmpty();
    }

    @Test
    void sessionsMayBeGivenAllTheTimeThereIs() {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE);
        JdbcSessionStore store = store(new Bounds(forEver, forEver, 1, 1));
        store.create(session("k", ANN));
        Tables.age(database, Duration.ofDays(365_000));

        assertThat(store.find("k")).isInstanceOf(Live.class);
        assertThat(store.sweep(1)).isEmpty();
        assertThat(store.bus().beat("n", forEver)).isFalse();
        assertThat(store.bus().nodes()).containsExactly("n");
    }

    @Test
    void textsOfAllLengthsAreKept() {
        JdbcSessionStore store = store(Bounds.defaults().withStreams(20_000_000, 2));
        String text = "\"é\uD83D\uDE00\\u0000".repeat(400_000);
        SessionRecord session = SessionRecord.opened("k", "/mcp", ANN, "2025-11-25", text);
        store.create(session);
        store.events().open("k", "a", "n", "{}");
        store.events().append("k", "a", 1, 1, List.of(text, "", text), false);
        store.bus().beat("n", LEASE);
        store.bus().post("n", text);

        assertThat(((Live) store.find("k")).record().initializeParams()).isEqualTo(text);
        assertThat(store.events().read("k", "a", 0, 3).orElseThrow().events())
                .containsExactly(new EventLog.Event(1, text), new EventLog.Event(2, ""), new EventLog.Event(3, text));
        assertThat(store.bus().collect("n", 0, 1, Duration.ZERO).get(0).text()).isEqualTo(text);
    }

    @Test
    void ofAllChangesThatAreTakenNoneIsLost() throws Exception {
        store().create(session("k", ANN));
        int changes = 25;

        List<List<Long>> won = atOnce(NODES, node -> () -> {
            JdbcSessionStore store = store();
            List<Long> versions = new ArrayList<>();
            while (versions.size() < changes) {
                SessionRecord next =
                        ((Live) store.find("k")).record().withUpstream(node + "-" + versions.size(), "kept");
                if (store.update(next)) {
                    versions.add(next.version());
                }
            }
            return versions;
        });

        assertThat(won.stream().flatMap(List::stream))
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.rangeClosed(1, NODES * changes).boxed().toList());
        assertThat(((Live) store().find("k")).record().upstreams()).hasSize(NODES * changes);
    }

    @Test
    void whatAFencedWriterWritesIsNowhereAndWhatWasKeptIsAllThere() throws Exception {
        store().create(session("k", ANN));
        store().events().open("k", "a", "first", "{}");
        Map<Long, String> kept = new ConcurrentSkipListMap<>();
        int turns = 15;

        List<Integer> refused = atOnce(NODES, node -> () -> {
            EventLog log = store().events();
            int fenced = 0;
            for (int turn = 0; turn < turns; turn++) {
                Pen pen = log.take("k", "a", "node" + node, true).orElseThrow();
                long number = pen.last();
                Appended last = Appended.KEPT;
                for (int i = 0; i < 10 && last == Appended.KEPT; i++) {
                    String data = "fence " + pen.fence() + " of " + node;
                    last = log.append("k", "a", pen.fence(), number + 1, List.of(data), false);
                    if (last == Appended.KEPT) {
                        number++;
                        assertThat(kept.put(number, pen.fence() + " " + data))
                                .as("kept twice")
                                .isNull();
                    }
                }
                fenced += last == Appended.FENCED ? 1 : 0;
            }
            return fenced;
        });

        EventLog.Reading reading = store().events().read("k", "a", 0, 10_000).orElseThrow();
        assertThat(reading.events()).extracting(EventLog.Event::number).containsExactlyElementsOf(kept.keySet());
        assertThat(kept.keySet())
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, reading.last()).boxed().toList());
        assertThat(reading.events())
                .allSatisfy(event -> assertThat(kept.get(event.number())).endsWith(event.data()));
        assertThat(kept.values().stream().map(text -> Long.parseLong(text.split(" ")[0])))
                .as("fences only grow")
                .isSorted();
        assertThat(refused.stream().mapToInt(Integer::intValue).sum())
                .as("the writers were in each other's way")
                .isPositive();
        assertThat(store().events().take("k", "a", "last", true).orElseThrow().fence())
                .isEqualTo(NODES * turns + 2);
    }

    @Test
    void ofManyThatInheritAStreamAtOnceOneDoes() throws Exception {
        JdbcSessionStore store = store();
        store.create(session("k", ANN));
        store.events().open("k", "a", "dead", "{}");
        for (int node = 0; node < NODES; node++) {
            store.bus().beat("node" + node, LEASE);
        }

        List<Optional<Pen>> pens = atOnce(NODES, node -> () -> store.events().take("k", "a", "node" + node, false));

        assertThat(pens.stream().flatMap(Optional::stream)).containsExactly(new Pen(2, 0, "{}"));
    }

    @Test
    void whenManyNodesSweepAtOnceEachExpiredSessionIsToldOnce() throws Exception {
        List<String> keys =
                IntStream.range(0, 100).mapToObj(i -> String.format("k%03d", i)).toList();
        for (int i = 0; i < keys.size(); i++) {
            store().create(session(keys.get(i), somebody(i / 10)));
        }
        Tables.age(database, Bounds.defaults().idle());

        List<List<String>> swept = atOnce(NODES, node -> () -> {
            JdbcSessionStore store = store();
            List<String> told = new ArrayList<>();
            for (int round = 0; round < keys.size(); round++) {
                told.addAll(store.sweep(7));
            }
            return told;
        });

        assertThat(swept.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(keys);
    }

    @Test
    void aPrincipalThatOpensManyAtOnceHasAsManyAsItMay() throws Exception {
        int each = 5;
        atOnce(NODES, node -> () -> {
            JdbcSessionStore store = store(new Bounds(Duration.ofMinutes(1), Duration.ofMinutes(1), 3, 10_000));
            for (int i = 0; i < each; i++) {
                store.create(session("k" + node + "-" + i, ANN));
            }
            return true;
        });

        assertThat(store().size()).isEqualTo(3);
        assertThat(count("select count(*) from sallyport_session where ended = 'evicted'"))
                .isEqualTo(NODES * each - 3);
    }

    @Test
    void lettersPostedByManyAtOnceAreAllReadAndEachOnce() throws Exception {
        store().bus().beat("n", LEASE);
        int each = 50;

        List<List<String>> read = atOnce(NODES, node -> () -> {
            JdbcSessionStore store = store();
            List<String> texts = new ArrayList<>();
            if (node > 0) {
                for (int i = 0; i < each; i++) {
                    store.bus().post("n", node + "-" + i);
                }
                return texts;
            }
            long after = 0;
            while (texts.size() < (NODES - 1) * each) {
                List<ClusterBus.Letter> letters = store.bus().collect("n", after, 3, Duration.ofSeconds(10));
                assertThat(letters).as("nothing more came").isNotEmpty();
                for (ClusterBus.Letter letter : letters) {
                    assertThat(letter.number()).isGreaterThan(after);
                    after = letter.number();
                    texts.add(letter.text());
                }
            }
            return texts;
        });

        assertThat(read.get(0)).doesNotHaveDuplicates().hasSize((NODES - 1) * each);
    }
}
