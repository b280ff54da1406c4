package io.sallyport.resilience.ratelimit;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** A limit: its name, whose calls it counts together, at which rate, and what counts for more than one. Immutable. */
public final class Limit {

    private final String name;
    private final LimitScope scope;
    private final Rate rate;
    private final boolean perPrincipal;
    private final Set<String> keys;
    private final Map<String, Integer> weights;

    private Limit(Builder builder) {
        this.name = builder.name;
        this.scope = builder.scope;
        this.rate = builder.rate;
        this.perPrincipal = builder.perPrincipal;
        this.keys = Set.copyOf(builder.keys);
        this.weights = Map.copyOf(builder.weights);
    }

    /** Returns a limit that counts each call as one. */
    public static Limit of(String name, LimitScope scope, Rate rate) {
        return builder(name, scope, rate).build();
    }

    /**
     * Begins a limit.
     *
     * @param name what clients, operators and the store call it: 1 to 64 letters, digits, dots, dashes and underscores
     */
    public static Builder builder(String name, LimitScope scope, Rate rate) {
        return new Builder(name, scope, rate);
    }

    /** Puts a limit together. Confined to one thread. */
    public static final class Builder {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

        private final String name;
        private final LimitScope scope;
        private final Rate rate;
        private boolean perPrincipal;
        private final Set<String> keys = new HashSet<>();
        private final Map<String, Integer> weights = new HashMap<>();

        private Builder(String name, LimitScope scope, Rate rate) {
            this.name = requireNonNull(name, "name");
            this.scope = requireNonNull(scope, "scope");
            this.rate = requireNonNull(rate, "rate");
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "name must be 1 to 64 letters, digits, dots, dashes and underscores, but was \"" + name + "\"");
            }
        }

        /** Counts the calls of each principal apart. Defaults to all principals together. */
        public Builder perPrincipal() {
            this.perPrincipal = true;
            return this;
        }

        /**
         * Lets the limit concern this key, and others for which this is called, only: an endpoint, a tenant, an upstream, a tool.
         * Defaults to all. See {@link LimitScope} for what a key is.
         */
        public Builder onlyFor(String key) {
            keys.add(requireNonNull(key, "key"));
            return this;
        }

        /**
         * Sets how much a call of a tool counts. Defaults to 1; with 0 the limit does not concern it.
         *
         * @param tool the upstream's own name of it
         * @throws IllegalArgumentException if it is negative, or more than the limit's burst, so that no call would ever pass
         */
        public Builder weight(String upstream, String tool, int calls) {
            requireNonNull(upstream, "upstream");
            requireNonNull(tool, "tool");
            if (calls < 0 || calls > rate.burst()) {
                throw new IllegalArgumentException("the weight of " + upstream + "/" + tool
                        + " must be at least 0 and at most the burst of " + rate.burst() + ", but was " + calls);
            }
            weights.put(upstream + "/" + tool, calls);
            return this;
        }

        /**
         * Returns the limit.
         *
         * @throws IllegalArgumentException if it is to be for certain keys only, and counts all calls
         */
        public Limit build() {
            if (scope == LimitScope.GLOBAL && !keys.isEmpty()) {
                throw new IllegalArgumentException("the limit \"" + name + "\" counts all calls, and is for " + keys
                        + " only; give it their scope");
            }
            return new Limit(this);
        }
    }

    /** Returns its name. */
    public String name() {
        return name;
    }

    /** Returns whose calls it counts together. */
    public LimitScope scope() {
        return scope;
    }

    /** Returns the rate that it was built with. */
    public Rate rate() {
        return rate;
    }

    /** Returns whether it counts the calls of each principal apart. */
    public boolean isPerPrincipal() {
        return perPrincipal || scope == LimitScope.PRINCIPAL;
    }

    boolean concerns(String key) {
        return keys.isEmpty() || keys.contains(key);
    }

    /** Returns how much a call of this upstream and tool counts. */
    int weight(String upstreamAndTool) {
        return weights.getOrDefault(upstreamAndTool, 1);
    }

    @Override
    public String toString() {
        return "Limit[" + name + ", " + scope + ", " + rate + "]";
    }
}
