package io.sallyport.protocol;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A JSON document as a tree, which can be written in any of the ways that mean the same. Strings may hold half a
 * surrogate pair, which is then written as an escape.
 */
sealed interface JsonTree {

    /** Returns the value as a reader into JDK types must see it. */
    Object toJdk();

    void write(StringBuilder json, Random style);

    /** Returns the document with white space and escapes as {@code style} likes. */
    default String render(Random style) {
        StringBuilder json = new StringBuilder();
        Style.space(json, style);
        write(json, style);
        Style.space(json, style);
        return json.toString();
    }

    record Obj(Map<String, JsonTree> members) implements JsonTree {
        @Override
        public Object toJdk() {
            Map<String, Object> map = new LinkedHashMap<>();
            members.forEach((name, value) -> map.put(name, value.toJdk()));
            return map;
        }

        @Override
        public void write(StringBuilder json, Random style) {
            json.append('{');
            String separator = "";
            for (Map.Entry<String, JsonTree> member : members.entrySet()) {
                json.append(separator);
                Style.space(json, style);
                Style.string(json, member.getKey(), style);
                Style.space(json, style);
                json.append(':');
                Style.space(json, style);
                member.getValue().write(json, style);
                Style.space(json, style);
                separator = ",";
            }
            if (members.isEmpty()) {
                Style.space(json, style);
            }
            json.append('}');
        }
    }

    record Arr(List<JsonTree> elements) implements JsonTree {
        @Override
        public Object toJdk() {
            List<Object> list = new ArrayList<>();
            elements.forEach(element -> list.add(element.toJdk()));
            return list;
        }

        @Override
        public void write(StringBuilder json, Random style) {
            json.append('[');
            String separator = "";
            for (JsonTree element : elements) {
                json.append(separator);
                Style.space(json, style);
                element.write(json, style);
                Style.space(json, style);
                separator = ",";
            }
            if (elements.isEmpty()) {
                Style.space(json, style);
            }
            json.append(']');
        }
    }

    record Str(String text) implements JsonTree {
        @Override
        public Object toJdk() {
            return text;
        }

        @Override
        public void write(StringBuilder json, Random style) {
            Style.string(json, text, style);
        }
    }

    /** A number keeps its form: {@code 1}, {@code 1.0} and {@code 10e-1} are three. */
    record Num(String token) implements JsonTree {
        @Override
        public Object toJdk() {
            if (!token.matches("-?[0-9]+")) {
                return Double.valueOf(token);
            }
            BigInteger whole = new BigInteger(token);
            if (whole.bitLength() < 32) {
                return whole.intValue();
            }
            return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
        }

        @Override
        public void write(StringBuilder json, Random style) {
            json.append(token);
        }
    }

    /** {@code true}, {@code false} or {@code null}. */
    record Word(Boolean value) implements JsonTree {
        @Override
        public Object toJdk() {
            return value;
        }

        @Override
        public void write(StringBuilder json, Random style) {
            json.append(value);
        }
    }

    /** How the same document is written in different ways. */
    final class Style {

        private static final String[] SPACES = {"", "", "", " ", "\t", "\n", "\r\n", " \r \t\n "};
        private static final HexFormat LOWER = HexFormat.of();
        private static final HexFormat UPPER = LOWER.withUpperCase();
        private static final String PLAIN_ESCAPES = "\"\\/\b\f\n\r\t";
        private static final String ESCAPE_LETTERS = "\"\\/bfnrt";

        private Style() {}

        static void space(StringBuilder json, Random style) {
            json.append(SPACES[style.nextInt(SPACES.length)]);
        }

        static void string(StringBuilder json, String text, Random style) {
            json.append('"');
            text.codePoints().forEach(c -> character(json, c, style));
            json.append('"');
        }

        private static void character(StringBuilder json, int c, Random style) {
            boolean isLoneSurrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
            boolean mustEscape = c < 0x20 || c == '"' || c == '\\' || isLoneSurrogate;
            int escape = PLAIN_ESCAPES.indexOf(c);
            if (!mustEscape && style.nextInt(4) != 0) {
                json.appendCodePoint(c);
            } else if (escape >= 0 && style.nextBoolean()) {
                json.append('\\').append(ESCAPE_LETTERS.charAt(escape));
            } else {
                for (char unit : Character.toChars(c)) {
                    json.append("\\u").append((style.nextBoolean() ? LOWER : UPPER).toHexDigits(unit));
                }
            }
        }
    }
}
