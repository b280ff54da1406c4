package io.sallyport.resilience;

import static java.util.Objects.requireNonNull;

import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * How much an upstream is asked for, and what may be asked again. Immutable; each method returns rules that differ in one thing.
 *
 * @since 0.1
 */
public final class UpstreamRules {

    private static final int MOST_CALLS = 100_000;

    private final int callsAtOnce;
    private final int callsWaiting;
    private final int attempts;
    private final Set<String> repeatableTools;
    private final boolean isTrusted;
    private final UnaryOperator<CircuitBreaker.Builder> breaker;

    private UpstreamRules(
            int callsAtOnce,
            int callsWaiting,
            int attempts,
            Set<String> repeatableTools,
            boolean isTrusted,
            UnaryOperator<CircuitBreaker.Builder> breaker) {
        this.callsAtOnce = callsAtOnce;
        this.callsWaiting = callsWaiting;
        this.attempts = attempts;
        this.repeatableTools = repeatableTools;
        this.isTrusted = isTrusted;
        this.breaker = breaker;
    }

    /**
     * Returns what is sensible without knowing the upstream: 25 calls at once and 1,000 that wait, three attempts, no tool may be
     * called again, and breakers with the defaults of {@link CircuitBreaker.Builder}.
     */
    public static UpstreamRules defaults() {
        return new UpstreamRules(25, 1_000, 3, Set.of(), false, UnaryOperator.identity());
    }

    /**
     * Returns rules with another number of calls at once, on this node.
     *
     * @throws IllegalArgumentException unless it is 1 to 100,000
     */
    public UpstreamRules callsAtOnce(int calls) {
        return new UpstreamRules(
                between("callsAtOnce", calls, 1, MOST_CALLS),
                callsWaiting,
                attempts,
                repeatableTools,
                isTrusted,
                breaker);
    }

    /**
     * Returns rules with another number of calls that may wait for others to end; 0 if none may. One principal has at most half of
     * them.
     *
     * @throws IllegalArgumentException unless it is 0 to 100,000
     */
    public UpstreamRules callsWaiting(int calls) {
        return new UpstreamRules(
                callsAtOnce,
                between("callsWaiting", calls, 0, MOST_CALLS),
                attempts,
                repeatableTools,
                isTrusted,
                breaker);
    }

    /**
     * Returns rules with another number of attempts, the first one included, of calls that may be made again.
     *
     * @throws IllegalArgumentException unless it is 1 to 10
     */
    public UpstreamRules attempts(int attempts) {
        return new UpstreamRules(
                callsAtOnce, callsWaiting, between("attempts", attempts, 1, 10), repeatableTools, isTrusted, breaker);
    }

    /**
     * Returns rules by which these tools, and no other ones, may be called again although the first call may have been carried out:
     * it makes no difference how often they are.
     *
     * @param tools their names as the upstream has them
     */
    public UpstreamRules repeatableTools(Set<String> tools) {
        return new UpstreamRules(callsAtOnce, callsWaiting, attempts, Set.copyOf(tools), isTrusted, breaker);
    }

    /**
     * Returns rules by which the upstream is believed that its tools are what they say in {@code readOnlyHint} and {@code
     * idempotentHint}, and those may be called again. The specification has clients not rely on these hints unless they come from
     * servers that they trust.
     */
    public UpstreamRules trustHints() {
        return new UpstreamRules(callsAtOnce, callsWaiting, attempts, repeatableTools, true, breaker);
    }

    /**
     * Returns rules with other breakers.
     *
     * @param settings sets what differs from the defaults; called once for each breaker, of the upstream and of each tool
     */
    public UpstreamRules breaker(UnaryOperator<CircuitBreaker.Builder> settings) {
        return new UpstreamRules(
                callsAtOnce, callsWaiting, attempts, repeatableTools, isTrusted, requireNonNull(settings, "settings"));
    }

    int callsAtOnce() {
        return callsAtOnce;
    }

    int callsWaiting() {
        return callsWaiting;
    }

    int attempts() {
        return attempts;
    }

    boolean mayRepeat(String tool) {
        return repeatableTools.contains(tool);
    }

    boolean isTrusted() {
        return isTrusted;
    }

    UnaryOperator<CircuitBreaker.Builder> breaker() {
        return breaker;
    }

    private static int between(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be " + least + " to " + most + ", but was " + value);
        }
        return value;
    }
}
