package io.sallyport.resilience.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.architecture.Pages;
import io.sallyport.health.HealthPart;
import io.sallyport.spi.Principal;
import io.sallyport.testing.Incident;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LimitHealthTest {

    private static final Principal OLGA = new Principal("test", "console", "olga", "default");

    private static RateLimits limits() {
        return RateLimits.builder()
                .limit(Limit.of("all", LimitScope.GLOBAL, Rate.of(1, Duration.ofHours(1))))
                .build();
    }

    @Test
    @Incident("S10")
    void operatorsSeeLimitsAndResetThem() {
        try (RateLimits limits = limits()) {
            HealthPart health = limits.health();
            limits.ask("ann");
            assertThat(limits.ask("ann").isGranted()).isFalse();

            // When
            assertThat(health.reset(Optional.of("all"), OLGA, "a loop of ours")).isTrue();

            assertThat(limits.ask("ann").isGranted()).isTrue();
            assertThat(health.reset(Optional.of("none"), OLGA, "why not")).isFalse();
            assertThat(health.isWell()).isTrue();
            assertThat(health.items()).containsOnlyKeys("all");
        }
    }

    @Test
    void thePageHasEachMemberOfALimit() throws IOException {
        try (RateLimits limits = limits()) {
            limits.boost("all", 2, Duration.ofHours(1), "olga", "the end of the quarter");

            List<String> members =
                    List.copyOf(LimitHealth.describe(limits.status().get(0)).keySet());

            assertThat(members).containsExactlyElementsOf(Pages.membersAfter("A limit has:", "health.md"));
        }
    }
}
