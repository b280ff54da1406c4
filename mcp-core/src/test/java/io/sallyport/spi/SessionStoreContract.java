package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Full;
import io.sallyport.spi.SessionStore.Live;
import io.sallyport.spi.SessionStore.Unknown;
import io.sallyport.testing.Incident;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link SessionStore} must do with sessions. An implementation's test implements {@link StoreContract} and
 * gets these tests with it.
 */
public interface SessionStoreContract {

    Principal ANN = new Principal("issuer", "client", "ann", "default");
    Principal BOB = new Principal("issuer", "client", "bob", "default");

    /** Returns a store of nothing with these bounds. */
    SessionStore open(Bounds bounds);

    /**
     * Returns the same store as another node sees it, if nodes can share it. Closing it leaves the first one working.
     */
    Optional<SessionStore> another(SessionStore store);

    /** Lets time pass for the stores: a clock that is set, or a real wait where a server keeps the time. */
    void letPass(Duration duration);

    /** Returns how long a session of these tests lives unused; a store with a real clock makes it short. */
    default Duration idle() {
        return Duration.ofMinutes(30);
    }

    /** Returns a part of {@link #idle} that the store's clock and the test's can tell from it. */
    private Duration aLittle() {
        return idle().dividedBy(5);
    }

    private Bounds bounds(int perPrincipal, int total) {
        return new Bounds(idle(), idle().multipliedBy(3), perPrincipal, total);
    }

    private static SessionRecord session(String key, Principal principal) {
        return SessionRecord.opened(key, "/mcp", principal, "2025-11-25", "{\"capabilities\":{\"x\":[1,\"é\"]}}");
    }

    private static SessionRecord live(SessionStore store, String key) {
        SessionStore.Lookup found = store.find(key);
        assertThat(found).isInstanceOf(Live.class);
        return ((Live) found).record();
    }

    @Test
    default void whatWasOpenedIsFoundAsItWas() {
        try (SessionStore store = open(bounds(2, 2))) {
            assertThat(store.create(session("k", ANN))).isEqualTo(new Created(Optional.empty()));

            SessionRecord found = live(store, "k");

            assertThat(found.key()).isEqualTo("k");
            assertThat(found.endpoint()).isEqualTo("/mcp");
            assertThat(found.principal()).isEqualTo(ANN);
            assertThat(found.protocolVersion()).isEqualTo("2025-11-25");
            assertThat(found.initializeParams()).isEqualTo("{\"capabilities\":{\"x\":[1,\"é\"]}}");
            assertThat(found.version()).isZero();
            assertThat(found.logLevel()).isEmpty();
            assertThat(found.subscriptions()).isEmpty();
            assertThat(store.size()).isEqualTo(1);
        }
    }

    @Test
    default void whatWasNeverOpenedIsUnknown() {
        try (SessionStore store = open(bounds(2, 2))) {
            assertThat(store.find("k")).isEqualTo(new Unknown());
            store.end("k", End.TERMINATED_BY_CLIENT);
            assertThat(store.find("k")).isEqualTo(new Unknown());
        }
    }

    @Test
    default void aKeyThatLivesIsNotGivenToAnother() {
        try (SessionStore store = open(bounds(2, 4))) {
            store.create(session("k", ANN));

            assertThatThrownBy(() -> store.create(session("k", BOB))).isInstanceOf(IllegalArgumentException.class);

            assertThat(live(store, "k").principal()).isEqualTo(ANN);
            assertThat(store.size()).isEqualTo(1);
        }
    }

    @Test
    default void aChangeIsKept() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));

            assertThat(store.update(live(store, "k").withLogLevel("debug"))).isTrue();
            assertThat(store.update(live(store, "k").withSubscriptions(Set.of("a:b", "c:d"))))
                    .isTrue();

            SessionRecord found = live(store, "k");
            assertThat(found.version()).isEqualTo(2);
            assertThat(found.logLevel()).contains("debug");
            assertThat(found.subscriptions()).containsExactlyInAnyOrder("a:b", "c:d");
            assertThat(found.initializeParams()).isEqualTo("{\"capabilities\":{\"x\":[1,\"é\"]}}");
        }
    }

    @Test
    default void aChangeOfAnOlderVersionIsNotTaken() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord first = session("k", ANN);
            store.create(first);
            store.update(first.withLogLevel("debug"));

            assertThat(store.update(first.withLogLevel("error"))).isFalse();
            assertThat(store.update(first)).isFalse();
            assertThat(store.update(first.withLogLevel("a").withLogLevel("b").withLogLevel("c")))
                    .isFalse();

            assertThat(live(store, "k").logLevel()).contains("debug");
        }
    }

    @Test
    default void aChangeNeverGivesASessionToSomebodyElse() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));

            assertThat(store.update(session("k", BOB).withLogLevel("debug"))).isFalse();

            assertThat(live(store, "k").principal()).isEqualTo(ANN);
        }
    }

    @Test
    default void aChangeDoesNotBringBackWhatHasEnded() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            assertThat(store.update(session.withLogLevel("debug"))).isFalse();
            store.create(session);
            store.end("k", End.TERMINATED_BY_CLIENT);

            assertThat(store.update(session.withLogLevel("debug"))).isFalse();

            assertThat(store.find("k")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
        }
    }

    @Test
    default void aChangeDoesNotBringBackWhatHasExpired() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);
            letPass(idle());

            assertThat(store.update(session.withLogLevel("debug"))).isFalse();

            assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_IDLE));
        }
    }

    @Test
    default void aChangeIsDecidedAgainOnWhatSomebodyFasterHasMadeOfIt() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);
            store.update(session.withLogLevel("debug"));

            Optional<SessionRecord> changed =
                    store.change(session, found -> Optional.of(found.withSubscriptions(Set.of("a:b"))));

            assertThat(changed).map(SessionRecord::version).hasValue(2L);
            assertThat(live(store, "k").logLevel()).contains("debug");
            assertThat(live(store, "k").subscriptions()).containsExactly("a:b");
        }
    }

    @Test
    default void aChangeThatIsNotNeededAnyMoreLeavesTheSessionAsItIs() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);
            store.update(session.withLogLevel("debug"));

            Optional<SessionRecord> left = store.change(
                    session,
                    found ->
                            found.logLevel().isPresent() ? Optional.empty() : Optional.of(found.withLogLevel("error")));

            assertThat(left).flatMap(SessionRecord::logLevel).contains("debug");
            assertThat(live(store, "k").version()).isEqualTo(1);
        }
    }

    @Test
    default void aSessionThatHasEndedIsNotChanged() {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);
            store.end("k", End.TERMINATED_BY_CLIENT);

            assertThat(store.change(session, found -> Optional.of(found.withLogLevel("debug"))))
                    .isEmpty();
        }
    }

    @Test
    default void noneOfManyChangesAtOnceIsLost() throws Exception {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);

            atOnce(4, i -> () -> store.change(session, found -> Optional.of(found.withUpstream("u" + i, "{}"))));

            assertThat(live(store, "k").upstreams()).containsOnlyKeys("u0", "u1", "u2", "u3");
        }
    }

    @Test
    default void ofManyChangesAtOnceOneIsTaken() throws Exception {
        try (SessionStore store = open(bounds(2, 2))) {
            SessionRecord session = session("k", ANN);
            store.create(session);

            List<Boolean> taken = atOnce(8, i -> () -> store.update(session.withLogLevel("level" + i)));

            assertThat(taken).containsOnlyOnce(true);
            assertThat(live(store, "k").logLevel()).contains("level" + taken.indexOf(true));
        }
    }

    @Test
    @Incident("S24")
    default void aSessionThatIsNotUsedExpires() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));
            letPass(idle());

            assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_IDLE));
            assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_IDLE));
            assertThat(store.size()).isZero();
        }
    }

    @Test
    @Incident("S24")
    default void aSessionThatIsUsedReachesItsGreatestAgeAndNoMore() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));
            // 12 times 4/5 of the idle time are over three times the idle time, the greatest age.
            Duration steps = idle().minus(aLittle());
            live(store, "k");
            letPass(steps);
            live(store, "k");
            letPass(steps);
            live(store, "k");
            letPass(steps);
            live(store, "k");
            letPass(steps);

            assertThat(store.find("k")).isEqualTo(new Ended(End.EXPIRED_MAX_AGE));
        }
    }

    @ParameterizedTest
    @EnumSource(End.class)
    @Incident("S24")
    default void howASessionEndedIsRemembered(End how) {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));

            store.end("k", how);
            store.end("k", how == End.EVICTED ? End.TERMINATED_BY_CLIENT : End.EVICTED);

            assertThat(store.find("k")).isEqualTo(new Ended(how));
            assertThat(store.size()).isZero();
        }
    }

    @Test
    default void aPrincipalHasAsManyAsAllowedAndThenLosesItsLeastRecentlyUsed() {
        try (SessionStore store = open(bounds(2, 10))) {
            store.create(session("bob", BOB));
            store.create(session("first", ANN));
            letPass(aLittle());
            assertThat(store.create(session("second", ANN))).isEqualTo(new Created(Optional.empty()));
            letPass(aLittle());
            live(store, "first");
            letPass(aLittle());

            assertThat(store.create(session("third", ANN))).isEqualTo(new Created(Optional.of("second")));

            assertThat(store.find("second")).isEqualTo(new Ended(End.EVICTED));
            live(store, "first");
            live(store, "third");
            live(store, "bob");
            assertThat(store.size()).isEqualTo(3);
        }
    }

    @Test
    default void endedSessionsDoNotCount() {
        try (SessionStore store = open(bounds(1, 1))) {
            store.create(session("a", ANN));
            store.end("a", End.TERMINATED_BY_CLIENT);
            store.end("a", End.TERMINATED_BY_CLIENT);
            assertThat(store.create(session("b", ANN))).isEqualTo(new Created(Optional.empty()));
            assertThat(store.create(session("c", ANN))).isEqualTo(new Created(Optional.of("b")));
            assertThat(store.size()).isEqualTo(1);
        }
    }

    @Test
    default void whenAllRoomIsTakenNobodyLosesASessionForAnother() {
        try (SessionStore store = open(bounds(2, 3))) {
            store.create(session("a1", ANN));
            store.create(session("a2", ANN));
            assertThat(store.create(session("b1", BOB))).isEqualTo(new Created(Optional.empty()));

            assertThat(store.create(session("b2", BOB))).isEqualTo(new Full());

            assertThat(store.find("b2")).isEqualTo(new Unknown());
            assertThat(store.size()).isEqualTo(3);
            assertThat(store.create(session("a3", ANN)))
                    .as("who is at the own bound may trade")
                    .isInstanceOf(Created.class);
        }
    }

    @Test
    default void whatHasExpiredMakesRoomAndIsTold() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("old", ANN));
            letPass(idle().minus(aLittle()));
            store.create(session("young", ANN));
            letPass(aLittle());

            assertThat(store.create(session("new", BOB))).isEqualTo(new Created(Optional.of("old")));

            assertThat(store.find("old")).isEqualTo(new Ended(End.EXPIRED_IDLE));
            live(store, "young");
            live(store, "new");
        }
    }

    @Test
    default void whatHasExpiredOfOnesOwnMakesRoomBeforeWhatLives() {
        try (SessionStore store = open(bounds(2, 10))) {
            store.create(session("aged", ANN));
            Duration step = idle().minus(aLittle());
            letPass(step);
            live(store, "aged");
            letPass(step);
            live(store, "aged");
            letPass(step);
            live(store, "aged");
            store.create(session("young", ANN));
            letPass(aLittle());
            live(store, "aged");
            letPass(idle().minus(aLittle().multipliedBy(2)));

            assertThat(store.create(session("new", ANN)))
                    .as("used later, but it has reached its greatest age")
                    .isEqualTo(new Created(Optional.of("aged")));

            assertThat(store.find("aged")).isEqualTo(new Ended(End.EXPIRED_MAX_AGE));
            live(store, "young");
        }
    }

    @Test
    default void sweepingTellsEachExpiredSessionOnce() {
        try (SessionStore store = open(bounds(10, 10))) {
            for (String key : List.of("a", "b", "c")) {
                store.create(session(key, ANN));
            }
            letPass(idle());
            store.create(session("young", ANN));

            List<String> swept = new ArrayList<>(store.sweep(2));
            assertThat(swept).hasSize(2);
            swept.addAll(store.sweep(2));

            assertThat(swept).containsExactlyInAnyOrder("a", "b", "c");
            assertThat(store.sweep(2)).isEmpty();
            assertThat(store.find("a")).isEqualTo(new Ended(End.EXPIRED_IDLE));
            live(store, "young");
        }
    }

    @Test
    default void manyAtOnceStayWithinTheBounds() throws Exception {
        try (SessionStore store = open(bounds(3, 5))) {
            List<SessionStore.Creation> opened =
                    atOnce(8, i -> () -> store.create(session("k" + i, i % 2 == 0 ? ANN : BOB)));

            long evicted = opened.stream()
                    .filter(creation -> creation instanceof Created created
                            && created.evicted().isPresent())
                    .count();
            long made = opened.stream().filter(Created.class::isInstance).count();
            assertThat(store.size()).isEqualTo((int) (made - evicted)).isLessThanOrEqualTo(5);
            for (Principal principal : List.of(ANN, BOB)) {
                assertThat(IntStream.range(0, 8)
                                .filter(i -> store.find("k" + i) instanceof Live live
                                        && live.record().principal().equals(principal))
                                .count())
                        .isLessThanOrEqualTo(3);
            }
        }
    }

    @Test
    default void theStatesAtUpstreamsAreKept() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));

            store.update(live(store, "k").withUpstream("a", "1"));
            store.update(live(store, "k").withUpstream("b", "é"));

            assertThat(live(store, "k").upstreams()).containsEntry("a", "1").containsEntry("b", "é");
        }
    }

    @Test
    default void livingSessionsAreListedByTheirKeys() {
        try (SessionStore store = open(bounds(5, 10))) {
            for (String key : List.of("c", "a", "d")) {
                store.create(session(key, ANN));
            }
            store.create(session("b", BOB));
            store.end("d", End.TERMINATED_BY_CLIENT);

            assertThat(keys(store.list("", 10, Optional.empty()))).containsExactly("a", "b", "c");
            assertThat(keys(store.list("", 2, Optional.empty()))).containsExactly("a", "b");
            assertThat(keys(store.list("b", 2, Optional.empty()))).containsExactly("c");
            assertThat(keys(store.list("", 10, Optional.of(BOB)))).containsExactly("b");
            assertThat(store.list("", 1, Optional.empty()).get(0).record().principal())
                    .isEqualTo(ANN);
        }
    }

    @Test
    default void whatHasExpiredIsNeitherListedNorGivenStreams() {
        try (SessionStore store = open(bounds(5, 10))) {
            store.create(session("old", ANN));
            letPass(idle());
            store.create(session("young", ANN));

            assertThat(keys(store.list("", 10, Optional.empty()))).containsExactly("young");
            assertThat(keys(store.list("", 10, Optional.of(ANN)))).containsExactly("young");
            assertThat(store.events().open("old", "a", "n", "{}")).isEmpty();
        }
    }

    private static List<String> keys(List<SessionStore.Summary> sessions) {
        return sessions.stream().map(session -> session.record().key()).toList();
    }

    @Test
    default void anOperatorSeesWhenASessionWasOpenedAndUsed() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));
            SessionStore.Summary before = store.list("", 1, Optional.empty()).get(0);
            letPass(aLittle());
            live(store, "k");

            SessionStore.Summary after = store.list("", 1, Optional.empty()).get(0);

            assertThat(before.used()).isEqualTo(before.opened());
            assertThat(after.used()).isAfter(before.used());
            // A span, not moments: time may pass by moving what is kept into the past.
            assertThat(Duration.between(after.opened(), after.used())).isBetween(aLittle(), idle());
        }
    }

    @Test
    default void whatOneNodeWritesTheOthersSeeIfTheStoreSaysSo() {
        try (SessionStore store = open(bounds(2, 2))) {
            store.create(session("k", ANN));
            Optional<SessionStore> other = another(store);

            assertThat(store.capabilities().isShared()).isEqualTo(other.isPresent());

            other.ifPresent(shared -> {
                try (shared) {
                    assertThat(shared.update(live(shared, "k").withLogLevel("debug")))
                            .isTrue();
                    assertThat(live(store, "k").logLevel()).contains("debug");
                    store.end("k", End.TERMINATED_BY_CLIENT);
                    assertThat(shared.find("k")).isEqualTo(new Ended(End.TERMINATED_BY_CLIENT));
                }
                assertThat(store.size()).isZero();
            });
        }
    }

    @Test
    default void whatAStoreSaysOfItselfFitsTogether() {
        try (SessionStore store = open(bounds(2, 2))) {
            assertThat(store.bounds()).isEqualTo(bounds(2, 2));
            assertThat(store.capabilities().durability()).isNotEqualTo(SessionStore.Durability.NONE);
            assertThat(store.capabilities().isShared())
                    .isEqualTo(store.capabilities().durability().compareTo(SessionStore.Durability.PROCESS) > 0);
        }
    }

    private static <T> List<T> atOnce(int threads, java.util.function.IntFunction<Callable<T>> task) throws Exception {
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
}
