package io.sallyport.resilience.ratelimit;

import io.sallyport.health.HealthPart;
import io.sallyport.spi.Principal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Limits, for operators. */
final class LimitHealth implements HealthPart {

    private final RateLimits limits;

    LimitHealth(RateLimits limits) {
        this.limits = limits;
    }

    @Override
    public String name() {
        return "limits";
    }

    @Override
    public boolean isWell() {
        return limits.status().stream().allMatch(RateLimits.Status::isStoreReachable);
    }

    @Override
    public Map<String, Map<String, ?>> items() {
        Map<String, Map<String, ?>> items = new LinkedHashMap<>();
        limits.status().forEach(status -> items.put(status.limit(), describe(status)));
        return items;
    }

    static Map<String, Object> describe(RateLimits.Status status) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("scope", status.scope().name());
        members.put("configured", status.configured().toString());
        members.put("rate", status.rate().toString());
        status.boostedUntil().ifPresent(end -> members.put("boostedUntil", end.toString()));
        members.put("keys", status.keys());
        members.put("mostKeys", status.mostKeys());
        members.put("store", status.isStoreReachable() ? "reachable" : "unreachable");
        return members;
    }

    @Override
    public boolean reset(Optional<String> item, Principal operator, String reason) {
        List<String> meant = limits.status().stream()
                .map(RateLimits.Status::limit)
                .filter(limit -> item.isEmpty() || item.get().equals(limit))
                .toList();
        meant.forEach(limit -> limits.reset(limit, operator.subject(), reason));
        return item.isEmpty() || !meant.isEmpty();
    }
}
