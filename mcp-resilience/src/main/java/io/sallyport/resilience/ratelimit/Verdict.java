package io.sallyport.resilience.ratelimit;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether a call may be made, and what to tell its client of the limits. Immutable. */
public final class Verdict {

    /** What one limit says. */
    record Said(String limit, Rate rate, long left, Duration retryIn) {}

    private final Optional<Said> refusal;
    private final List<Said> said;

    private Verdict(Optional<Said> refusal, List<Said> said) {
        this.refusal = refusal;
        this.said = said;
    }

    static Verdict granted(List<Said> said) {
        return new Verdict(Optional.empty(), List.copyOf(said));
    }

    static Verdict refused(Said refusal) {
        return new Verdict(Optional.of(refusal), List.of(refusal));
    }

    /** Returns whether the call may be made. */
    public boolean isGranted() {
        return refusal.isEmpty();
    }

    /** Returns the name of the limit that refuses it; empty if none does. */
    public Optional<String> limit() {
        return refusal.map(Said::limit);
    }

    /** Returns after which time it may be made; empty if it may now. */
    public Optional<Duration> retryAfter() {
        return refusal.map(Said::retryIn);
    }

    /** Returns the same in whole seconds, rounded up, as {@code Retry-After} says it; 0 if it may be made now. */
    public long retryAfterSeconds() {
        return refusal.map(its -> seconds(its.retryIn())).orElse(0L);
    }

    /** Returns one sentence for the client of a call that is refused; empty if it is not. */
    public Optional<String> message() {
        return refusal.map(its -> "Too many calls: the limit \"" + its.limit() + "\" is " + its.rate()
                + "; this call may be made in " + seconds(its.retryIn()) + " s.");
    }

    /**
     * Returns the headers {@code RateLimit} and {@code RateLimit-Policy}, as the draft {@code
     * draft-ietf-httpapi-ratelimit-headers-10} has them: those of the limit that refuses, or of all that were asked. Empty if
     * none was. For whom the calls were counted is not said.
     */
    public Map<String, String> headers() {
        if (said.isEmpty()) {
            return Map.of();
        }
        return Map.of(
                "RateLimit",
                said.stream().map(this::remaining).collect(Collectors.joining(", ")),
                "RateLimit-Policy",
                said.stream().map(Verdict::policy).collect(Collectors.joining(", ")));
    }

    private String remaining(Said its) {
        String left = quoted(its) + ";r=" + Math.max(0, its.left());
        return isGranted() ? left : left + ";t=" + seconds(its.retryIn());
    }

    private static String policy(Said its) {
        return quoted(its) + ";q=" + its.rate().calls() + ";w="
                + its.rate().per().toSeconds();
    }

    /** Names have nothing that would have to be escaped. */
    private static String quoted(Said its) {
        return "\"" + its.limit() + "\"";
    }

    /** Rounded up: who comes too early is refused again. */
    static long seconds(Duration time) {
        return Math.max(1, time.plusNanos(999_999_999).toSeconds());
    }

    @Override
    public String toString() {
        return refusal.map(its -> "Verdict[refused by " + its.limit() + "]").orElse("Verdict[granted]");
    }
}
