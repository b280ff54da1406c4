package io.sallyport.resilience;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps calls away from what fails, and finds out by single calls when it does not any more.
 *
 * <pre>
 *           half of the calls fail, or most are slow,
 *           or several in a row find nobody
 *   CLOSED ───────────────────────────────────────────▶ OPEN ◀─────────────────┐
 *      ▲                                                  │ the pause is over, │ the probe
 *      │ two probes in a row have succeeded               ▼ or a probe of ours │ has failed
 *      └────────────────────────────────────────────── HALF_OPEN ──────────────┘
 * </pre>
 *
 * <p>While it is half open there is one probe at a time. A probe that is not heard of within the time that it was taken for is
 * given up, and the next call is one. Whatever ends after its time counts no more: neither a probe that was given up, nor a call
 * that began before the state changed. Besides, operators may {@linkplain #forceOpen force it open}, {@linkplain #disable
 * disable} it, or {@linkplain #reset reset} it.
 *
 * <p>The windows and their thresholds are those of Resilience4j. Time is that of a monotonic clock: nobody who sets the
 * machine's clock opens or closes anything. Thread-safe; nothing here waits.
 *
 * @since 0.1
 */
public final class CircuitBreaker {

    /** What it does with calls. */
    public enum State {
        /** All pass. */
        CLOSED,
        /** None passes, until the pause is over. */
        OPEN,
        /** One at a time passes, to find out. */
        HALF_OPEN,
        /** None passes, because an operator wants it so. */
        FORCED_OPEN,
        /** All pass, and none counts, because an operator wants it so. */
        DISABLED
    }

    /** What has gone wrong with a call. */
    public enum Failure {
        /** Nobody was reached, or the connection or process was lost. */
        TRANSPORT,
        /** It has answered that it cannot, or not in time. */
        ANSWER
    }

    /**
     * How it stands.
     *
     * @param since when it came into this state, by the machine's clock
     * @param reason why it did, in words for operators
     * @param failureRate how many of the calls in the window have failed, in percent; empty if they are too few to tell
     * @param slowRate how many have taken too long, likewise
     * @param retryIn how long until a call may pass; zero if one may now, empty if none may until an operator says so
     */
    public record Status(
            State state,
            Instant since,
            String reason,
            Optional<Float> failureRate,
            Optional<Float> slowRate,
            Optional<Duration> retryIn) {}

    /**
     * A change of state.
     *
     * @param number counts the changes of this breaker, from 1: who is told by several threads puts them in order by it
     * @param actor the operator who has done it; empty if nobody has
     */
    public record Transition(long number, State from, State to, String reason, Optional<String> actor) {}

    /** Leave to make one call. The first of its methods that is called counts, as long as what it was given for lasts. */
    public final class Permit {

        private final long generation;
        private final long begun = ticker.getAsLong();
        private final AtomicBoolean isOver = new AtomicBoolean();

        private Permit(long generation) {
            this.generation = generation;
        }

        /** The call was answered; that a tool has failed is an answer. */
        public void succeeded() {
            end(null);
        }

        /** The call has failed. */
        public void failed(Failure failure) {
            end(requireNonNull(failure, "failure"));
        }

        /** The call says nothing of who was called: the client was wrong, or wants it no more. */
        public void ignored() {
            if (isOver.compareAndSet(false, true)) {
                endUncounted(generation);
            }
        }

        private void end(@Nullable Failure failure) {
            if (isOver.compareAndSet(false, true)) {
                endCounted(generation, begun, failure);
            }
        }
    }

    /** A probe that is under way. */
    private record Probe(long endsAt, boolean isOfOurs) {}

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.breaker");

    private static final int PROBES_TO_CLOSE = 2;

    private final Settings settings;
    private final LongSupplier ticker;
    private final CallWindow window;
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by the lock, as all that follows. */
    private State state = State.CLOSED;

    private Instant since;
    private String reason = "nothing has failed yet";
    private long transitions;
    private final List<Transition> untold = new ArrayList<>();

    /** What is counted is of this one. */
    private long generation;

    private int failuresInARow;
    private @Nullable Probe probe;
    private long openUntil;
    private long closedAt;

    /** How often it has opened again since it was well for long; -1 before it has opened at all. */
    private int reopened = -1;

    private CircuitBreaker(Builder builder) {
        this.settings = builder.settings();
        this.ticker = builder.ticker;
        this.since = settings.wall.instant();
        this.closedAt = ticker.getAsLong();
        this.window = new CallWindow(builder.name, builder.thresholds(), ticker);
    }

    /** What a breaker goes by. */
    private record Settings(
            String name,
            int failuresInARow,
            Duration shortestPause,
            Duration longestPause,
            DoubleSupplier random,
            InstantSource wall,
            Consumer<Transition> listener) {}

    /**
     * Begins a breaker.
     *
     * @param name of what it stands before, such as that of an upstream
     */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /** Puts a breaker together. Confined to one thread. */
    public static final class Builder {

        private static final Duration LONGEST = Duration.ofHours(1);

        private final String name;
        private Duration window = Duration.ofSeconds(30);
        private int minimumCalls = 20;
        private float failureRate = 50;
        private float slowRate = 80;
        private Duration slowAfter = Duration.ofSeconds(30);
        private int failuresInARow = 5;
        private Duration shortestPause = Duration.ofSeconds(5);
        private Duration longestPause = Duration.ofMinutes(2);
        private Consumer<Transition> listener = transition -> {};
        private LongSupplier ticker = System::nanoTime;
        private InstantSource wall = InstantSource.system();
        private DoubleSupplier random = Math::random;

        private Builder(String name) {
            this.name = requireNonNull(name, "name");
        }

        private Settings settings() {
            return new Settings(name, failuresInARow, shortestPause, longestPause, random, wall, listener);
        }

        private CallWindow.Thresholds thresholds() {
            return new CallWindow.Thresholds(window, minimumCalls, failureRate, slowRate, slowAfter, PROBES_TO_CLOSE);
        }

        /**
         * Sets of how long back calls count, in whole seconds. Defaults to 30 seconds.
         *
         * @throws IllegalArgumentException if it is less than a second or more than an hour, or has a fraction of a second
         */
        public Builder window(Duration window) {
            if (window.toNanosPart() != 0 || window.toSeconds() < 1 || window.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(
                        "window must be whole seconds, at least one and at most an hour, but was " + window);
            }
            this.window = window;
            return this;
        }

        /**
         * Sets how many calls there must be in the window before rates count. Defaults to 20.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder minimumCalls(int minimumCalls) {
            this.minimumCalls = positive("minimumCalls", minimumCalls);
            return this;
        }

        /**
         * Sets how many percent of the calls may fail, and no more, before it opens. Defaults to 50.
         *
         * @throws IllegalArgumentException unless it is more than 0 and at most 100
         */
        public Builder failureRate(float percent) {
            this.failureRate = percent("failureRate", percent);
            return this;
        }

        /**
         * Sets how many percent of the calls may be slow before it opens, and what slow is. Defaults to 80 percent of those that
         * take more than 30 seconds.
         *
         * @throws IllegalArgumentException unless the rate is more than 0 and at most 100, and the time is positive and at most
         *     an hour
         */
        public Builder slowRate(float percent, Duration slowAfter) {
            this.slowRate = percent("slowRate", percent);
            this.slowAfter = pause("slowAfter", slowAfter);
            return this;
        }

        /**
         * Sets how many calls in a row must find nobody ({@link Failure#TRANSPORT}) for it to open, however few calls there are.
         * Defaults to 5.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder failuresInARow(int failures) {
            this.failuresInARow = positive("failuresInARow", failures);
            return this;
        }

        /**
         * Sets how long it is open: the shortest pause at first, twice as long each time that a call finds that nothing has become
         * better, give or take a fifth, and never longer than the longest. Defaults to 5 seconds and 2 minutes.
         *
         * @throws IllegalArgumentException unless both are positive and at most an hour, and the shortest is not the longer one
         */
        public Builder pauses(Duration shortest, Duration longest) {
            pause("shortest", shortest);
            pause("longest", longest);
            if (shortest.compareTo(longest) > 0) {
                throw new IllegalArgumentException(
                        "shortest must not be longer than longest, but they were " + shortest + " and " + longest);
            }
            this.shortestPause = shortest;
            this.longestPause = longest;
            return this;
        }

        /** Sets who is told of each change of state, on the thread that brings it about. Defaults to nobody. */
        public Builder onTransition(Consumer<Transition> listener) {
            this.listener = requireNonNull(listener, "listener");
            return this;
        }

        /** For tests: what time it is, and what chance decides between 0 and 1. */
        Builder time(LongSupplier nanos, InstantSource wall, DoubleSupplier random) {
            this.ticker = nanos;
            this.wall = wall;
            this.random = random;
            return this;
        }

        private static int positive(String name, int value) {
            if (value <= 0) {
                throw new IllegalArgumentException(name + " must be positive, but was " + value);
            }
            return value;
        }

        private static float percent(String name, float value) {
            if (!(value > 0 && value <= 100)) {
                throw new IllegalArgumentException(
                        name + " must be more than 0 and at most 100 percent, but was " + value);
            }
            return value;
        }

        private static Duration pause(String name, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(name + " must be positive and at most an hour, but was " + value);
            }
            return value;
        }

        /** Returns the breaker, closed. */
        public CircuitBreaker build() {
            return new CircuitBreaker(this);
        }
    }

    /**
     * Asks for leave to make a call. Whoever has it must say how the call has ended.
     *
     * @param atMost how long the call takes at most; if this is a probe, it is given up then
     * @return nothing if the call must not be made
     */
    public Optional<Permit> tryCall(Duration atMost) {
        return locked(now -> switch (state) {
            case CLOSED, DISABLED -> Optional.of(new Permit(generation));
            case OPEN -> now - openUntil < 0 ? Optional.empty() : Optional.of(probe(now, atMost, false));
            case HALF_OPEN ->
                isProbed(now) || now - openUntil < 0 ? Optional.empty() : Optional.of(probe(now, atMost, false));
            case FORCED_OPEN -> Optional.empty();
        });
    }

    /**
     * Asks for leave to find out, by something that does no harm, whether calls may pass again: the pause is not waited for. If it
     * fails, calls wait no longer for that.
     *
     * @return nothing if there is nothing to find out, or another probe is under way
     */
    public Optional<Permit> tryProbe(Duration atMost) {
        return locked(now -> {
            boolean isWanted = state == State.OPEN || state == State.HALF_OPEN && !isProbed(now);
            return isWanted ? Optional.of(probe(now, atMost, true)) : Optional.empty();
        });
    }

    private boolean isProbed(long now) {
        Probe current = probe;
        return current != null && now - current.endsAt < 0;
    }

    private Permit probe(long now, Duration atMost, boolean isOfOurs) {
        if (state == State.OPEN) {
            window.probe();
            become(State.HALF_OPEN, isOfOurs ? "it is probed" : "the pause is over", Optional.empty());
        }
        generation++;
        probe = new Probe(now + atMost.toNanos(), isOfOurs);
        return new Permit(generation);
    }

    private void endCounted(long counted, long begun, @Nullable Failure failure) {
        locked(now -> {
            if (counted == generation && state != State.DISABLED) {
                count(now, now - begun, failure);
            }
            return Optional.empty();
        });
    }

    private void endUncounted(long counted) {
        locked(now -> {
            if (counted == generation && state == State.HALF_OPEN) {
                // The next call may find out.
                generation++;
                probe = null;
            }
            return Optional.empty();
        });
    }

    private void count(long now, long took, @Nullable Failure failure) {
        if (state == State.HALF_OPEN) {
            countProbe(now, took, failure);
            return;
        }
        window.record(took, failure != null);
        failuresInARow = failure == Failure.TRANSPORT ? failuresInARow + 1 : 0;
        if (failuresInARow >= settings.failuresInARow) {
            open(now, failuresInARow + " calls in a row have found nobody");
        } else if (window.isOpen()) {
            open(now, failure == null ? "too many calls are slow" : "too many calls fail or are slow");
        }
    }

    private void countProbe(long now, long took, @Nullable Failure failure) {
        boolean wasOfOurs = requireNonNull(probe).isOfOurs;
        generation++;
        probe = null;
        window.record(took, failure != null);
        if (failure != null) {
            reopen(now, "a probe has failed", wasOfOurs);
        } else if (window.isOpen()) {
            reopen(now, "probes are slow", wasOfOurs);
        } else if (!window.isClosed()) {
            // Whatever the pause was: somebody is there.
            openUntil = now;
        } else {
            close(now, PROBES_TO_CLOSE + " probes have succeeded", Optional.empty());
        }
    }

    private void open(long now, String why) {
        boolean wasWell = now - closedAt >= settings.longestPause.toNanos();
        reopened = wasWell ? 0 : reopened + 1;
        openFor(now, why);
    }

    private void reopen(long now, String why, boolean wasOfOurs) {
        if (wasOfOurs && now - openUntil < 0) {
            window.open();
            become(State.OPEN, why, Optional.empty());
        } else {
            reopened++;
            openFor(now, why);
        }
    }

    private void openFor(long now, String why) {
        window.open();
        double doubled = (double) settings.shortestPause.toNanos() * Math.pow(2, Math.min(reopened, 30));
        double longest = (double) settings.longestPause.toNanos();
        double pause = Math.min(doubled, longest) * (0.8 + 0.4 * settings.random.getAsDouble());
        openUntil = now + (long) Math.min(pause, longest);
        become(State.OPEN, why, Optional.empty());
    }

    private void close(long now, String why, Optional<String> actor) {
        window.reset();
        failuresInARow = 0;
        closedAt = now;
        become(State.CLOSED, why, actor);
    }

    /**
     * Closes it, and forgets all that was counted and how often it has opened. Does so in each state.
     *
     * @param actor which operator, for the record
     * @param why in his words
     */
    public void reset(String actor, String why) {
        by(actor, why, now -> {
            reopened = -1;
            close(now, why, Optional.of(actor));
        });
    }

    /**
     * Closes it if failures have opened it: somebody has found out by other ways that what it stands before is there again. If it
     * opens again soon, its pauses go on growing.
     */
    void foundWell(String why) {
        locked(now -> {
            if (state == State.OPEN || state == State.HALF_OPEN) {
                close(now, why, Optional.empty());
            } else {
                failuresInARow = 0;
            }
            return Optional.empty();
        });
    }

    /** Keeps all calls away until it is reset or disabled. */
    public void forceOpen(String actor, String why) {
        by(actor, why, now -> become(State.FORCED_OPEN, why, Optional.of(actor)));
    }

    /** Lets all calls pass until it is reset or forced open. */
    public void disable(String actor, String why) {
        by(actor, why, now -> become(State.DISABLED, why, Optional.of(actor)));
    }

    private void by(String actor, String why, Consumer<Long> change) {
        requireNonNull(actor, "actor");
        requireNonNull(why, "why");
        locked(now -> {
            change.accept(now);
            return Optional.empty();
        });
    }

    /** Returns how it stands now. */
    public Status status() {
        return locked(now -> Optional.of(
                        new Status(state, since, reason, window.failureRate(), window.slowRate(), retryIn(now))))
                .orElseThrow();
    }

    private Optional<Duration> retryIn(long now) {
        Probe current = probe;
        long left = current == null ? openUntil - now : Math.max(openUntil - now, current.endsAt - now);
        return switch (state) {
            case CLOSED, DISABLED -> Optional.of(Duration.ZERO);
            case OPEN, HALF_OPEN -> Optional.of(Duration.ofNanos(Math.max(0, left)));
            case FORCED_OPEN -> Optional.empty();
        };
    }

    private <T> Optional<T> locked(LongFunction<Optional<T>> work) {
        Optional<T> result;
        List<Transition> changes = List.of();
        lock.lock();
        try {
            result = work.apply(ticker.getAsLong());
            if (!untold.isEmpty()) {
                changes = List.copyOf(untold);
                untold.clear();
            }
        } finally {
            lock.unlock();
        }
        changes.forEach(this::tell);
        return result;
    }

    private void tell(Transition transition) {
        try {
            settings.listener.accept(transition);
        } catch (RuntimeException e) {
            LOGGER.atError()
                    .addKeyValue("breaker", settings.name)
                    .addKeyValue("error", e.toString())
                    .log("whoever listens to a breaker has failed");
        }
    }

    private void become(State next, String why, Optional<String> actor) {
        transitions++;
        untold.add(new Transition(transitions, state, next, why, actor));
        generation++;
        probe = null;
        state = next;
        since = settings.wall.instant();
        reason = why;
    }
}
