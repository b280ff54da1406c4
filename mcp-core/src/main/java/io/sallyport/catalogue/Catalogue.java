package io.sallyport.catalogue;

import io.sallyport.protocol.JsonValue;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What one upstream offers: its definitions as it wrote them, by their names and in its order. Immutable. */
public final class Catalogue {

    /** A catalogue of nothing. */
    public static final Catalogue EMPTY = new Catalogue(Map.of(), Map.of());

    private final Map<Kind, Map<String, JsonValue>> definitions;
    private final Map<Kind, String> unreadable;

    private Catalogue(Map<Kind, Map<String, JsonValue>> definitions, Map<Kind, String> unreadable) {
        this.definitions = definitions;
        this.unreadable = Map.copyOf(unreadable);
    }

    /**
     * Returns a catalogue of these definitions. Of several with the same name the first counts, and those without a
     * name do not.
     */
    public static Catalogue of(Map<Kind, List<JsonValue>> lists) {
        return of(lists, Map.of());
    }

    /** Returns a catalogue that also tells which lists could not be read, and why. */
    static Catalogue of(Map<Kind, List<JsonValue>> lists, Map<Kind, String> unreadable) {
        Map<Kind, Map<String, JsonValue>> definitions = new EnumMap<>(Kind.class);
        lists.forEach((kind, list) -> {
            Map<String, JsonValue> byName = new LinkedHashMap<>();
            for (JsonValue definition : list) {
                definition.getString(kind.key()).ifPresent(name -> byName.putIfAbsent(name, definition));
            }
            definitions.put(kind, Collections.unmodifiableMap(byName));
        });
        return new Catalogue(definitions, unreadable);
    }

    /** Returns the definitions of a kind, by name, in the upstream's order. */
    public Map<String, JsonValue> definitions(Kind kind) {
        return definitions.getOrDefault(kind, Map.of());
    }

    /** Returns one definition. */
    public Optional<JsonValue> definition(Kind kind, String name) {
        return Optional.ofNullable(definitions(kind).get(name));
    }

    /** Returns why the list of a kind could not be read, if it could not. */
    Optional<String> unreadable(Kind kind) {
        return Optional.ofNullable(unreadable.get(kind));
    }

    /** Returns this catalogue with the lists that could not be read this time as they were in an earlier one. */
    public Catalogue orAsBefore(Catalogue earlier) {
        Map<Kind, Map<String, JsonValue>> all = new EnumMap<>(Kind.class);
        all.putAll(definitions);
        unreadable.keySet().forEach(kind -> all.put(kind, earlier.definitions(kind)));
        return new Catalogue(all, unreadable);
    }

    /** Returns whether the other lists the same, definition by definition, in the same order. */
    public boolean sameAs(Catalogue other, Kind kind) {
        List<String> mine =
                definitions(kind).values().stream().map(JsonValue::toJson).toList();
        List<String> others =
                other.definitions(kind).values().stream().map(JsonValue::toJson).toList();
        return mine.equals(others) && unreadable(kind).equals(other.unreadable(kind));
    }
}
