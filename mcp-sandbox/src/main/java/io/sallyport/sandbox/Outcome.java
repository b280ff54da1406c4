package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What came of running code. Immutable. */
public final class Outcome {

    /** How it ended. */
    public enum Status {
        /** The code came to its end. */
        OK,
        /** The code failed: an exception that it did not catch, or it is no code at all; see {@link Outcome#error()}. */
        ERROR,
        /** It took too long, on the clock or of the processor. */
        TIMEOUT,
        /** It wanted more memory than it may have. */
        MEMORY,
        /** It said more, or wrote more into files, than it may. */
        OUTPUT,
        /** It was not run: it was judged unsafe, or cannot be run in an enclosure as strong as was asked for. */
        REJECTED,
        /** Somebody wished that it should end. */
        CANCELLED,
        /** The sandbox could not run it, or was lost while it did. */
        UNAVAILABLE
    }

    /**
     * What went wrong, in the words of the code's language, or of the sandbox. It comes from code that nobody vouches for.
     *
     * @param type such as {@code ValueError}
     * @param message may be empty
     * @param trace where in the code, may be empty; nothing of the sandbox's own
     */
    public record Failure(String type, String message, String trace) {}

    /**
     * What was used, as far as is known.
     *
     * @param wallTime on the clock, from when it was begun to run
     * @param cpuTime of processors
     * @param memoryBytes at the most
     */
    public record Usage(Duration wallTime, Optional<Duration> cpuTime, OptionalLong memoryBytes) {}

    private final Status status;
    private final Tier tier;
    private final String stdout;
    private final String stderr;
    private final Optional<JsonValue> value;
    private final Optional<Failure> error;
    private final Usage usage;

    private Outcome(Builder builder) {
        this.status = builder.status;
        this.tier = builder.tier;
        this.stdout = builder.stdout;
        this.stderr = builder.stderr;
        this.value = Optional.ofNullable(builder.value);
        this.error = Optional.ofNullable(builder.error);
        this.usage = builder.usage;
    }

    /** Returns a builder for the outcome of code that was run, or was to be, in such an enclosure. */
    public static Builder of(Status status, Tier tier) {
        return new Builder(status, tier);
    }

    /** Returns how it ended. */
    public Status status() {
        return status;
    }

    /** Returns what stood between the code and everything else. */
    public Tier tier() {
        return tier;
    }

    /** Returns what it has said on standard output, up to the limit. */
    public String stdout() {
        return stdout;
    }

    /** Returns what it has said on standard error, up to the limit. */
    public String stderr() {
        return stderr;
    }

    /** Returns its value: what it has put into the variable {@code result}; only if it came to its end. */
    public Optional<JsonValue> value() {
        return value;
    }

    /** Returns what went wrong; there is one unless the status is {@link Status#OK}. */
    public Optional<Failure> error() {
        return error;
    }

    /** Returns what was used. */
    public Usage usage() {
        return usage;
    }

    @Override
    public String toString() {
        return "Outcome[" + status + ", " + tier
                + error.map(failure -> ", " + failure.type()).orElse("") + "]";
    }

    /** Puts an outcome together. Confined to one thread. */
    public static final class Builder {

        private final Status status;
        private final Tier tier;
        private String stdout = "";
        private String stderr = "";
        private @Nullable JsonValue value;
        private @Nullable Failure error;
        private Usage usage = new Usage(Duration.ZERO, Optional.empty(), OptionalLong.empty());

        private Builder(Status status, Tier tier) {
            this.status = requireNonNull(status, "status");
            this.tier = requireNonNull(tier, "tier");
        }

        /** Sets what it has said. Defaults to nothing. */
        public Builder said(String stdout, String stderr) {
            this.stdout = requireNonNull(stdout, "stdout");
            this.stderr = requireNonNull(stderr, "stderr");
            return this;
        }

        /** Sets its value. Defaults to none. */
        public Builder value(JsonValue value) {
            this.value = requireNonNull(value, "value");
            return this;
        }

        /** Sets what went wrong. Defaults to nothing. */
        public Builder error(Failure error) {
            this.error = requireNonNull(error, "error");
            return this;
        }

        /** Sets what was used. Defaults to nothing that is known. */
        public Builder usage(Usage usage) {
            this.usage = requireNonNull(usage, "usage");
            return this;
        }

        /**
         * Returns the outcome.
         *
         * @throws IllegalStateException if it has not gone well and nobody says what went wrong, or has not come to its end
         *     and has a value
         */
        public Outcome build() {
            if ((status == Status.OK) == (error != null)) {
                throw new IllegalStateException("an outcome needs an error unless it is OK, but was " + status
                        + " with " + (error == null ? "none" : error.type()));
            }
            if (value != null && status != Status.OK) {
                throw new IllegalStateException("only what came to its end has a value, but this was " + status);
            }
            return new Outcome(this);
        }
    }
}
