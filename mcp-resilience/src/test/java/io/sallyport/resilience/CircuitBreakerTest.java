package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sallyport.resilience.CircuitBreaker.Failure;
import io.sallyport.resilience.CircuitBreaker.Permit;
import io.sallyport.resilience.CircuitBreaker.State;
import io.sallyport.resilience.CircuitBreaker.Transition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CircuitBreakerTest {

    private static final Duration CALL = Duration.ofSeconds(10);

    private final VirtualTime time = new VirtualTime();
    private final List<Transition> transitions = new ArrayList<>();
    private final CircuitBreaker breaker = builder().build();

    /** Chance is always in the middle: pauses are as they are set. */
    private CircuitBreaker.Builder builder() {
        return CircuitBreaker.builder("search").time(time, time, () -> 0.5).onTransition(transitions::add);
    }

    private Permit call() {
        return breaker.tryCall(CALL).orElseThrow();
    }

    private State state() {
        return breaker.status().state();
    }

    private void fail(int times, Failure failure) {
        for (int i = 0; i < times; i++) {
            call().failed(failure);
        }
    }

    private void open() {
        fail(5, Failure.TRANSPORT);
        assertThat(state()).isEqualTo(State.OPEN);
    }

    private void halfOpen() {
        open();
        time.pass(Duration.ofSeconds(5));
    }

    @Test
    void opensWhenHalfOfTheCallsFail() {
        for (int i = 0; i < 10; i++) {
            call().succeeded();
        }
        fail(9, Failure.ANSWER);
        assertThat(state()).isEqualTo(State.CLOSED);

        fail(1, Failure.ANSWER);

        assertThat(state()).isEqualTo(State.OPEN);
        assertThat(breaker.tryCall(CALL)).isEmpty();
    }

    @Test
    void opensWhenSeveralCallsInARowFindNobodyHoweverFewThereAre() {
        fail(4, Failure.TRANSPORT);
        assertThat(state()).isEqualTo(State.CLOSED);

        fail(1, Failure.TRANSPORT);

        assertThat(breaker.status().reason()).isEqualTo("5 calls in a row have found nobody");
    }

    @Test
    void aCallThatIsAnsweredEndsARowOfThoseThatFoundNobody() {
        fail(4, Failure.TRANSPORT);
        call().succeeded();

        fail(4, Failure.TRANSPORT);

        assertThat(state()).isEqualTo(State.CLOSED);
    }

    @Test
    void opensWhenMostCallsAreSlow() {
        for (int i = 0; i < 20; i++) {
            Permit permit = call();
            time.pass(Duration.ofMillis(30_001));
            permit.succeeded();
        }
        // They have left the window as fast as they came.
        assertThat(state()).isEqualTo(State.CLOSED);
        List<Permit> permits = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            permits.add(call());
        }
        time.pass(Duration.ofMillis(30_001));

        permits.forEach(Permit::succeeded);

        assertThat(breaker.status().reason()).isEqualTo("too many calls are slow");
    }

    @Test
    void whatHappenedBeforeTheWindowDoesNotCount() {
        fail(4, Failure.ANSWER);
        for (int i = 0; i < 15; i++) {
            call().failed(Failure.ANSWER);
        }
        time.pass(Duration.ofSeconds(31));

        fail(19, Failure.ANSWER);

        assertThat(state()).isEqualTo(State.CLOSED);
    }

    @Test
    void whatSaysNothingOfTheOtherSideDoesNotCount() {
        for (int i = 0; i < 100; i++) {
            call().ignored();
        }

        assertThat(breaker.status().failureRate()).isEmpty();
    }

    @Test
    void aPermitCountsOnce() {
        Permit permit = call();
        for (int i = 0; i < 10; i++) {
            permit.failed(Failure.TRANSPORT);
        }

        assertThat(state()).isEqualTo(State.CLOSED);
    }

    @Test
    void isOpenTwiceAsLongEachTimeThatAProbeFailsButNeverLongerThanTheLongest() {
        open();
        List<Duration> pauses = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            Duration pause = breaker.status().retryIn().orElseThrow();
            pauses.add(pause);
            time.pass(pause.minusNanos(1));
            assertThat(breaker.tryCall(CALL)).isEmpty();
            time.pass(Duration.ofNanos(1));
            call().failed(Failure.TRANSPORT);
        }

        assertThat(pauses).extracting(Duration::toSeconds).containsExactly(5L, 10L, 20L, 40L, 80L, 120L, 120L);
    }

    @Test
    void pausesDifferByAFifth() {
        CircuitBreaker shortest = builder().time(time, time, () -> 0).build();
        CircuitBreaker longest = builder().time(time, time, () -> 1).build();
        for (int i = 0; i < 5; i++) {
            shortest.tryCall(CALL).orElseThrow().failed(Failure.TRANSPORT);
            longest.tryCall(CALL).orElseThrow().failed(Failure.TRANSPORT);
        }

        assertThat(shortest.status().retryIn()).contains(Duration.ofSeconds(4));
        assertThat(longest.status().retryIn()).contains(Duration.ofSeconds(6));
    }

    @Test
    void closesWhenTwoProbesInARowHaveSucceeded() {
        halfOpen();
        call().succeeded();
        assertThat(state()).isEqualTo(State.HALF_OPEN);

        call().succeeded();

        assertThat(state()).isEqualTo(State.CLOSED);
        assertThat(transitions).extracting(Transition::to).containsExactly(State.OPEN, State.HALF_OPEN, State.CLOSED);
        assertThat(transitions).extracting(Transition::number).containsExactly(1L, 2L, 3L);
    }

    @Test
    void aProbeThatVanishesIsGivenUpWhenItsTimeIsOver() {
        halfOpen();
        Permit vanished = call();
        assertThat(breaker.tryCall(CALL)).isEmpty();
        time.pass(CALL);

        Permit next = call();

        vanished.failed(Failure.TRANSPORT);
        assertThat(state()).as("what is late does not count").isEqualTo(State.HALF_OPEN);
        next.succeeded();
        call().succeeded();
        assertThat(state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aProbeThatIsCancelledLeavesItsPlaceToTheNextCall() {
        halfOpen();

        call().ignored();

        assertThat(breaker.tryCall(CALL)).isPresent();
    }

    @Test
    void whatBeganBeforeItOpenedCountsNoMore() {
        Permit early = call();
        halfOpen();
        call().succeeded();

        early.failed(Failure.TRANSPORT);

        assertThat(state()).isEqualTo(State.HALF_OPEN);
    }

    @Test
    void aProbeOfOursDoesNotWaitForThePause() {
        open();

        breaker.tryProbe(CALL).orElseThrow().succeeded();

        assertThat(breaker.tryCall(CALL)).as("a call may be the second").isPresent();
    }

    @Test
    void aProbeOfOursThatFailsLeavesThePauseOfCallsAsItIs() {
        open();
        time.pass(Duration.ofSeconds(1));

        breaker.tryProbe(CALL).orElseThrow().failed(Failure.TRANSPORT);

        assertThat(breaker.status().retryIn()).contains(Duration.ofSeconds(4));
    }

    @Test
    void aProbeOfOursThatVanishesLetsNoCallPassBeforeThePauseIsOver() {
        open();
        breaker.tryProbe(Duration.ofSeconds(1)).orElseThrow();
        time.pass(Duration.ofSeconds(2));

        assertThat(breaker.tryCall(CALL)).isEmpty();
        assertThat(breaker.tryProbe(CALL)).isPresent();
    }

    @Test
    void thereIsNothingToProbeWhileItIsClosedOrHeldByAnOperator() {
        assertThat(breaker.tryProbe(CALL)).isEmpty();

        breaker.forceOpen("ann", "maintenance");

        assertThat(breaker.tryProbe(CALL)).isEmpty();
    }

    @Test
    void anOperatorMayHoldItOpen() {
        breaker.forceOpen("ann", "maintenance");
        time.pass(Duration.ofDays(1));

        assertThat(breaker.tryCall(CALL)).isEmpty();
        assertThat(breaker.status().retryIn()).isEmpty();
        assertThat(transitions.get(0))
                .isEqualTo(new Transition(1, State.CLOSED, State.FORCED_OPEN, "maintenance", Optional.of("ann")));
    }

    @Test
    void anOperatorMayDisableIt() {
        breaker.disable("ann", "it is known to be odd");

        fail(100, Failure.TRANSPORT);

        assertThat(state()).isEqualTo(State.DISABLED);
    }

    @ParameterizedTest
    @EnumSource(State.class)
    void anOperatorMayResetItInEachState(State before) {
        switch (before) {
            case OPEN -> open();
            case HALF_OPEN -> {
                halfOpen();
                call();
            }
            case FORCED_OPEN -> breaker.forceOpen("ann", "maintenance");
            case DISABLED -> breaker.disable("ann", "odd");
            case CLOSED -> fail(4, Failure.TRANSPORT);
        }
        assertThat(state()).isEqualTo(before);

        breaker.reset("bob", "mended");

        assertThat(state()).isEqualTo(State.CLOSED);
        assertThat(breaker.status().failureRate()).isEmpty();
        fail(4, Failure.TRANSPORT);
        assertThat(state()).as("the row was forgotten").isEqualTo(State.CLOSED);
    }

    @Test
    void whoSetsTheMachinesClockOpensAndClosesNothing() {
        open();
        time.set(time.instant().plus(Duration.ofHours(1)));
        assertThat(breaker.tryCall(CALL)).isEmpty();
        time.set(time.instant().minus(Duration.ofHours(2)));
        time.pass(Duration.ofSeconds(5));

        assertThat(breaker.tryCall(CALL)).isPresent();
    }

    @Test
    void aListenerThatFailsKeepsNobodyFromCalling() {
        CircuitBreaker told = builder()
                .onTransition(transition -> {
                    throw new IllegalStateException("no disk");
                })
                .build();

        told.forceOpen("ann", "maintenance");

        assertThat(told.status().state()).isEqualTo(State.FORCED_OPEN);
    }

    @Test
    void ofManyThreadsAtOnceOneHasTheProbe() throws Exception {
        int threads = 64;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 100; round++) {
                breaker.reset("test", "the next round");
                halfOpen();
                CyclicBarrier together = new CyclicBarrier(threads);
                Callable<Boolean> racing = () -> {
                    together.await();
                    return breaker.tryCall(CALL).isPresent();
                };
                int probes = 0;
                for (Future<Boolean> one : pool.invokeAll(Collections.nCopies(threads, racing))) {
                    probes += one.get() ? 1 : 0;
                }
                assertThat(probes).isEqualTo(1);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void valuesThatMakeNoSenseAreRefused() {
        CircuitBreaker.Builder settings = builder();

        assertThatThrownBy(() -> settings.failureRate(0))
                .hasMessage("failureRate must be more than 0 and at most 100 percent, but was 0.0");
        assertThatThrownBy(() -> settings.window(Duration.ofMillis(1500)))
                .hasMessage("window must be whole seconds, at least one and at most an hour, but was PT1.5S");
        assertThatThrownBy(() -> settings.minimumCalls(0)).hasMessage("minimumCalls must be positive, but was 0");
        assertThatThrownBy(() -> settings.failuresInARow(-1)).hasMessage("failuresInARow must be positive, but was -1");
        assertThatThrownBy(() -> settings.slowRate(101, CALL)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> settings.pauses(CALL, Duration.ofSeconds(1)))
                .hasMessage("shortest must not be longer than longest, but they were PT10S and PT1S");
    }

    @Test
    void theDefaultsAreThoseOfTheJavadoc() {
        fail(19, Failure.ANSWER);
        assertThat(breaker.status().failureRate()).as("too few calls to tell").isEmpty();

        fail(1, Failure.ANSWER);

        assertThat(breaker.status().retryIn()).contains(Duration.ofSeconds(5));
    }
}
