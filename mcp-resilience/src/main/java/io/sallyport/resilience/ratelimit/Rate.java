package io.sallyport.resilience.ratelimit;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * How many calls come back in which time, evenly, and how many may be saved up. Immutable.
 *
 * @param calls how many calls come back in the time; from 1 to 1,000,000,000
 * @param per the time, in whole seconds, from one second to 366 days
 * @param burst how many calls there may be at once after a pause; from 1 to 1,000,000,000
 */
public record Rate(long calls, Duration per, long burst) {

    private static final long MOST_CALLS = 1_000_000_000L;
    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofDays(366);

    /** Checks what is said. */
    public Rate {
        requireNonNull(per, "per");
        check("calls", calls);
        check("burst", burst);
        if (per.toNanosPart() != 0 || per.compareTo(LEAST) < 0 || per.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("per must be whole seconds, from one second to 366 days, but was " + per
                    + "; say how many calls there are in a second in place of a part of one");
        }
    }

    private static void check(String name, long value) {
        if (value < 1 || value > MOST_CALLS) {
            throw new IllegalArgumentException(
                    name + " must be at least 1 and at most " + MOST_CALLS + ", but was " + value);
        }
    }

    /** Returns a rate with a burst of as many calls as come back in the time. */
    public static Rate of(long calls, Duration per) {
        return new Rate(calls, per, calls);
    }

    /** Returns this rate with another burst. */
    public Rate withBurst(long most) {
        return new Rate(calls, per, most);
    }

    /** Returns this rate so many times over. */
    Rate times(double factor) {
        return new Rate(scaled(calls, factor), per, scaled(burst, factor));
    }

    private static long scaled(long value, double factor) {
        return Math.max(1, Math.min(MOST_CALLS, Math.round(value * factor)));
    }

    /** Returns what one of so many nodes has of it. */
    Rate share(int nodes) {
        Duration longer = per.multipliedBy(nodes);
        long itsBurst = Math.max(1, burst / nodes);
        // A part of a call is none; the same number in a longer time is exact.
        return longer.compareTo(LONGEST) <= 0
                ? new Rate(calls, longer, itsBurst)
                : new Rate(Math.max(1, calls / nodes), per, itsBurst);
    }

    /** Returns how many nanoseconds it takes until so many calls have come back. */
    double nanosFor(long missing) {
        return (double) per.toNanos() / calls * missing;
    }

    @Override
    public String toString() {
        return calls + " in " + per.toSeconds() + " s" + (burst == calls ? "" : ", " + burst + " at once");
    }
}
