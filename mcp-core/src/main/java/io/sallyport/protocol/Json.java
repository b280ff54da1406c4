package io.sallyport.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/** JSON text from and to JDK types, for the places where something asks for more than bytes. Thread-safe. */
public final class Json {

    /** Without limits of its own: it reads nothing that the scanner has not bounded. */
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MessageLimits.MAX_CONFIGURABLE_DEPTH)
                            .maxStringLength(Integer.MAX_VALUE)
                            .maxNameLength(Integer.MAX_VALUE)
                            .maxNumberLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .build();

    private Json() {}

    /**
     * Returns a scanned value as JDK types: {@link Map} (in order), {@link java.util.List}, {@link String}, {@link
     * Boolean}, {@link Integer}, {@link Long}, {@link java.math.BigInteger}, {@link Double}, or null. A number with a
     * fraction or an exponent becomes the nearest {@code Double}, which beyond its range is infinite.
     */
    public static @Nullable Object read(JsonValue value) {
        try {
            return MAPPER.readValue(value.bytes, value.start, value.end - value.start, Object.class);
        } catch (JacksonException unexpected) {
            throw new IllegalStateException("scanned JSON that does not parse", unexpected);
        }
    }

    /**
     * Returns JSON text for JDK types: maps with string keys, collections, strings, numbers, booleans, nulls, and
     * {@link JsonValue}s, which are written as they stand.
     *
     * @throws IllegalArgumentException if the value holds something else
     */
    public static String write(@Nullable Object value) {
        StringBuilder json = new StringBuilder();
        append(json, value);
        return json.toString();
    }

    /** Returns a JSON string with its quotes. */
    public static String quote(String text) {
        return JsonStrings.quote(text);
    }

    private static void append(StringBuilder json, @Nullable Object value) {
        if (value == null || value instanceof Boolean) {
            json.append(value);
        } else if (value instanceof String text) {
            json.append(JsonStrings.quote(text));
        } else if (value instanceof JsonValue scanned) {
            json.append(scanned.toJson());
        } else if (value instanceof Double number && !Double.isFinite(number)
                || value instanceof Float small && !Float.isFinite(small)) {
            throw new IllegalArgumentException("JSON has no number for " + value);
        } else if (value instanceof Number) {
            json.append(value);
        } else if (value instanceof Map<?, ?> map) {
            appendObject(json, map);
        } else if (value instanceof Iterable<?> elements) {
            appendArray(json, elements);
        } else {
            throw new IllegalArgumentException("cannot write a "
                    + value.getClass().getName() + " as JSON; use maps, lists, strings, numbers, booleans and null");
        }
    }

    private static void appendObject(StringBuilder json, Map<?, ?> map) {
        json.append('{');
        String separator = "";
        for (Map.Entry<?, ?> member : map.entrySet()) {
            if (!(member.getKey() instanceof String name)) {
                throw new IllegalArgumentException("a JSON object's names are strings, but found " + member.getKey());
            }
            json.append(separator).append(JsonStrings.quote(name)).append(':');
            append(json, member.getValue());
            separator = ",";
        }
        json.append('}');
    }

    private static void appendArray(StringBuilder json, Iterable<?> elements) {
        json.append('[');
        String separator = "";
        for (Object element : elements) {
            json.append(separator);
            append(json, element);
            separator = ",";
        }
        json.append(']');
    }
}
