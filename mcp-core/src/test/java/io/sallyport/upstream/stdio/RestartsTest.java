package io.sallyport.upstream.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import io.sallyport.upstream.UpstreamFailure;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RestartsTest {

    /** Where a monotonic clock begins is anywhere. */
    private long now = Long.MAX_VALUE - 1_000;

    private final Restarts restarts = new Restarts(() -> now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    /** Starts a process that ends at once, if one may be started; returns whether it was. */
    private boolean crash() {
        boolean mayStart = restarts.tryOpen().isEmpty();
        if (mayStart) {
            restarts.ended("exit code 3", false);
            restarts.opened(false);
        }
        return mayStart;
    }

    private void quarantine() {
        for (int i = 0; i < 5; i++) {
            assertThat(crash()).isTrue();
        }
        assertThat(restarts.tryOpen()).isPresent();
    }

    @Test
    @Incident("S51")
    void fiveWithinAMinuteAreTooMany() {
        quarantine();

        Optional<UpstreamFailure> refused = restarts.tryOpen();

        assertThat(refused).hasValueSatisfying(failure -> {
            assertThat(failure.kind()).isEqualTo(UpstreamFailure.Kind.QUARANTINED);
            assertThat(failure.detail())
                    .isEqualTo("5 processes have ended within 60 s, so none is started for 5 minutes;"
                            + " the last one: exit code 3");
            assertThat(failure.retryAfter()).hasValue(Duration.ofMinutes(5));
            assertThat(failure.maybeExecuted()).isFalse();
        });
    }

    @Test
    void whatCrashesWheneverItMayIsStartedFiveTimesAMinuteAtTheMost() {
        int most = 0;
        for (int minute = 0; minute < 60; minute++) {
            int starts = 0;
            for (int tenth = 0; tenth < 600; tenth++) {
                starts += crash() ? 1 : 0;
                pass(Duration.ofMillis(100));
            }
            most = Math.max(most, starts);
        }

        assertThat(most).isEqualTo(5);
    }

    @Test
    void fiveInMoreThanAMinuteAreNot() {
        for (int i = 0; i < 100; i++) {
            assertThat(crash()).isTrue();
            pass(Duration.ofSeconds(16));
        }
    }

    @Test
    void afterFiveMinutesOneIsStartedForTrialAndNoOtherMeanwhile() {
        quarantine();
        pass(Duration.ofMinutes(5));

        assertThat(restarts.tryOpen()).isEmpty();

        assertThat(restarts.tryOpen())
                .hasValueSatisfying(failure -> assertThat(failure.retryAfter()).hasValue(Duration.ofSeconds(1)));
    }

    @Test
    void whatIsUnderWayWhenAQuarantineBeginsStartsNoOther() {
        for (int i = 0; i < 4; i++) {
            crash();
        }
        restarts.tryOpen();
        assertThat(restarts.tryStart()).isEmpty();
        restarts.ended("exit code 0", true);

        assertThat(restarts.tryStart()).isPresent();
    }

    @Test
    void aTrialThatFailsIsFollowedByAnotherQuarantine() {
        quarantine();
        pass(Duration.ofMinutes(5));
        crash();

        assertThat(restarts.tryOpen()).hasValueSatisfying(failure -> {
            assertThat(failure.detail()).startsWith("it has ended again");
            assertThat(failure.retryAfter()).hasValue(Duration.ofMinutes(5));
        });
    }

    @Test
    void aTrialThatComesToNothingIsTriedAgainAtOnce() {
        quarantine();
        pass(Duration.ofMinutes(5));
        restarts.tryOpen();

        restarts.opened(false);

        assertThat(restarts.tryOpen()).isEmpty();
    }

    @Test
    void aTrialMayEndAProcessToFindOutWhatItSpeaks() {
        quarantine();
        pass(Duration.ofMinutes(5));
        restarts.tryOpen();

        restarts.ended("exit code 0", true);
        restarts.opened(true);

        assertThat(restarts.tryOpen()).isEmpty();
    }

    @Test
    void whoEndsSoonAfterItsTrialIsQuarantinedAtOnce() {
        quarantine();
        pass(Duration.ofMinutes(5));
        restarts.tryOpen();
        restarts.opened(true);
        pass(Duration.ofSeconds(59));

        restarts.ended("exit code 3", false);

        assertThat(restarts.tryOpen()).isPresent();
    }

    @Test
    void whoRunsForAMinuteIsTrustedAgain() {
        quarantine();
        pass(Duration.ofMinutes(5));
        restarts.tryOpen();
        restarts.opened(true);
        pass(Duration.ofSeconds(60));

        restarts.ended("exit code 3", false);

        assertThat(restarts.tryOpen()).isEmpty();
    }

    @Test
    @Incident("S51")
    void anOperatorEndsAQuarantine() {
        quarantine();

        restarts.reset();

        quarantine();
    }
}
