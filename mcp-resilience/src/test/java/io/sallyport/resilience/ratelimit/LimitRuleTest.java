package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitRuleTest {

    private static final Instant NOW = Instant.ofEpochMilli(1_700_000_000_000L);

    private final LimitRule initial = LimitRule.initial(new Rate(100, Duration.ofMinutes(1), 20));

    @Test
    void whatIsWrittenIsRead() {
        LimitRule plain = initial.with(Rate.of(7, Duration.ofSeconds(9))).afresh();
        LimitRule boosted = plain.with(new LimitRule.Boost(2.5, NOW));

        assertThat(LimitRule.parse(plain.text())).isEqualTo(plain);
        assertThat(LimitRule.parse(boosted.text())).isEqualTo(boosted);
    }

    /** What an older release has left in a store. */
    @Test
    void whatWasWrittenStaysReadable() {
        assertThat(LimitRule.parse("1 3 1 100 60 20 2.0 1700000000000").text())
                .isEqualTo("1 3 1 100 60 20 2.0 1700000000000");
        assertThat(LimitRule.parse("1 3 1 100 60 20").rate()).isEqualTo(initial.rate());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "2 3 1 100 60 20", "1 3 1 100 60", "1 3 1 100 60 20 2.0", "1 3 1 0 60 20", "1 a b c d e"})
    void whatALaterReleaseWritesIsNotGuessed(String text) {
        assertThatThrownBy(() -> LimitRule.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aBoostEndsByItselfAndEachChangeHasAHigherVersion() {
        LimitRule boosted = initial.with(new LimitRule.Boost(3, NOW));
        LimitRule.Effective before = initial.at(NOW);
        LimitRule.Effective during = boosted.at(NOW.minusMillis(1));
        LimitRule.Effective after = boosted.at(NOW);
        LimitRule.Effective later = boosted.afresh().at(NOW);

        assertThat(during.rate()).isEqualTo(new Rate(300, Duration.ofMinutes(1), 60));
        assertThat(after.rate()).isEqualTo(initial.rate());
        assertThat(before.version()).isLessThan(during.version());
        assertThat(during.version()).isLessThan(after.version());
        assertThat(after.version()).isLessThan(later.version());
    }
}
