package io.sallyport.resilience;

import io.sallyport.health.HealthPart;
import io.sallyport.resilience.CircuitBreaker.State;
import io.sallyport.resilience.CircuitBreaker.Status;
import io.sallyport.spi.Principal;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The breakers of a policy, for operators. */
final class CircuitHealth implements HealthPart {

    private final ResiliencePolicy policy;

    CircuitHealth(ResiliencePolicy policy) {
        this.policy = policy;
    }

    @Override
    public String name() {
        return "circuits";
    }

    @Override
    public boolean isWell() {
        return policy.breakers().stream()
                .map(CircuitBreaker::status)
                .allMatch(status -> status.state() == State.CLOSED || status.state() == State.DISABLED);
    }

    @Override
    public Map<String, Map<String, ?>> items() {
        Map<String, Map<String, ?>> items = new LinkedHashMap<>();
        policy.circuits().forEach((name, status) -> items.put(name, describe(status)));
        return items;
    }

    static Map<String, Object> describe(Status status) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("state", status.state().name());
        members.put("since", status.since().toString());
        members.put("reason", status.reason());
        status.failureRate().ifPresent(percent -> members.put("failureRatePercent", percent));
        status.slowRate().ifPresent(percent -> members.put("slowRatePercent", percent));
        status.retryIn().map(Duration::toMillis).ifPresent(millis -> members.put("retryInMs", millis));
        return members;
    }

    @Override
    public boolean reset(Optional<String> item, Principal operator, String reason) {
        Collection<CircuitBreaker> meant = item.isEmpty()
                ? policy.breakers()
                : policy.circuit(item.get()).stream().toList();
        meant.forEach(breaker -> breaker.reset(operator.subject(), reason));
        return item.isEmpty() || !meant.isEmpty();
    }
}
