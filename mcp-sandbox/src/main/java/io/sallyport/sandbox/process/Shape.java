package io.sallyport.sandbox.process;

import io.sallyport.sandbox.Language;
import io.sallyport.sandbox.Limits;
import java.time.Duration;

/**
 * What must be known of a worker when it is started, since the kernel does not let it be changed afterwards, or not by all
 * interpreters. Workers of the same shape are as good as each other.
 *
 * @param cpuSeconds after which the kernel kills: later than we do, in case that we do not
 * @param session whether it is for one execution or for many
 */
record Shape(Language language, long memoryBytes, long fileBytes, int processes, long cpuSeconds, boolean session) {

    /** For a session: each execution has its own time, and the kernel counts that of all. */
    private static final long NO_END = Duration.ofDays(365).toSeconds();

    static Shape once(Language language, Limits limits) {
        return of(language, limits, limits.cpuTime().plusSeconds(2).toSeconds(), false);
    }

    static Shape session(Language language, Limits limits) {
        return of(language, limits, NO_END, true);
    }

    private static Shape of(Language language, Limits limits, long cpuSeconds, boolean session) {
        return new Shape(language, limits.memoryBytes(), limits.fileBytes(), limits.processes(), cpuSeconds, session);
    }
}
