package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.architecture.Pages;
import io.sallyport.resilience.CircuitBreaker.Failure;
import io.sallyport.resilience.CircuitBreaker.State;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ResiliencePagesTest {

    @Test
    void thePictureOnThePageIsThatInTheCode() throws IOException {
        String picture = Pages.pictureOf("io/sallyport/resilience/CircuitBreaker.java");

        assertThat(Pages.page("recovery.md")).contains(picture);
        for (State state : EnumSet.complementOf(EnumSet.of(State.FORCED_OPEN, State.DISABLED))) {
            assertThat(picture).contains(state.name());
        }
    }

    @Test
    void thePageHasEachMemberOfACircuit() throws IOException {
        CircuitBreaker breaker =
                CircuitBreaker.builder("shop").minimumCalls(1).failuresInARow(1).build();
        breaker.tryCall(Duration.ofSeconds(1)).orElseThrow().failed(Failure.TRANSPORT);
        Set<String> members =
                new TreeSet<>(CircuitHealth.describe(breaker.status()).keySet());

        assertThat(members)
                .hasSize(6)
                .containsExactlyElementsOf(new TreeSet<>(Pages.membersAfter("A circuit has:", "health.md")));
    }
}
