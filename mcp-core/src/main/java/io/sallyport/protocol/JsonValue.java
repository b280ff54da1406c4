package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value that stands in scanned bytes; looking into it costs no more than walking over it. Immutable.
 *
 * <p>It keeps the message that it came from in memory; {@link #toJson()} makes a copy that does not.
 */
public final class JsonValue {

    /** The six kinds of JSON values. */
    public enum Kind {
        /** {@code {…}}. */
        OBJECT,
        /** {@code […]}. */
        ARRAY,
        /** {@code "…"}. */
        STRING,
        /** A number, whole or not. */
        NUMBER,
        /** {@code true} or {@code false}. */
        BOOLEAN,
        /** {@code null}. */
        NULL
    }

    final byte[] bytes;
    final int start;
    final int end;

    JsonValue(byte[] bytes, int start, int end) {
        this.bytes = bytes;
        this.start = start;
        this.end = end;
    }

    /**
     * Scans JSON text of any kind as strictly as a message is scanned.
     *
     * @throws MalformedMessageException if it is not JSON, or beyond the limits
     */
    public static JsonValue parse(String json, MessageLimits limits) throws MalformedMessageException {
        byte[] bytes = requireNonNull(json, "json").getBytes(StandardCharsets.UTF_8);
        return new MessageScanner(bytes, limits).scanValue();
    }

    /**
     * Scans JSON text of our own making, of any size.
     *
     * @throws IllegalArgumentException if it is not JSON
     */
    public static JsonValue trusted(String json) {
        try {
            return parse(json, Message.UNBOUNDED);
        } catch (MalformedMessageException e) {
            throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
        }
    }

    /** Returns which of the six kinds it is. */
    public Kind kind() {
        return switch (bytes[start]) {
            case '{' -> Kind.OBJECT;
            case '[' -> Kind.ARRAY;
            case '"' -> Kind.STRING;
            case 't', 'f' -> Kind.BOOLEAN;
            case 'n' -> Kind.NULL;
            default -> Kind.NUMBER;
        };
    }

    /** Returns whether it is an object. */
    public boolean isObject() {
        return bytes[start] == '{';
    }

    /** Returns the text of a string with its escapes resolved, or nothing for another kind. */
    public Optional<String> asString() {
        return bytes[start] == '"' ? Optional.of(JsonStrings.decode(bytes, start + 1, end - 1)) : Optional.empty();
    }

    /** Returns a number that is whole and fits, in whatever form it is written ({@code 1.0}, {@code 1e3}). */
    public OptionalLong asLong() {
        if (kind() != Kind.NUMBER) {
            return OptionalLong.empty();
        }
        String token = toJson();
        try {
            return OptionalLong.of(
                    token.length() < 19 && isDigits(token)
                            ? Long.parseLong(token)
                            : new java.math.BigDecimal(token).longValueExact());
        } catch (ArithmeticException | NumberFormatException notALong) {
            return OptionalLong.empty();
        }
    }

    private static boolean isDigits(String token) {
        for (int i = 0; i < token.length(); i++) {
            if (token.charAt(i) < '0' || token.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /** Returns the truth value, or nothing for another kind. */
    public Optional<Boolean> asBoolean() {
        return kind() == Kind.BOOLEAN ? Optional.of(bytes[start] == 't') : Optional.empty();
    }

    /** Returns a member of an object, or nothing if there is none or this is no object. */
    public Optional<JsonValue> get(String name) {
        if (!isObject()) {
            return Optional.empty();
        }
        for (Walk walk = new Walk(); walk.nextMember(); ) {
            if (JsonStrings.equal(bytes, walk.nameStart, walk.nameEnd, name)) {
                return Optional.of(walk.value());
            }
        }
        return Optional.empty();
    }

    /** Returns a member that is a string, or nothing. */
    public Optional<String> getString(String name) {
        return get(name).flatMap(JsonValue::asString);
    }

    /** Returns the members of an object in their order; empty for another kind. */
    public Map<String, JsonValue> members() {
        Map<String, JsonValue> members = new LinkedHashMap<>();
        if (isObject()) {
            for (Walk walk = new Walk(); walk.nextMember(); ) {
                members.put(JsonStrings.decode(bytes, walk.nameStart, walk.nameEnd), walk.value());
            }
        }
        return members;
    }

    /** Returns the elements of an array in their order; empty for another kind. */
    public List<JsonValue> elements() {
        List<JsonValue> elements = new ArrayList<>();
        if (kind() == Kind.ARRAY) {
            for (Walk walk = new Walk(); walk.nextElement(); ) {
                elements.add(walk.value());
            }
        }
        return elements;
    }

    /** Returns the value as it was written. */
    public String toJson() {
        return new String(bytes, start, end - start, StandardCharsets.UTF_8);
    }

    /** Returns how many bytes the value has as it was written. */
    public int size() {
        return end - start;
    }

    /** Returns the value as JDK types: a map, a list, a string, a number, a boolean or null. See {@link Json#read}. */
    public @Nullable Object toObject() {
        return Json.read(this);
    }

    /** Returns the value as it was written, for logs that may show it. */
    @Override
    public String toString() {
        return toJson();
    }

    /** A walk over the members or elements. Relies on the bytes having been scanned: it checks nothing. */
    private final class Walk {

        private int pos = start + 1;
        private int nameStart;
        private int nameEnd;
        private int valueStart;

        boolean nextMember() {
            if (!next()) {
                return false;
            }
            nameStart = pos + 1;
            pos = endOfString(pos);
            nameEnd = pos - 1;
            skipWhitespace();
            pos++;
            skipWhitespace();
            takeValue();
            return true;
        }

        boolean nextElement() {
            if (!next()) {
                return false;
            }
            takeValue();
            return true;
        }

        JsonValue value() {
            return new JsonValue(bytes, valueStart, pos);
        }

        private boolean next() {
            skipWhitespace();
            if (bytes[pos] == ',') {
                pos++;
                skipWhitespace();
            }
            return bytes[pos] != '}' && bytes[pos] != ']';
        }

        private void takeValue() {
            valueStart = pos;
            switch (bytes[pos]) {
                case '"' -> pos = endOfString(pos);
                case '{', '[' -> pos = endOfContainer(pos);
                default -> {
                    while (!endsScalar(bytes[pos])) {
                        pos++;
                    }
                }
            }
        }

        private int endOfString(int quote) {
            int i = quote + 1;
            while (bytes[i] != '"') {
                i += bytes[i] == '\\' ? 2 : 1;
            }
            return i + 1;
        }

        private int endOfContainer(int open) {
            int depth = 0;
            int i = open;
            do {
                switch (bytes[i]) {
                    case '"' -> i = endOfString(i) - 1;
                    case '{', '[' -> depth++;
                    case '}', ']' -> depth--;
                    default -> {
                        // Part of a scalar, or between values.
                    }
                }
                i++;
            } while (depth > 0);
            return i;
        }

        private void skipWhitespace() {
            while (bytes[pos] == ' ' || bytes[pos] == '\t' || bytes[pos] == '\n' || bytes[pos] == '\r') {
                pos++;
            }
        }

        private boolean endsScalar(byte b) {
            return b == ',' || b == '}' || b == ']' || b == ' ' || b == '\t' || b == '\n' || b == '\r';
        }
    }
}
