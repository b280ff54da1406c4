package io.sallyport.resilience.ratelimit;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What holds for a limit just now: its rate, for how long it is raised, and how often it was reset. Each change has a revision of
 * its own. Immutable.
 *
 * @param generation buckets of another generation count no more
 */
record LimitRule(long revision, long generation, Rate rate, Optional<Boost> boost) {

    private static final String FORMAT = "1";
    private static final int LEAST_WORDS = 6;
    private static final int WORDS_WITH_BOOST = 8;

    /** For a time there is so much more. */
    record Boost(double factor, Instant until) {}

    /** The rate that holds at a moment, and its version. */
    record Effective(Rate rate, long version) {
        boolean isBoosted() {
            return version % 2 == 0;
        }
    }

    /** Returns what holds as long as nobody has changed anything. */
    static LimitRule initial(Rate rate) {
        return new LimitRule(0, 0, rate, Optional.empty());
    }

    LimitRule with(Rate other) {
        return new LimitRule(revision + 1, generation, other, boost);
    }

    LimitRule with(Boost other) {
        return new LimitRule(revision + 1, generation, rate, Optional.of(other));
    }

    LimitRule afresh() {
        return new LimitRule(revision + 1, generation + 1, rate, boost);
    }

    /** Returns what holds at this moment. That a boost ends is a change without a revision, hence two versions of each. */
    Effective at(Instant now) {
        return boost.filter(its -> now.isBefore(its.until()))
                .map(its -> new Effective(rate.times(its.factor()), 2 * revision))
                .orElseGet(() -> new Effective(rate, 2 * revision + 1));
    }

    /** Returns it as a line that {@link #parse} reads, in this release and later ones. */
    String text() {
        String plain = String.join(
                " ",
                FORMAT,
                String.valueOf(revision),
                String.valueOf(generation),
                String.valueOf(rate.calls()),
                String.valueOf(rate.per().toSeconds()),
                String.valueOf(rate.burst()));
        return boost.map(its -> plain + " " + its.factor() + " " + its.until().toEpochMilli())
                .orElse(plain);
    }

    /** @throws IllegalArgumentException if it is not what a release like this one writes */
    static LimitRule parse(String text) {
        List<String> words = List.of(text.split(" "));
        if (!words.get(0).equals(FORMAT) || words.size() != LEAST_WORDS && words.size() != WORDS_WITH_BOOST) {
            throw new IllegalArgumentException("the setting of a limit is in no form that this release knows");
        }
        Optional<Boost> boost = words.size() == LEAST_WORDS
                ? Optional.empty()
                : Optional.of(new Boost(
                        Double.parseDouble(words.get(6)), Instant.ofEpochMilli(Long.parseLong(words.get(7)))));
        return new LimitRule(
                Long.parseLong(words.get(1)),
                Long.parseLong(words.get(2)),
                new Rate(
                        Long.parseLong(words.get(3)),
                        Duration.ofSeconds(Long.parseLong(words.get(4))),
                        Long.parseLong(words.get(5))),
                boost);
    }
}
