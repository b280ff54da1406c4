package io.sallyport.catalogue;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.ParamHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What an endpoint offers, made of its upstreams' catalogues. Immutable. */
public final class EndpointCatalogue {

    /** The most characters that an exposed name has; clients of several vendors take no more. */
    public static final int MAX_NAME = 64;

    private static final String SEPARATOR = "__";
    private static final int HASH_DIGITS = 8;

    /** How an upstream's definitions are exposed at an endpoint. */
    public interface Naming {
        /** Returns whether names stay as they are, without the upstream's name in front. */
        boolean isTransparent();

        /** Returns what is changed in the definition of an upstream's tool or prompt. */
        Exposure exposure(String upstream, Kind kind, String name);

        /**
         * Returns whether the configuration gives this name to a definition. No other gets it, whichever is listed first:
         * an upstream must not be able to take the place of what an operator has named.
         */
        boolean isConfigured(Kind kind, String exposed);

        /** Returns the upstream's own names of what the configuration speaks of. Defaults to none. */
        default Set<String> namesOf(String upstream, Kind kind) {
            return Set.of();
        }
    }

    /** What stands behind an exposed name. */
    public record Entry(String upstream, String name, JsonValue definition, ParamHeaders paramHeaders) {}

    /** A definition that is not offered, and why. */
    public record Quarantined(String upstream, Kind kind, String name, String reason) {}

    private record Template(String upstream, UriTemplate uris) {}

    private final Map<Kind, Map<String, Entry>> entries = new EnumMap<>(Kind.class);
    private final Map<Kind, String> lists = new EnumMap<>(Kind.class);
    private final List<Template> templates = new ArrayList<>();
    private final List<Quarantined> quarantined = new ArrayList<>();

    private EndpointCatalogue() {}

    /**
     * Merges catalogues.
     *
     * @param catalogues by upstream, in the endpoint's order; of two definitions that would get the same name, the
     *     one of the earlier upstream is offered and the other one quarantined
     */
    public static EndpointCatalogue merge(Map<String, Catalogue> catalogues, Naming naming) {
        EndpointCatalogue merged = new EndpointCatalogue();
        for (Kind kind : Kind.values()) {
            Map<String, Entry> byName = new LinkedHashMap<>();
            catalogues.forEach((upstream, catalogue) -> {
                catalogue
                        .unreadable(kind)
                        .ifPresent(reason -> merged.quarantine(upstream, kind, kind.listMethod(), reason));
                catalogue
                        .definitions(kind)
                        .forEach((name, definition) -> merged.add(byName, upstream, kind, name, definition, naming));
            });
            merged.entries.put(kind, byName);
            merged.lists.put(
                    kind,
                    Json.write(byName.values().stream().map(Entry::definition).toList()));
        }
        return merged;
    }

    private void add(
            Map<String, Entry> byName, String upstream, Kind kind, String name, JsonValue definition, Naming naming) {
        Exposure exposure = naming.exposure(upstream, kind, name);
        if (!exposure.isActive()) {
            return;
        }
        ParamHeaders paramHeaders;
        try {
            paramHeaders = checked(kind, name, definition);
        } catch (IllegalArgumentException notAllowed) {
            quarantine(upstream, kind, name, String.valueOf(notAllowed.getMessage()));
            return;
        }
        String exposed = exposed(upstream, kind, name, exposure, naming);
        if (exposure.configuredName().isEmpty() && naming.isConfigured(kind, exposed)) {
            quarantine(upstream, kind, name, "the configuration gives \"" + exposed + "\" to another one");
            return;
        }
        Entry entry = new Entry(upstream, name, exposure.apply(definition, exposed, kind), paramHeaders);
        Entry other = byName.putIfAbsent(exposed, entry);
        if (other != null) {
            quarantine(upstream, kind, name, "\"" + exposed + "\" is already offered by " + other.upstream());
        } else if (kind == Kind.TEMPLATE) {
            templates.add(new Template(upstream, new UriTemplate(name)));
        }
    }

    private void quarantine(String upstream, Kind kind, String name, String reason) {
        quarantined.add(new Quarantined(upstream, kind, name, reason));
    }

    /**
     * Returns which arguments headers mirror. Checks what the specification requires of a definition: many clients refuse
     * a whole list, of all upstreams, for one that lacks it.
     */
    private static ParamHeaders checked(Kind kind, String name, JsonValue definition) {
        if (name.codePoints().anyMatch(EndpointCatalogue::isInvisible)) {
            throw new IllegalArgumentException("its " + kind.key() + " holds characters that nobody sees");
        }
        if (kind != Kind.TOOL) {
            if (definition.getString("name").isEmpty()) {
                throw new IllegalArgumentException("\"name\" must be a string");
            }
            return ParamHeaders.NONE;
        }
        JsonValue schema = definition
                .get("inputSchema")
                .filter(found -> found.getString("type").equals(Optional.of("object")))
                .orElseThrow(() -> new IllegalArgumentException("\"inputSchema\" must be of type \"object\""));
        return ParamHeaders.of(schema);
    }

    /** A name is shown to people who approve it, and written to terminals and logs. */
    private static boolean isInvisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }

    /** Resources keep their URIs: clients find them in texts, too. */
    private static String exposed(String upstream, Kind kind, String name, Exposure exposure, Naming naming) {
        if (kind == Kind.RESOURCE || kind == Kind.TEMPLATE) {
            return name;
        }
        return exposure.configuredName().orElseGet(() -> naming.isTransparent() ? name : prefixed(upstream, name));
    }

    /** Returns {@code upstream__name}, or as much of it as fits with a hash of the whole at its end. */
    static String prefixed(String upstream, String name) {
        String whole = upstream + SEPARATOR + name;
        if (whole.length() <= MAX_NAME) {
            return whole;
        }
        int end = MAX_NAME - HASH_DIGITS - 1;
        // Half of a character beyond the basic plane is none.
        int whatFits = Character.isHighSurrogate(whole.charAt(end - 1)) ? end - 1 : end;
        return whole.substring(0, whatFits) + "_" + hash(whole);
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Returns what stands behind an exposed name or URI. */
    public Optional<Entry> entry(Kind kind, String exposed) {
        return Optional.ofNullable(entries.getOrDefault(kind, Map.of()).get(exposed));
    }

    /** Returns the exposed names or URIs of a kind, in order. */
    public List<String> names(Kind kind) {
        return List.copyOf(entries.getOrDefault(kind, Map.of()).keySet());
    }

    /** Returns the upstream that a URI belongs to: the one that lists it, else the first with a template for it. */
    public Optional<String> upstreamOfUri(String uri) {
        return entry(Kind.RESOURCE, uri)
                .map(Entry::upstream)
                .or(() -> templates.stream()
                        .filter(template -> template.uris().matches(uri))
                        .map(Template::upstream)
                        .findFirst());
    }

    /** Returns the definitions of a kind as a JSON array. */
    public String list(Kind kind) {
        return lists.getOrDefault(kind, "[]");
    }

    /** Returns what is not offered, and why. */
    public List<Quarantined> quarantined() {
        return List.copyOf(quarantined);
    }

    /** Returns the kind that a method's parameter names, if it names one. */
    public static Optional<Kind> kindNamedBy(String method) {
        return switch (method) {
            case Methods.TOOLS_CALL -> Optional.of(Kind.TOOL);
            case Methods.PROMPTS_GET -> Optional.of(Kind.PROMPT);
            default -> Optional.empty();
        };
    }
}
