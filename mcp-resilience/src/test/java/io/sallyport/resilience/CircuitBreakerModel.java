package io.sallyport.resilience;

import io.sallyport.resilience.CircuitBreaker.Failure;
import io.sallyport.resilience.CircuitBreaker.State;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link CircuitBreaker} is to do, said once more and as plainly as can be: it remembers each call, and counts anew each
 * time. Pauses are as they are set, without chance. Times are in nanoseconds since it began.
 */
final class CircuitBreakerModel {

    static final int MINIMUM = 4;
    static final int ROW = 3;
    static final long WINDOW_SECONDS = 10;
    static final long SLOW = TimeUnit.SECONDS.toNanos(2);
    static final long SHORTEST = TimeUnit.SECONDS.toNanos(5);
    static final long LONGEST = TimeUnit.SECONDS.toNanos(30);

    /** A call that was let through. */
    static final class Call {
        private final long begun;
        private final State inState;
        private final long era;
        private boolean isOver;

        Call(long begun, State inState, long era) {
            this.begun = begun;
            this.inState = inState;
            this.era = era;
        }
    }

    private record Counted(long second, boolean failed, boolean slow) {}

    private final List<Counted> counted = new ArrayList<>();
    private State state = State.CLOSED;
    private int row;

    /** Calls of another era count no more. */
    private long era;

    private @Nullable Call probe;
    private long probeEnds;
    private boolean isOurs;
    private int goodProbes;
    private int slowProbes;
    private long closedAt;
    private long openUntil;
    private int times = -1;

    State state() {
        return state;
    }

    @Nullable Call tryCall(long now, long atMost) {
        if (state == State.CLOSED || state == State.DISABLED) {
            return new Call(now, state, era);
        }
        boolean mayProbe = state == State.OPEN || state == State.HALF_OPEN && !isProbed(now);
        return mayProbe && now >= openUntil ? newProbe(now, atMost, false) : null;
    }

    @Nullable Call tryProbe(long now, long atMost) {
        boolean mayProbe = state == State.OPEN || state == State.HALF_OPEN && !isProbed(now);
        return mayProbe ? newProbe(now, atMost, true) : null;
    }

    private boolean isProbed(long now) {
        return probe != null && now < probeEnds;
    }

    private Call newProbe(long now, long atMost, boolean ours) {
        if (state == State.OPEN) {
            change(State.HALF_OPEN);
            goodProbes = 0;
            slowProbes = 0;
        }
        probe = new Call(now, State.HALF_OPEN, era);
        probeEnds = now + atMost;
        isOurs = ours;
        return probe;
    }

    void ignored(Call call) {
        if (!call.isOver && call == probe) {
            probe = null;
        }
        call.isOver = true;
    }

    void ended(Call call, long now, @Nullable Failure failure) {
        if (!call.isOver) {
            call.isOver = true;
            count(call, now, failure);
        }
    }

    private void count(Call call, long now, @Nullable Failure failure) {
        boolean slow = now - call.begun > SLOW;
        if (call.inState == State.CLOSED && state == State.CLOSED && call.era == era) {
            counted.add(new Counted(now / TimeUnit.SECONDS.toNanos(1), failure != null, slow));
            row = failure == Failure.TRANSPORT ? row + 1 : 0;
            if (row >= ROW || isTooMuch(now)) {
                times = now - closedAt >= LONGEST ? 0 : times + 1;
                open(now);
            }
        } else if (call == probe) {
            probe = null;
            goodProbes += failure == null ? 1 : 0;
            slowProbes += slow ? 1 : 0;
            if (failure != null || goodProbes == 2 && slowProbes == 2) {
                if (isOurs && now < openUntil) {
                    change(State.OPEN);
                } else {
                    times++;
                    open(now);
                }
            } else if (goodProbes == 2) {
                close(now);
            } else {
                openUntil = now;
            }
        }
    }

    private boolean isTooMuch(long now) {
        long second = now / TimeUnit.SECONDS.toNanos(1);
        List<Counted> recent = counted.stream()
                .filter(it -> it.second > second - WINDOW_SECONDS)
                .toList();
        long failed = recent.stream().filter(Counted::failed).count();
        long slow = recent.stream().filter(Counted::slow).count();
        return recent.size() >= MINIMUM && (failed * 100 >= recent.size() * 50L || slow * 100 >= recent.size() * 80L);
    }

    private void open(long now) {
        openUntil = now + Math.min(LONGEST, SHORTEST << Math.min(times, 10));
        change(State.OPEN);
    }

    private void close(long now) {
        counted.clear();
        row = 0;
        closedAt = now;
        change(State.CLOSED);
    }

    private void change(State next) {
        state = next;
        probe = null;
        era++;
    }

    void reset(long now) {
        times = -1;
        close(now);
    }

    void forceOpen() {
        change(State.FORCED_OPEN);
    }

    void disable() {
        change(State.DISABLED);
    }
}
