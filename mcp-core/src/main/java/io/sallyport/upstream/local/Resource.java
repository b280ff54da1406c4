package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A resource of a {@link LocalServer}, or a template for many: its definition and what reads it. Immutable.
 *
 * <p>A template has places in braces, {@code notes://{user}/{id}}, each of which stands for one or more characters
 * other than {@code /} (RFC 6570, level 1).
 */
public final class Resource {

    /** Reads a resource; called by several threads at once. */
    @FunctionalInterface
    public interface Reader {
        /** Returns what the URI stands for; a template's places are the arguments of the call. */
        ResourceContents read(String uri, LocalCall call) throws Exception;
    }

    private static final Pattern PLACE = Pattern.compile("\\{([A-Za-z0-9_]+)}");

    private final String uri;
    private final JsonValue definition;
    private final Reader reader;
    private final Optional<Pattern> pattern;
    private final Map<String, Prompt.CallCompleter> completers;

    private Resource(
            String uri,
            JsonValue definition,
            Reader reader,
            Optional<Pattern> pattern,
            Map<String, Prompt.CallCompleter> completers) {
        this.uri = uri;
        this.definition = definition;
        this.reader = reader;
        this.pattern = pattern;
        this.completers = completers;
    }

    /** Begins the definition of a resource at a URI. */
    public static Builder at(String uri) {
        return new Builder(requireNonNull(uri, "uri"), false);
    }

    /** Begins the definition of a template, such as {@code notes://{user}/{id}}. */
    public static Builder template(String uriTemplate) {
        return new Builder(requireNonNull(uriTemplate, "uriTemplate"), true);
    }

    /**
     * Begins from a definition that is given as JSON, as it stands in {@code resources/list} or in {@code
     * resources/templates/list}.
     *
     * @throws IllegalArgumentException if it is not JSON, or has neither a {@code uri} nor a {@code uriTemplate}
     */
    public static Builder from(String definitionJson) {
        JsonValue given = JsonValue.trusted(definitionJson);
        Builder builder = given.getString("uriTemplate")
                .map(Resource::template)
                .or(() -> given.getString("uri").map(Resource::at))
                .orElseThrow(() -> new IllegalArgumentException(
                        "a resource's definition has a \"uri\" or a \"uriTemplate\" that is a string"));
        builder.definition.putAll(given.members());
        return builder;
    }

    String uri() {
        return uri;
    }

    boolean isTemplate() {
        return pattern.isPresent();
    }

    JsonValue definition() {
        return definition;
    }

    Reader reader() {
        return reader;
    }

    Optional<Prompt.CallCompleter> completer(String place) {
        return Optional.ofNullable(completers.get(place));
    }

    /** Returns what stands at the places of the template, or nothing if the URI is not one of it. */
    Optional<Map<String, Object>> match(String candidate) {
        if (pattern.isEmpty()) {
            return candidate.equals(uri) ? Optional.of(Map.of()) : Optional.empty();
        }
        Matcher matcher = pattern.get().matcher(candidate);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        Map<String, Object> places = new LinkedHashMap<>();
        Matcher names = PLACE.matcher(uri);
        for (int group = 1; names.find(); group++) {
            places.put(names.group(1), matcher.group(group));
        }
        return Optional.of(places);
    }

    /** Defines a resource or a template. Confined to one thread. */
    public static final class Builder {

        private final String uri;
        private final boolean template;
        private final Map<String, Object> definition = new LinkedHashMap<>();
        private final Map<String, Prompt.CallCompleter> completers = new LinkedHashMap<>();

        private Builder(String uri, boolean template) {
            this.uri = uri;
            this.template = template;
            definition.put(template ? "uriTemplate" : "uri", uri);
            definition.put("name", uri);
        }

        /** Sets the name; by default it is the URI. */
        public Builder name(String name) {
            definition.put("name", requireNonNull(name, "name"));
            return this;
        }

        /** Sets the description. */
        public Builder description(String description) {
            definition.put("description", requireNonNull(description, "description"));
            return this;
        }

        /** Sets the MIME type. */
        public Builder mimeType(String mimeType) {
            definition.put("mimeType", requireNonNull(mimeType, "mimeType"));
            return this;
        }

        /** Sets what completes a place of a template. */
        public Builder complete(String place, Prompt.Completer completer) {
            requireNonNull(completer, "completer");
            return complete(place, (begun, call) -> completer.complete(begun));
        }

        /** Sets what completes a place of a template and looks at the call for it. */
        public Builder complete(String place, Prompt.CallCompleter completer) {
            completers.put(requireNonNull(place, "place"), requireNonNull(completer, "completer"));
            return this;
        }

        /** Sets what reads it and returns the resource. */
        public Resource reader(Reader reader) {
            return new Resource(
                    uri,
                    JsonValue.trusted(Json.write(definition)),
                    requireNonNull(reader, "reader"),
                    template ? Optional.of(pattern()) : Optional.empty(),
                    Map.copyOf(completers));
        }

        private Pattern pattern() {
            StringBuilder regex = new StringBuilder();
            Matcher places = PLACE.matcher(uri);
            int end = 0;
            while (places.find()) {
                regex.append(Pattern.quote(uri.substring(end, places.start()))).append("([^/]+)");
                end = places.end();
            }
            return Pattern.compile(
                    regex.append(Pattern.quote(uri.substring(end))).toString());
        }
    }
}
