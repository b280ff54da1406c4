package io.sallyport.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/** How long code runs on when it should end. */
public final class StopLag {

    private static final Duration AT_MOST = Duration.ofMillis(500);

    private StopLag() {}

    /**
     * Checks that code which was to end has ended soon: by the clock on a machine that does nothing else, by the time of its
     * processor where the clock says how busy the machine is.
     */
    public static void check(Outcome outcome, Duration wallTime) {
        Outcome.Usage usage = outcome.usage();
        Duration took = "full".equals(System.getProperty("sallyport.proof"))
                ? usage.wallTime()
                : usage.cpuTime().orElse(usage.wallTime());
        assertThat(took).isLessThan(wallTime.plus(AT_MOST));
    }
}
