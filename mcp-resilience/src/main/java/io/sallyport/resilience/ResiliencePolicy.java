package io.sallyport.resilience;

import static java.util.Objects.requireNonNull;

import io.sallyport.filter.CallContext;
import io.sallyport.health.HealthPart;
import io.sallyport.resilience.CircuitBreaker.Transition;
import io.sallyport.upstream.CallPolicy;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a gateway does about upstreams that fail, are slow or have no room. Of each call, in this order:
 *
 * <ol>
 *   <li>it waits until its upstream has room for it, if there is room to wait in;
 *   <li>it is refused while the {@linkplain CircuitBreaker breaker} of the upstream, or that of the tool, is open;
 *   <li>if it fails and may be made again, it is, after a pause, as long as its time and the budget of retries allow.
 * </ol>
 *
 * <p>A call of a tool that is not known to be harmless is never made again if it may have been carried out. One policy serves one
 * gateway. Thread-safe; nothing here waits.
 *
 * @since 0.1
 */
public final class ResiliencePolicy implements CallPolicy {

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.breaker");

    private final UpstreamRules rules;
    private final Map<String, UpstreamRules> rulesOf;
    private final BiConsumer<String, Transition> listener;
    private final LongSupplier ticker;
    private final DoubleSupplier random;
    private final Map<String, UpstreamCalls> upstreams = new ConcurrentHashMap<>();

    private ResiliencePolicy(Builder builder) {
        rules = builder.rules;
        rulesOf = Map.copyOf(builder.rulesOf);
        listener = builder.listener;
        ticker = builder.ticker;
        random = builder.random;
    }

    /** Begins a policy. */
    public static Builder builder() {
        return new Builder();
    }

    /** Puts a policy together. Confined to one thread. */
    public static final class Builder {

        private UpstreamRules rules = UpstreamRules.defaults();
        private final Map<String, UpstreamRules> rulesOf = new LinkedHashMap<>();
        private BiConsumer<String, Transition> listener = (circuit, transition) -> {};
        private LongSupplier ticker = System::nanoTime;
        private DoubleSupplier random = Math::random;

        private Builder() {}

        /** Sets the rules for upstreams that have none of their own. Defaults to {@link UpstreamRules#defaults}. */
        public Builder rules(UpstreamRules rules) {
            this.rules = requireNonNull(rules, "rules");
            return this;
        }

        /** Sets the rules for one upstream. */
        public Builder rules(String upstream, UpstreamRules rules) {
            rulesOf.put(requireNonNull(upstream, "upstream"), requireNonNull(rules, "rules"));
            return this;
        }

        /**
         * Sets who is told when a breaker opens or closes, with its name, on the thread that brings it about; must not block.
         * Defaults to nobody; it is logged in any case.
         */
        public Builder onTransition(BiConsumer<String, Transition> listener) {
            this.listener = requireNonNull(listener, "listener");
            return this;
        }

        /** For tests: what time it is, and what chance decides between 0 and 1. */
        Builder time(LongSupplier nanos, DoubleSupplier random) {
            this.ticker = nanos;
            this.random = random;
            return this;
        }

        /** Returns the policy. */
        public ResiliencePolicy build() {
            return new ResiliencePolicy(this);
        }
    }

    @Override
    public Course begin(CallContext call, Supplier<Hints> hints) {
        return of(call.upstream().orElseThrow()).begin(call, hints);
    }

    @Override
    public void connected(String upstream) {
        of(upstream).circuits().ofUpstream().foundWell("it is connected");
    }

    private UpstreamCalls of(String upstream) {
        return upstreams.computeIfAbsent(upstream, name -> {
            UpstreamRules its = rulesOf.getOrDefault(name, rules);
            return new UpstreamCalls(
                    its,
                    new Circuits(
                            name,
                            circuit -> its.breaker()
                                    .apply(CircuitBreaker.builder(circuit))
                                    .onTransition(transition -> changed(circuit, transition))
                                    .time(ticker, InstantSource.system(), random)
                                    .build()),
                    ticker,
                    random);
        });
    }

    private void changed(String circuit, Transition transition) {
        LOGGER.atWarn()
                .addKeyValue("circuit", circuit)
                .addKeyValue("from", transition.from())
                .addKeyValue("to", transition.to())
                .addKeyValue("reason", transition.reason())
                .addKeyValue("actor", transition.actor().orElse(""))
                .log("a circuit breaker changed");
        listener.accept(circuit, transition);
    }

    /**
     * Returns how the breakers stand, by their names: that of the upstream, and {@code upstream/tool}. There is none before the first
     * call.
     */
    public Map<String, CircuitBreaker.Status> circuits() {
        Map<String, CircuitBreaker.Status> all = new TreeMap<>();
        upstreams
                .values()
                .forEach(calls -> calls.circuits().all().forEach((name, breaker) -> all.put(name, breaker.status())));
        return all;
    }

    /** Returns the breaker of this name, to force it open, disable or reset it. */
    public Optional<CircuitBreaker> circuit(String name) {
        return upstreams.values().stream()
                .flatMap(calls -> calls.circuits().named(name).stream())
                .findFirst();
    }

    Collection<CircuitBreaker> breakers() {
        return upstreams.values().stream()
                .flatMap(calls -> calls.circuits().all().values().stream())
                .toList();
    }

    /**
     * Returns the breakers as a part of a gateway's health, {@code circuits}, that operators see and reset; see {@code
     * McpGateway.Builder.healthPart}.
     */
    public HealthPart health() {
        return new CircuitHealth(this);
    }

    /**
     * How busy an upstream is.
     *
     * @param callsAtOnce how many calls are under way
     * @param callsWaiting how many wait for those to end
     */
    public record Load(int callsAtOnce, int callsWaiting) {}

    /** Returns how busy each upstream is, by its name. */
    public Map<String, Load> load() {
        Map<String, Load> all = new TreeMap<>();
        upstreams.forEach((name, calls) -> all.put(name, calls.load()));
        return all;
    }
}
