package io.sallyport.gateway.internal;

import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/**
 * How often in a row an upstream could not be connected to: when it is tried again, and what of it is news to an operator.
 * Guarded by the lock of its owner.
 */
final class Outage {

    private static final long FIRST_PAUSE_MILLIS = 250;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;

    /** After so many failures in a row a try in half a minute does: each may start a process that cannot run. */
    private static final int MANY_FAILURES = 20;

    private static final long PAUSE_AFTER_MANY_MILLIS = 30_000;

    /** An upstream may ask for a longer pause, but not to be forgotten. */
    private static final long LONGEST_ASKED_PAUSE_MILLIS = 300_000;

    /** Numbers that differ from try to try: durations, times, names of files. Not those that say what went wrong. */
    private static final Pattern NUMBERS = Pattern.compile("(?<![0-9])(?<!HTTP |exit code )[0-9]+");

    /** How many reasons of one outage are told; what words a child ends with has no bound. */
    private static final int REASONS_TOLD = 16;

    private final Set<String> told = new HashSet<>();
    private int failures;

    /**
     * What a failure means.
     *
     * @param pause until the next try: it grows, is spread, and is as long as the upstream asks for
     * @param isNews whether nothing like it was told of in this outage
     */
    record Step(Duration pause, boolean isNews) {}

    Step failed(UpstreamFailure failure) {
        failures++;
        long longest = failures > MANY_FAILURES
                ? PAUSE_AFTER_MANY_MILLIS
                : Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures - 1, 10));
        long asked = failure.retryAfter().map(Duration::toMillis).orElse(0L);
        long pause = Math.max(
                Math.min(asked, LONGEST_ASKED_PAUSE_MILLIS),
                longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1));
        String reason = failure.kind() + " " + NUMBERS.matcher(failure.detail()).replaceAll("#");
        return new Step(Duration.ofMillis(pause), told.size() < REASONS_TOLD && told.add(reason));
    }

    /** The upstream is back. */
    void over() {
        failures = 0;
        told.clear();
    }
}
