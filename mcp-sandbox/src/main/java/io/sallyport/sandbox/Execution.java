package io.sallyport.sandbox;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Principal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Code to be run, what it is given, and what it may use. Immutable.
 *
 * <p>Code finds its inputs in the variable {@code inputs}. What it has put into the variable {@code result} by its end is
 * its value, if it can be said in JSON. There is no network.
 */
public final class Execution {

    /** More than anybody writes by hand, and than any parser has to be asked to read. */
    private static final int MOST_CODE_CHARS = 1024 * 1024;

    private final Language language;
    private final String code;
    private final JsonValue inputs;
    private final Limits limits;
    private final Tier weakestTier;
    private final Optional<Origin> origin;
    private final boolean vouchedFor;

    private Execution(Builder builder) {
        this.language = builder.language;
        this.code = builder.code;
        this.inputs = builder.inputs;
        this.limits = builder.limits;
        this.weakestTier = builder.weakestTier;
        this.origin = Optional.ofNullable(builder.origin);
        this.vouchedFor = builder.vouchedFor;
    }

    /**
     * Whom the code comes from. For the record of what was refused, and for nothing else.
     *
     * @param principal who wants it to be run
     * @param session the sandbox session it is to be run in; empty for none
     * @param tool the tool it was given to; empty for none
     */
    public record Origin(Principal principal, String session, String tool) {}

    /**
     * Returns a builder for code.
     *
     * @throws IllegalArgumentException if there is more than 1 MiB of it
     */
    public static Builder of(Language language, String code) {
        return new Builder(language, code);
    }

    /** Returns what the code is written in. */
    public Language language() {
        return language;
    }

    /** Returns the code. */
    public String code() {
        return code;
    }

    /** Returns what it is given: a JSON object. */
    public JsonValue inputs() {
        return inputs;
    }

    /** Returns what it may use. */
    public Limits limits() {
        return limits;
    }

    /** Returns the weakest enclosure that it may be run in. */
    public Tier weakestTier() {
        return weakestTier;
    }

    /** Returns whom it comes from, if somebody has said so. */
    public Optional<Origin> origin() {
        return origin;
    }

    /** Returns whether the host vouches for the code, so that nobody need look at it before. It is enclosed all the same. */
    public boolean isVouchedFor() {
        return vouchedFor;
    }

    /** Puts an execution together. Confined to one thread. */
    public static final class Builder {

        private final Language language;
        private final String code;
        private JsonValue inputs = JsonValue.trusted("{}");
        private Limits limits = Limits.defaults();
        private Tier weakestTier = Tier.WASM;
        private @Nullable Origin origin;
        private boolean vouchedFor;

        private Builder(Language language, String code) {
            this.language = requireNonNull(language, "language");
            this.code = requireNonNull(code, "code");
            if (code.length() > MOST_CODE_CHARS) {
                throw new IllegalArgumentException(
                        "code must have at most " + MOST_CODE_CHARS + " characters, but had " + code.length());
            }
        }

        /**
         * Sets what the code is given. Defaults to nothing: {@code {}}.
         *
         * @throws IllegalArgumentException if it is no JSON object
         */
        public Builder inputs(JsonValue object) {
            if (!object.isObject()) {
                throw new IllegalArgumentException("inputs must be a JSON object, but was " + object.kind());
            }
            this.inputs = object;
            return this;
        }

        /** Sets what it may use. Defaults to {@link Limits#defaults()}. */
        public Builder limits(Limits limits) {
            this.limits = requireNonNull(limits, "limits");
            return this;
        }

        /** Sets the weakest enclosure that it may be run in. Defaults to {@link Tier#WASM}. */
        public Builder weakestTier(Tier tier) {
            this.weakestTier = requireNonNull(tier, "weakestTier");
            return this;
        }

        /** Sets whom it comes from. Defaults to nobody that is known. */
        public Builder origin(Origin origin) {
            this.origin = requireNonNull(origin, "origin");
            return this;
        }

        /** Says that the host vouches for the code: that all of it is the host's own. Defaults to that nobody does. */
        public Builder vouchedFor() {
            this.vouchedFor = true;
            return this;
        }

        /** Returns the execution. */
        public Execution build() {
            return new Execution(this);
        }
    }
}
