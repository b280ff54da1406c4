package io.sallyport.gateway.internal;

import io.sallyport.health.HealthPart;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.AuditEvent;
import io.sallyport.spi.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What operators see of a gateway's parts and do to them, at this node and with it at all others. Thread-safe. */
public final class Operations {

    /** The part that core has itself. */
    public static final String UPSTREAMS = "upstreams";

    /** The kind of the message by which other nodes hear of a reset. */
    static final String RESET = "reset";

    private static final Logger LOGGER = LoggerFactory.getLogger("io.sallyport.gateway");

    private final Engine engine;
    private final Map<String, HealthPart> parts = new LinkedHashMap<>();

    Operations(Engine engine, List<HealthPart> parts) {
        this.engine = engine;
        parts.forEach(part -> this.parts.put(part.name(), part));
    }

    /** Returns the names of the parts that the host has added. */
    public Set<String> parts() {
        return parts.keySet();
    }

    /** Returns what a part that the host has added consists of; nothing if it does not say. */
    public Map<String, Map<String, ?>> items(String part) {
        try {
            return Optional.ofNullable(parts.get(part)).map(HealthPart::items).orElse(Map.of());
        } catch (RuntimeException e) {
            tellOf(part, e);
            return Map.of();
        }
    }

    /** Returns whether all parts are well; one that fails is not. */
    public boolean areWell() {
        return parts.values().stream().allMatch(part -> {
            try {
                return part.isWell();
            } catch (RuntimeException e) {
                tellOf(part.name(), e);
                return false;
            }
        });
    }

    /** Returns whether there is such a part. */
    public boolean has(String part) {
        return part.equals(UPSTREAMS) || parts.containsKey(part);
    }

    /**
     * Resets an item of a part, or all of it, here and at all other nodes.
     *
     * @return whether there is such an item here
     * @throws IllegalArgumentException if there is no such part
     */
    public boolean reset(String part, Optional<String> item, Principal operator, String reason) {
        if (!has(part)) {
            throw new IllegalArgumentException("there is nothing that is named \"" + part + "\"; there are " + UPSTREAMS
                    + " and " + parts.keySet());
        }
        boolean isFound;
        try {
            isFound = resetHere(part, item, operator, reason);
        } catch (RuntimeException e) {
            audit(part, item, operator, reason, AuditEvent.Outcome.FAILED);
            throw e;
        }
        audit(part, item, operator, reason, AuditEvent.Outcome.ANSWERED);
        Map<String, Object> letter = new LinkedHashMap<>();
        letter.put("kind", RESET);
        letter.put("part", part);
        item.ifPresent(name -> letter.put("item", name));
        letter.put("reason", reason);
        letter.put("issuer", operator.issuer());
        letter.put("clientId", operator.clientId());
        letter.put("subject", operator.subject());
        letter.put("tenant", operator.tenant());
        engine.sessions().node().tellOthers(letter);
        return isFound;
    }

    private void audit(
            String part, Optional<String> item, Principal operator, String reason, AuditEvent.Outcome outcome) {
        engine.audit(AuditEvent.of(operator, "", part + ".reset", outcome)
                .time(Instant.now(), Duration.ZERO)
                .about(item.filter(upstream -> part.equals(UPSTREAMS)), item)
                .reason(reason)
                .build());
    }

    private boolean resetHere(String part, Optional<String> item, Principal operator, String reason) {
        LOGGER.atInfo()
                .addKeyValue("part", part)
                .addKeyValue("item", item.orElse("all"))
                .addKeyValue("operator", operator.subject())
                .addKeyValue("reason", reason)
                .log("reset by an operator");
        HealthPart added = parts.get(part);
        return added == null ? resetUpstreams(item) : added.reset(item, operator, reason);
    }

    private boolean resetUpstreams(Optional<String> name) {
        List<UpstreamManager> meant = engine.upstreams().stream()
                .filter(manager -> name.isEmpty() || name.get().equals(manager.name()))
                .toList();
        meant.forEach(UpstreamManager::reset);
        return !meant.isEmpty();
    }

    /** Does here what an operator has done at another node. */
    void onLetter(JsonValue letter) {
        String part = letter.getString("part").orElse("");
        if (!has(part)) {
            LOGGER.atDebug().addKeyValue("part", part).log("another node has a part that this one has not");
            return;
        }
        Principal operator = new Principal(
                letter.getString("issuer").orElse(""),
                letter.getString("clientId").orElse(""),
                letter.getString("subject").orElse(""),
                letter.getString("tenant").orElse(""));
        resetHere(
                part,
                letter.getString("item"),
                operator,
                letter.getString("reason").orElse(""));
    }

    /** Returns the names that may not be those of parts: they are words of the gateway's own. */
    public static Set<String> reserved() {
        return Set.of(UPSTREAMS, "services", "sessions", "live", "ready", "started");
    }

    private static void tellOf(String part, RuntimeException failure) {
        LOGGER.atError().addKeyValue("part", part).setCause(failure).log("a part did not say how it is");
    }
}
