package io.sallyport.spi;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** One thing that somebody did, or was kept from doing. Holds no arguments, results or credentials. Immutable. */
public final class AuditEvent {

    /** How it came out. */
    public enum Outcome {
        /** It was carried out and answered. */
        ANSWERED,
        /** It was answered with an error of the upstream. */
        ERROR,
        /** It was refused by the gateway. */
        REFUSED,
        /** The upstream failed. */
        FAILED,
        /** The client gave it up. */
        CANCELLED
    }

    private final Instant at;
    private final Principal principal;
    private final String endpoint;
    private final String action;
    private final Optional<String> upstream;
    private final Optional<String> target;
    private final Optional<String> sessionKey;
    private final String correlationId;
    private final Outcome outcome;
    private final String reason;
    private final Duration took;
    private final Map<String, String> details;

    private AuditEvent(Builder builder) {
        at = builder.at;
        principal = builder.principal;
        endpoint = builder.endpoint;
        action = builder.action;
        upstream = builder.upstream;
        target = builder.target;
        sessionKey = builder.sessionKey;
        correlationId = builder.correlationId;
        outcome = builder.outcome;
        reason = builder.reason;
        took = builder.took;
        details = Collections.unmodifiableMap(new LinkedHashMap<>(builder.details));
    }

    /**
     * Begins an event.
     *
     * @param action what was asked for: a method, such as {@code tools/call}
     */
    public static Builder of(Principal principal, String endpoint, String action, Outcome outcome) {
        return new Builder(principal, endpoint, action, outcome);
    }

    /** Returns when it ended. */
    public Instant at() {
        return at;
    }

    /** Returns who did it. */
    public Principal principal() {
        return principal;
    }

    /** Returns the path of the endpoint. */
    public String endpoint() {
        return endpoint;
    }

    /** Returns what was asked for. */
    public String action() {
        return action;
    }

    /** Returns the upstream concerned. */
    public Optional<String> upstream() {
        return upstream;
    }

    /** Returns the upstream's own name of the tool, prompt or resource concerned. */
    public Optional<String> target() {
        return target;
    }

    /** Returns the key of the legacy session. */
    public Optional<String> sessionKey() {
        return sessionKey;
    }

    /** Returns the id that ties together what was logged about it. */
    public String correlationId() {
        return correlationId;
    }

    /** Returns how it came out. */
    public Outcome outcome() {
        return outcome;
    }

    /** Returns the stable word for why it was refused or failed; empty otherwise. */
    public String reason() {
        return reason;
    }

    /** Returns how long it took. */
    public Duration took() {
        return took;
    }

    /**
     * Returns what else is known of it, by stable words, in the order in which it was said; at most 16 of them. Whoever says it
     * says which words there are.
     */
    public Map<String, String> details() {
        return details;
    }

    @Override
    public String toString() {
        return "AuditEvent[" + action + " by " + principal.subject() + ": " + outcome + " " + reason + "]";
    }

    /** Puts an event together. Confined to one thread. */
    public static final class Builder {

        private static final int MOST_DETAILS = 16;
        private static final int MOST_DETAIL_CHARS = 4096;

        private final Principal principal;
        private final String endpoint;
        private final String action;
        private final Outcome outcome;
        private Instant at = Instant.EPOCH;
        private Optional<String> upstream = Optional.empty();
        private Optional<String> target = Optional.empty();
        private Optional<String> sessionKey = Optional.empty();
        private String correlationId = "";
        private String reason = "";
        private Duration took = Duration.ZERO;
        private final Map<String, String> details = new LinkedHashMap<>();

        private Builder(Principal principal, String endpoint, String action, Outcome outcome) {
            this.principal = requireNonNull(principal, "principal");
            this.endpoint = requireNonNull(endpoint, "endpoint");
            this.action = requireNonNull(action, "action");
            this.outcome = requireNonNull(outcome, "outcome");
        }

        /** Sets when it ended and how long it took. */
        public Builder time(Instant end, Duration duration) {
            this.at = requireNonNull(end, "end");
            this.took = requireNonNull(duration, "duration");
            return this;
        }

        /** Sets what it concerned. */
        public Builder about(Optional<String> upstreamName, Optional<String> targetName) {
            this.upstream = requireNonNull(upstreamName, "upstreamName");
            this.target = requireNonNull(targetName, "targetName");
            return this;
        }

        /** Sets the legacy session and the correlation id. */
        public Builder within(Optional<String> session, String correlation) {
            this.sessionKey = requireNonNull(session, "session");
            this.correlationId = requireNonNull(correlation, "correlation");
            return this;
        }

        /** Sets the stable word for why it was refused or failed. */
        public Builder reason(String word) {
            this.reason = requireNonNull(word, "word");
            return this;
        }

        /**
         * Adds something else that is known of it. A word that was used before gets the new value.
         *
         * @param word stable, such as {@code codeSha256}
         * @param value no argument, result or credential
         * @throws IllegalArgumentException if there are 16 already, or the value has more than 4096 characters
         */
        public Builder detail(String word, String value) {
            requireNonNull(word, "word");
            if (value.length() > MOST_DETAIL_CHARS) {
                throw new IllegalArgumentException(
                        word + " must have at most " + MOST_DETAIL_CHARS + " characters, but had " + value.length());
            }
            if (details.size() == MOST_DETAILS && !details.containsKey(word)) {
                throw new IllegalArgumentException(
                        "an event has at most " + MOST_DETAILS + " details, and " + word + " would be one more");
            }
            details.put(word, value);
            return this;
        }

        /** Returns the event. */
        public AuditEvent build() {
            return new AuditEvent(this);
        }
    }
}
