package io.sallyport.catalogue;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What an endpoint changes in the definition of a tool or prompt: whether it is there at all, and what clients read of
 * it. What is hidden stays hidden, whatever else is changed. Immutable.
 */
public final class Exposure {

    /** As the upstream defines it. */
    public static final Exposure AS_IT_IS = new Exposure(true, Map.of());

    /** Not listed and not callable, whatever else is changed in it. */
    public static final Exposure HIDDEN = new Exposure(false, Map.of());

    private final boolean active;
    private final Map<String, Object> overrides;

    private Exposure(boolean active, Map<String, Object> overrides) {
        this.active = active;
        this.overrides = overrides;
    }

    /** Returns this exposure under another name, which is used as it is, without a prefix. */
    public Exposure name(String name) {
        if (name.isEmpty() || name.length() > EndpointCatalogue.MAX_NAME) {
            throw new IllegalArgumentException(
                    "an exposed name has 1 to " + EndpointCatalogue.MAX_NAME + " characters, but was \"" + name + "\"");
        }
        return with("name", name);
    }

    /** Returns this exposure with another title. */
    public Exposure title(String title) {
        return with("title", requireNonNull(title, "title"));
    }

    /** Returns this exposure with another description. */
    public Exposure description(String description) {
        return with("description", requireNonNull(description, "description"));
    }

    /**
     * Returns this exposure with other annotations, in place of the upstream's; see {@link Json#write} for what they may
     * hold.
     */
    public Exposure annotations(Map<String, ?> annotations) {
        // Written at once: what is no JSON is refused here, and every node lists the members in the same order.
        return with("annotations", JsonValue.trusted(Json.write(annotations)));
    }

    private Exposure with(String member, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(overrides);
        all.put(member, value);
        return new Exposure(active, all);
    }

    boolean isActive() {
        return active;
    }

    /** Returns the name that the endpoint's configuration gives, if it gives one. */
    public Optional<String> configuredName() {
        return Optional.ofNullable((String) overrides.get("name"));
    }

    /** Returns the definition under a name, with what is overridden; the upstream's own if nothing changes. */
    JsonValue apply(JsonValue definition, String name, Kind kind) {
        boolean sameName = definition.getString(kind.key()).equals(Optional.of(name));
        if (sameName && overrides.isEmpty()) {
            return definition;
        }
        Map<String, Object> members = new LinkedHashMap<>(definition.members());
        members.putAll(overrides);
        members.put(kind.key(), name);
        return JsonValue.trusted(Json.write(members));
    }
}
