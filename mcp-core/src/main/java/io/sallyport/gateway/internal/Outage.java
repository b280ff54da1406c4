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

    /** To look whether somebody is there costs little, and calls wait for it. */
    private static final long LONGEST_PAUSE_TO_LOOK_MILLIS = 1_000;

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
    private boolean wasQuarantined;

    /**
     * What a failure means.
     *
     * @param pause until the next try: it grows, is spread, and is as long as the upstream asks for
     * @param isNews whether nothing like it was told of in this outage
     * @param isFirst whether the outage begins with it
     * @param isQuarantine whether with it the first quarantine of the outage begins
     */
    record Step(Duration pause, boolean isNews, boolean isFirst, boolean isQuarantine) {}

    Step failed(UpstreamFailure failure) {
        failures++;
        long longest = longestPause(failure.kind());
        long asked = failure.retryAfter().map(Duration::toMillis).orElse(0L);
        long pause = Math.max(
                Math.min(asked, LONGEST_ASKED_PAUSE_MILLIS),
                longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1));
        String reason = failure.kind() + " " + NUMBERS.matcher(failure.detail()).replaceAll("#");
        boolean isQuarantine = failure.kind() == UpstreamFailure.Kind.QUARANTINED && !wasQuarantined;
        wasQuarantined |= isQuarantine;
        return new Step(
                Duration.ofMillis(pause), told.size() < REASONS_TOLD && told.add(reason), failures == 1, isQuarantine);
    }

    private long longestPause(UpstreamFailure.Kind why) {
        long growing = FIRST_PAUSE_MILLIS << Math.min(failures - 1, 10);
        if (why == UpstreamFailure.Kind.UNREACHABLE) {
            return Math.min(LONGEST_PAUSE_TO_LOOK_MILLIS, growing);
        }
        return failures > MANY_FAILURES ? PAUSE_AFTER_MANY_MILLIS : Math.min(LONGEST_PAUSE_MILLIS, growing);
    }

    /** Returns how many tries in a row have failed. */
    int failures() {
        return failures;
    }

    /** The upstream is back. */
    void over() {
        failures = 0;
        wasQuarantined = false;
        told.clear();
    }
}
