package io.sallyport.resilience;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {

    private final VirtualTime time = new VirtualTime();
    private final RetryBudget budget = new RetryBudget(time);

    private int withdrawAll() {
        int withdrawn = 0;
        while (budget.tryWithdraw()) {
            withdrawn++;
        }
        return withdrawn;
    }

    @Test
    void manyCallsBringATenthOfTheirNumber() {
        withdrawAll();
        int retries = 0;
        for (int i = 0; i < 1000; i++) {
            budget.deposit();
            retries += budget.tryWithdraw() ? 1 : 0;
        }

        assertThat(retries).isEqualTo(100);
    }

    @Test
    void withFewCallsThereIsOneASecond() {
        withdrawAll();

        time.pass(Duration.ofSeconds(3));

        assertThat(withdrawAll()).isEqualTo(3);
    }

    @Test
    void noMoreIsSavedThanTenSecondsGive() {
        time.pass(Duration.ofHours(10));
        for (int i = 0; i < 10_000; i++) {
            budget.deposit();
        }

        assertThat(withdrawAll()).isEqualTo(10);
    }
}
