package io.sallyport.protocol;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The arguments of a tool that headers mirror: those whose schema is annotated with {@code x-mcp-header} (revision
 * 2026-07-28, "Custom headers from tool parameters"; SEP-2243). Immutable.
 */
public final class ParamHeaders {

    /** A tool without mirrored arguments. */
    public static final ParamHeaders NONE = new ParamHeaders(List.of());

    private static final String ANNOTATION = "x-mcp-header";
    private static final String TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~";

    /** How a header may write an integer; no exponents and no digits of other scripts, which readers differ about. */
    private static final Pattern DECIMAL = Pattern.compile("-?[0-9]+(\\.[0-9]+)?");

    private record Param(String header, List<String> path, boolean isInteger) {}

    private final List<Param> params;

    private ParamHeaders(List<Param> params) {
        this.params = params;
    }

    /**
     * Reads the annotations of a tool's input schema.
     *
     * @throws IllegalArgumentException if an annotation is not allowed; a client has to drop such a tool
     */
    public static ParamHeaders of(JsonValue inputSchema) {
        if (inputSchema.get(ANNOTATION).isPresent()) {
            throw new IllegalArgumentException(ANNOTATION + " stands on the schema itself, which is no property");
        }
        refuseElsewhere(inputSchema, false);
        List<Param> params = new ArrayList<>();
        collect(inputSchema, List.of(), params);
        Set<String> seen = new HashSet<>();
        for (Param param : params) {
            if (!seen.add(param.header().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(ANNOTATION + " " + Json.quote(param.header()) + " stands twice");
            }
        }
        return params.isEmpty() ? NONE : new ParamHeaders(List.copyOf(params));
    }

    private static void collect(JsonValue schema, List<String> path, List<Param> params) {
        Map<String, JsonValue> properties =
                schema.get("properties").map(JsonValue::members).orElse(Map.of());
        for (Map.Entry<String, JsonValue> property : properties.entrySet()) {
            List<String> inner = new ArrayList<>(path);
            inner.add(property.getKey());
            JsonValue definition = property.getValue();
            Optional<JsonValue> annotation = definition.get(ANNOTATION);
            if (annotation.isPresent()) {
                params.add(param(annotation.get(), definition, List.copyOf(inner)));
            }
            if (definition.isObject()) {
                collect(definition, inner, params);
            }
        }
    }

    private static Param param(JsonValue annotation, JsonValue definition, List<String> path) {
        String name = annotation.asString().filter(ParamHeaders::isToken).orElse(null);
        if (name == null) {
            throw new IllegalArgumentException(
                    ANNOTATION + " must be a token as of RFC 9110, but was " + annotation.toJson());
        }
        String type = definition.getString("type").orElse("");
        if (!type.equals("string") && !type.equals("integer") && !type.equals("boolean")) {
            throw new IllegalArgumentException(ANNOTATION + " " + Json.quote(name)
                    + " needs a property of type string, integer or boolean, but found "
                    + definition.get("type").map(JsonValue::toJson).orElse("none"));
        }
        return new Param(name, path, type.equals("integer"));
    }

    /** Annotations that cannot be reached through {@code properties} alone are not allowed. */
    private static void refuseElsewhere(JsonValue schema, boolean annotationRefused) {
        if (schema.kind() == JsonValue.Kind.ARRAY) {
            schema.elements().forEach(element -> refuseElsewhere(element, true));
            return;
        }
        for (Map.Entry<String, JsonValue> member : schema.members().entrySet()) {
            if (member.getKey().equals(ANNOTATION) && annotationRefused) {
                throw new IllegalArgumentException(
                        ANNOTATION + " stands where it is not reached through \"properties\" alone");
            }
            switch (member.getKey()) {
                case "properties" ->
                    member.getValue()
                            .members()
                            .values()
                            .forEach(property -> refuseElsewhere(property, annotationRefused));
                case "const", "default", "enum", "examples" -> {
                    // Values, not schemas.
                }
                default -> refuseElsewhere(member.getValue(), true);
            }
        }
    }

    private static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(c -> c >= '0' && c <= '9'
                                || c >= 'A' && c <= 'Z'
                                || c >= 'a' && c <= 'z'
                                || TOKEN_PUNCTUATION.indexOf(c) >= 0);
    }

    /** Returns whether no argument is mirrored. */
    public boolean isEmpty() {
        return params.isEmpty();
    }

    /** Returns whether a header, by its full name, mirrors one of the arguments. */
    public boolean mirrorsInto(String header) {
        return params.stream().anyMatch(param -> header.equalsIgnoreCase(McpHeaders.PARAM_PREFIX + param.header()));
    }

    /**
     * Returns why the headers do not mirror the arguments as they must, or nothing if they do.
     *
     * @param arguments the call's {@code arguments}, if it has any
     */
    public Optional<McpError> mismatch(Optional<JsonValue> arguments, McpHeaders.Source headers) {
        for (Param param : params) {
            String header = McpHeaders.PARAM_PREFIX + param.header();
            List<String> sent = headers.values(header);
            Optional<JsonValue> value = find(arguments, param.path());
            String fault = null;
            if (value.isPresent() && sent.size() != 1) {
                fault = sent.isEmpty() ? "is missing" : "was sent " + sent.size() + " times";
            } else if (value.isPresent()) {
                Optional<String> mirrored = McpHeaders.decode(sent.get(0));
                fault = mirrored.isEmpty()
                        ? "holds characters or Base64 that it may not hold"
                        : agrees(mirrored.get(), value.get(), param.isInteger())
                                ? null
                                : "does not agree with the body";
            } else if (!sent.isEmpty()) {
                fault = "was sent, but the body does not have the argument";
            }
            if (fault != null) {
                return Optional.of(
                        McpError.of(ErrorCodes.HEADER_MISMATCH, "Header mismatch: the header " + header + " " + fault));
            }
        }
        return Optional.empty();
    }

    /** Returns the headers that mirror these arguments. */
    public Map<String, String> headersFor(Optional<JsonValue> arguments) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (Param param : params) {
            find(arguments, param.path())
                    .ifPresent(value -> headers.put(
                            McpHeaders.PARAM_PREFIX + param.header(),
                            McpHeaders.encode(text(value, param.isInteger()))));
        }
        return headers;
    }

    private static String text(JsonValue value, boolean isInteger) {
        OptionalLong whole = isInteger ? value.asLong() : OptionalLong.empty();
        return whole.isPresent()
                ? Long.toString(whole.getAsLong())
                : value.asString().orElseGet(value::toJson);
    }

    private static Optional<JsonValue> find(Optional<JsonValue> arguments, List<String> path) {
        Optional<JsonValue> value = arguments;
        for (String name : path) {
            value = value.flatMap(object -> object.get(name));
        }
        return value.filter(found -> found.kind() != JsonValue.Kind.NULL);
    }

    private static boolean agrees(String mirrored, JsonValue value, boolean isInteger) {
        if (isInteger && value.kind() == JsonValue.Kind.NUMBER) {
            try {
                return DECIMAL.matcher(mirrored).matches()
                        && new BigDecimal(mirrored).compareTo(new BigDecimal(value.toJson())) == 0;
            } catch (NumberFormatException exponentTooLarge) {
                return false;
            }
        }
        return mirrored.equals(value.asString().orElseGet(value::toJson));
    }
}
