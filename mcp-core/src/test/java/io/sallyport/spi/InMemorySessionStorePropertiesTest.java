package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.spi.SessionStore.Bounds;
import io.sallyport.spi.SessionStore.Created;
import io.sallyport.spi.SessionStore.End;
import io.sallyport.spi.SessionStore.Ended;
import io.sallyport.spi.SessionStore.Live;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever happens in whatever order: bounds hold, times hold, and the end of each session is told once. */
class InMemorySessionStorePropertiesTest {

    private static final Bounds BOUNDS = new Bounds(Duration.ofSeconds(10), Duration.ofSeconds(25), 3, 5);
    private static final List<Principal> PRINCIPALS = List.of(
            new Principal("i", "c", "ann", "t"),
            new Principal("i", "c", "bob", "t"),
            new Principal("i", "c", "eve", "t"));

    private enum Doing {
        CREATE,
        FIND,
        UPDATE,
        END,
        SWEEP,
        PASS
    }

    private record Step(Doing doing, int which) {}

    private record Known(Principal principal, Instant opened, Instant used) {
        boolean expiredAt(Instant now) {
            return !now.isBefore(opened.plus(BOUNDS.absolute())) || !now.isBefore(used.plus(BOUNDS.idle()));
        }
    }

    private Instant now = Instant.EPOCH;

    @Property(tries = 500)
    void boundsHoldTimesHoldAndEachEndIsToldOnce(@ForAll("steps") List<Step> steps) {
        now = Instant.EPOCH;
        SessionStore store = SessionStore.inMemory(BOUNDS, () -> now);
        Map<String, Known> known = new HashMap<>();
        Set<String> told = new HashSet<>();

        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            String key = "k" + step.which() % (i + 1);
            switch (step.doing()) {
                case CREATE -> {
                    Principal principal = PRINCIPALS.get(step.which() % 3);
                    String created = "k" + i;
                    if (store.create(SessionRecord.opened(created, "/mcp", principal, "v", "{}"))
                            instanceof Created done) {
                        done.evicted().ifPresent(gone -> {
                            Known its = known.remove(gone);
                            boolean otherOwnExpired = known.values().stream()
                                    .anyMatch(other -> other.principal().equals(principal) && other.expiredAt(now));
                            assertThat(its.expiredAt(now) || its.principal().equals(principal) && !otherOwnExpired)
                                    .as("nobody loses a session for another's, nor one that lives for want of a look")
                                    .isTrue();
                            assertThat(told.add(gone)).isTrue();
                        });
                        known.put(created, new Known(principal, now, now));
                    } else {
                        assertThat(known).hasSize(BOUNDS.total());
                    }
                }
                case FIND -> {
                    SessionStore.Lookup found = store.find(key);
                    Known its = known.get(key);
                    assertThat(found instanceof Live).isEqualTo(its != null && !its.expiredAt(now));
                    if (found instanceof Live) {
                        known.put(key, new Known(its.principal(), its.opened(), now));
                    } else if (found instanceof Ended && known.remove(key) != null) {
                        assertThat(told.add(key)).isTrue();
                    }
                }
                case UPDATE -> {
                    Known its = known.get(key);
                    if (its != null && store.find(key) instanceof Live live) {
                        assertThat(store.update(live.record().withLogLevel("debug")))
                                .isTrue();
                        known.put(key, new Known(its.principal(), its.opened(), now));
                    } else if (known.remove(key) != null) {
                        assertThat(told.add(key)).isTrue();
                    }
                }
                case END -> {
                    store.end(key, End.TERMINATED_BY_CLIENT);
                    known.remove(key);
                }
                case SWEEP ->
                    store.sweep(1 + step.which() % 3).forEach(gone -> {
                        assertThat(known.remove(gone).expiredAt(now)).isTrue();
                        assertThat(told.add(gone)).isTrue();
                    });
                default -> now = now.plusSeconds(step.which() % 12);
            }

            assertThat(store.size()).isEqualTo(known.size()).isLessThanOrEqualTo(BOUNDS.total());
            for (Principal principal : PRINCIPALS) {
                assertThat(known.values().stream()
                                .filter(its -> its.principal().equals(principal))
                                .count())
                        .isLessThanOrEqualTo(BOUNDS.perPrincipal());
            }
        }

        now = now.plus(BOUNDS.absolute());
        assertThat(store.sweep(Integer.MAX_VALUE)).containsExactlyInAnyOrderElementsOf(known.keySet());
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Doing> doing = Arbitraries.of(
                Doing.CREATE, Doing.CREATE, Doing.CREATE, Doing.FIND, Doing.UPDATE, Doing.END, Doing.SWEEP, Doing.PASS);
        return Combinators.combine(doing, Arbitraries.integers().between(0, 1_000))
                .as(Step::new)
                .list()
                .ofMaxSize(60);
    }
}
