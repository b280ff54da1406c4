package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.resilience.CircuitBreaker.Failure;
import io.sallyport.resilience.CircuitBreaker.Permit;
import io.sallyport.resilience.CircuitBreaker.State;
import io.sallyport.resilience.CircuitBreakerModel.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever happens in whatever order, the breaker does what its model does. */
class CircuitBreakerModelTest {

    private static final int TRACES = 100_000;
    private static final int STEPS = 40;

    /** A call that both have let through, and that has not ended yet. */
    private record Both(Permit permit, Call call) {}

    /** One history. */
    private static final class Trace {

        private final Random random;
        private final VirtualTime time = new VirtualTime();
        private final long began = time.getAsLong();
        private final CircuitBreakerModel model = new CircuitBreakerModel();
        private final List<Both> underWay = new ArrayList<>();
        private final CircuitBreaker breaker = CircuitBreaker.builder("model")
                .time(time, time, () -> 0.5)
                .window(Duration.ofSeconds(CircuitBreakerModel.WINDOW_SECONDS))
                .minimumCalls(CircuitBreakerModel.MINIMUM)
                .failuresInARow(CircuitBreakerModel.ROW)
                .slowRate(80, Duration.ofNanos(CircuitBreakerModel.SLOW))
                .pauses(Duration.ofNanos(CircuitBreakerModel.SHORTEST), Duration.ofNanos(CircuitBreakerModel.LONGEST))
                .build();

        Trace(long seed) {
            this.random = new Random(seed);
        }

        private long now() {
            return time.getAsLong() - began;
        }

        void step() {
            switch (random.nextInt(20)) {
                case 0, 1, 2, 3 -> time.pass(Duration.ofMillis(random.nextInt(3000)));
                case 4 -> time.pass(Duration.ofMillis(random.nextInt(40_000)));
                case 5, 6, 7, 8, 9, 10 -> call();
                case 11 -> probe();
                case 12, 13, 14, 15, 16, 17, 18 -> end();
                default -> operate();
            }
        }

        private void call() {
            Duration atMost = Duration.ofMillis(1 + random.nextInt(8000));
            begin(breaker.tryCall(atMost), model.tryCall(now(), atMost.toNanos()));
        }

        private void probe() {
            Duration atMost = Duration.ofMillis(1 + random.nextInt(8000));
            begin(breaker.tryProbe(atMost), model.tryProbe(now(), atMost.toNanos()));
        }

        private void begin(Optional<Permit> permit, @Nullable Call call) {
            assertThat(permit.isPresent()).isEqualTo(call != null);
            if (permit.isPresent() && call != null) {
                underWay.add(new Both(permit.get(), call));
            }
        }

        /** Ends one, which may have ended before. */
        private void end() {
            if (underWay.isEmpty()) {
                return;
            }
            int index = random.nextInt(underWay.size());
            Both both = random.nextInt(10) == 0 ? underWay.get(index) : underWay.remove(index);
            switch (random.nextInt(6)) {
                case 0 -> {
                    both.permit.ignored();
                    model.ignored(both.call);
                }
                case 1 -> fail(both, Failure.TRANSPORT);
                case 2 -> fail(both, Failure.ANSWER);
                default -> {
                    both.permit.succeeded();
                    model.ended(both.call, now(), null);
                }
            }
        }

        private void fail(Both both, Failure failure) {
            both.permit.failed(failure);
            model.ended(both.call, now(), failure);
        }

        private void operate() {
            switch (random.nextInt(6)) {
                case 0 -> {
                    breaker.forceOpen("ann", "");
                    model.forceOpen();
                }
                case 1 -> {
                    breaker.disable("ann", "");
                    model.disable();
                }
                default -> {
                    if (model.state() == State.FORCED_OPEN
                            || model.state() == State.DISABLED
                            || random.nextInt(4) == 0) {
                        breaker.reset("ann", "");
                        model.reset(now());
                    }
                }
            }
        }
    }

    @Test
    void doesWhatItsModelDoes() {
        Map<State, Integer> seen = new EnumMap<>(State.class);
        for (long seed = 0; seed < TRACES; seed++) {
            Trace trace = new Trace(seed);
            for (int step = 0; step < STEPS; step++) {
                String where = "trace " + seed + ", step " + step;
                try {
                    trace.step();
                } catch (AssertionError e) {
                    throw new AssertionError(where, e);
                }
                State state = trace.breaker.status().state();
                if (state != trace.model.state()) {
                    throw new AssertionError(where + ": " + state + " instead of " + trace.model.state());
                }
                seen.merge(state, 1, Integer::sum);
            }
        }
        System.out.println(TRACES + " traces of " + STEPS + " steps: " + seen);
        assertThat(seen).containsOnlyKeys(State.values());
        assertThat(seen.values()).allMatch(steps -> steps > TRACES / 10);
    }
}
