package io.sallyport.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.testing.Incident;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every {@link EventLog} must do. An implementation's test implements this and gets the tests with it. */
public interface EventLogContract {

    /** Returns a log of nothing that keeps so much. */
    EventLog open(int bytesPerStream, int streamsPerSession);

    private static List<String> data(List<EventLog.Event> events) {
        return events.stream().map(EventLog.Event::data).toList();
    }

    @Test
    default void aClientThatComesBackGetsWhatItHasMissedInOrder() {
        try (EventLog log = open(1000, 4)) {
            log.append("s", "a", "{\"n\":1}");
            long second = log.append("s", "a", "{\"n\":\"é\uD83D\uDE00\"}");
            long third = log.append("s", "a", "{\"n\":3}");

            assertThat(data(log.after("s", "a", 0)))
                    .containsExactly("{\"n\":1}", "{\"n\":\"é\uD83D\uDE00\"}", "{\"n\":3}");
            assertThat(log.after("s", "a", second)).containsExactly(new EventLog.Event(third, "{\"n\":3}"));
            assertThat(log.after("s", "a", third)).isEmpty();
            assertThat(log.after("s", "a", third + 1)).isEmpty();
        }
    }

    @Test
    default void whatIsUnknownHasNoEvents() {
        try (EventLog log = open(1000, 4)) {
            log.append("s", "a", "1");

            assertThat(log.after("s", "b", 0)).isEmpty();
            assertThat(log.after("t", "a", 0)).isEmpty();
        }
    }

    @Test
    default void sessionsAndStreamsAreKeptApart() {
        try (EventLog log = open(1000, 4)) {
            log.append("s", "a", "s a");
            log.append("s", "b", "s b");
            log.append("t", "a", "t a");

            assertThat(data(log.after("s", "a", 0))).containsExactly("s a");
            assertThat(data(log.after("s", "b", 0))).containsExactly("s b");
            assertThat(data(log.after("t", "a", 0))).containsExactly("t a");
        }
    }

    @Test
    @Incident("S94")
    default void aStreamKeepsAsManyBytesAsItMayAndThenLosesItsOldest() {
        try (EventLog log = open(10, 4)) {
            log.append("s", "a", "12345");
            log.append("s", "a", "67890");
            assertThat(data(log.after("s", "a", 0))).containsExactly("12345", "67890");

            log.append("s", "a", "x");

            assertThat(data(log.after("s", "a", 0))).containsExactly("67890", "x");
        }
    }

    @Test
    default void bytesAreCountedNotCharacters() {
        try (EventLog log = open(10, 4)) {
            log.append("s", "a", "ééé");
            log.append("s", "a", "éé");
            assertThat(data(log.after("s", "a", 0))).containsExactly("ééé", "éé");

            log.append("s", "a", "é");

            assertThat(data(log.after("s", "a", 0))).containsExactly("éé", "é");
        }
    }

    @Test
    default void oneEventIsKeptHoweverLongItIs() {
        try (EventLog log = open(10, 4)) {
            log.append("s", "a", "1");
            log.append("s", "a", "x".repeat(11));

            assertThat(data(log.after("s", "a", 0))).containsExactly("x".repeat(11));
        }
    }

    @Test
    @Incident("S94")
    default void aSessionKeepsAsManyStreamsAsItMayAndThenLosesTheOneLeastRecentlyUsed() {
        try (EventLog log = open(1000, 2)) {
            log.append("s", "a", "a1");
            log.append("s", "b", "b1");
            log.append("s", "a", "a2");
            log.append("other", "c", "c");
            assertThat(log.after("s", "b", 0)).hasSize(1);
            log.append("s", "a", "a3");

            log.append("s", "c", "c1");

            assertThat(log.after("s", "b", 0)).isEmpty();
            assertThat(log.after("s", "a", 0)).hasSize(3);
            assertThat(log.after("s", "c", 0)).hasSize(1);
        }
    }

    @Test
    default void numbersGrowEvenIfTheLogHasForgottenTheStream() {
        try (EventLog log = open(1000, 1)) {
            log.append("s", "a", "1");
            long seen = log.append("s", "a", "2");
            log.append("s", "b", "the log now has no room for a");
            long next = log.append("s", "a", "3");
            log.forget("s", "a");
            long last = log.append("s", "a", "4");

            assertThat(seen).isPositive();
            assertThat(next).isGreaterThan(seen);
            assertThat(last).isGreaterThan(next);
            assertThat(data(log.after("s", "a", seen))).containsExactly("4");
        }
    }

    @Test
    default void theStreamsOfASessionTogetherKeepNoMoreThanTheyAllMay() {
        try (EventLog log = open(10, 4)) {
            log.append("other", "a", "x".repeat(40));
            log.append("s", "a", "x".repeat(20));
            log.append("s", "b", "x".repeat(20));
            assertThat(log.after("s", "a", 0)).hasSize(1);
            assertThat(log.after("s", "b", 0)).hasSize(1);

            log.append("s", "c", "x");

            assertThat(log.after("s", "a", 0)).as("not used for longest").isEmpty();
            assertThat(log.after("s", "b", 0)).hasSize(1);
            assertThat(log.after("s", "c", 0)).hasSize(1);

            log.forget("s", "b");
            log.append("s", "d", "x".repeat(39));
            assertThat(log.after("s", "c", 0))
                    .as("what was forgotten does not count")
                    .hasSize(1);
            assertThat(log.after("other", "a", 0)).hasSize(1);
        }
    }

    @Test
    default void whatIsForgottenIsGone() {
        try (EventLog log = open(1000, 4)) {
            log.append("s", "a", "1");
            log.append("s", "b", "1");
            log.append("t", "a", "1");
            log.forget("s", "a");
            assertThat(log.after("s", "a", 0)).isEmpty();
            assertThat(log.after("s", "b", 0)).hasSize(1);

            log.forget("s");
            log.forget("s");
            log.forget("unknown", "a");

            assertThat(log.after("s", "b", 0)).isEmpty();
            assertThat(log.after("t", "a", 0)).hasSize(1);
        }
    }
}
