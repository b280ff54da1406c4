package io.sallyport.upstream.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.CapturedLog;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

class LogBudgetTest {

    private static final Logger LOGGER = LoggerFactory.getLogger(LogBudgetTest.class);

    private final AtomicLong now = new AtomicLong();
    private final LogBudget budget = new LogBudget(2, Duration.ofSeconds(10), now::get);

    @Test
    void whatIsTooMuchIsLeftOutAndCounted() {
        try (CapturedLog log = CapturedLog.of(LogBudgetTest.class)) {
            for (int i = 0; i < 5; i++) {
                say("first");
            }
            now.addAndGet(Duration.ofSeconds(10).toNanos() - 1);
            say("not yet");
            now.addAndGet(1);

            say("second");
            say("third");
            say("too much again");

            assertThat(log.lines()).containsExactly("first ", "first ", "second [leftOut=\"4\"]", "third ");
        }
    }

    private void say(String text) {
        budget.at(LOGGER, Level.WARN).log(text);
    }
}
