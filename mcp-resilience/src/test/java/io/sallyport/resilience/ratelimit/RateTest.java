package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RateTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void sharesOfAllNodesAreTheRateTogether() {
        Rate share = new Rate(10, SECOND, 20).share(3);

        assertThat(share).isEqualTo(new Rate(10, Duration.ofSeconds(3), 6));
    }

    @Test
    void aShareIsNeverNothingAndNeverTheWhole() {
        assertThat(Rate.of(1, SECOND).share(3)).isEqualTo(new Rate(1, Duration.ofSeconds(3), 1));
        assertThat(Rate.of(9, Duration.ofDays(300)).share(3)).isEqualTo(new Rate(3, Duration.ofDays(300), 3));
    }

    @Test
    void aRateSaysWhatItIs() {
        assertThat(Rate.of(10, SECOND)).hasToString("10 in 1 s");
        assertThat(new Rate(10, SECOND, 3)).hasToString("10 in 1 s, 3 at once");
    }
}
