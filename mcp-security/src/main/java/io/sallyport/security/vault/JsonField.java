package io.sallyport.security.vault;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads one member of a JSON object without making strings, which could not be erased. Strict, and confined to one thread.
 */
final class JsonField {

    private static final int MOST_DEPTH = 64;

    /** The text is no JSON object, or has the member twice. */
    private static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed() {
            // Neither text nor position: the text is a secret.
            super("no JSON object", null, false, false);
        }
    }

    private final char[] json;
    private int at;

    private JsonField(char[] json) {
        this.json = json;
    }

    /**
     * Returns the value of a member that is a string or a number, which is the caller's to erase; nothing if there is no such
     * member, or two of them, or the text is no JSON object.
     */
    static Optional<char[]> find(char[] json, String member) {
        char @Nullable [] found = null;
        try {
            JsonField reader = new JsonField(json);
            reader.expect('{');
            if (reader.peek() != '}') {
                do {
                    boolean isWanted = reader.isNext(member);
                    reader.expect(':');
                    int start = reader.skipValue(1);
                    if (isWanted && found != null) {
                        throw new Malformed();
                    }
                    if (isWanted) {
                        found = reader.valueFrom(start);
                    }
                } while (reader.isComma());
            }
            reader.expect('}');
            if (reader.peek() != '\0') {
                throw new Malformed();
            }
            return Optional.ofNullable(found);
        } catch (Malformed e) {
            if (found != null) {
                Arrays.fill(found, '\0');
            }
            return Optional.empty();
        }
    }

    /** Returns the next character that is no white space; NUL at the end, which JSON text has nowhere else. */
    private char peek() {
        while (at < json.length && (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t')) {
            at++;
        }
        return at < json.length ? json[at] : '\0';
    }

    private void expect(char c) throws Malformed {
        if (peek() != c) {
            throw new Malformed();
        }
        at++;
    }

    private boolean isComma() {
        if (peek() != ',') {
            return false;
        }
        at++;
        return true;
    }

    private boolean isNext(String member) throws Malformed {
        peek();
        int start = at;
        skipString();
        char[] name = text(start);
        boolean isEqual = Arrays.equals(name, member.toCharArray());
        Arrays.fill(name, '\0');
        return isEqual;
    }

    private void skipString() throws Malformed {
        expect('"');
        while (at < json.length && json[at] != '"') {
            if (json[at] < 0x20) {
                throw new Malformed();
            }
            if (json[at] == '\\') {
                at++;
                skipEscape();
            } else {
                at++;
            }
        }
        expect('"');
    }

    private void skipEscape() throws Malformed {
        char kind = at < json.length ? json[at] : '\0';
        at++;
        if (kind == 'u') {
            for (int end = at + 4; at < end; at++) {
                if (at >= json.length || Character.digit(json[at], 16) < 0 || json[at] > 'f') {
                    throw new Malformed();
                }
            }
        } else if ("\"\\/bfnrt".indexOf(kind) < 0) {
            throw new Malformed();
        }
    }

    /** Returns where the value begins that was skipped. */
    private int skipValue(int depth) throws Malformed {
        char first = peek();
        int start = at;
        if (depth > MOST_DEPTH) {
            throw new Malformed();
        }
        if (first == '"') {
            skipString();
        } else if (first == '{' || first == '[') {
            skipNested(first, depth);
        } else {
            while (at < json.length && "+-.0123456789Eaeflnrstu".indexOf(json[at]) >= 0) {
                at++;
            }
            if (at == start || !isWord(start)) {
                throw new Malformed();
            }
        }
        return start;
    }

    private void skipNested(char open, int depth) throws Malformed {
        char close = open == '{' ? '}' : ']';
        at++;
        if (peek() != close) {
            do {
                if (open == '{') {
                    peek();
                    skipString();
                    expect(':');
                }
                skipValue(depth + 1);
            } while (isComma());
        }
        expect(close);
    }

    private boolean isWord(int start) {
        return is(start, "true") || is(start, "false") || is(start, "null") || isNumber(start);
    }

    private boolean is(int start, String word) {
        return Arrays.equals(json, start, at, word.toCharArray(), 0, word.length());
    }

    private boolean isNumber(int start) {
        int i = start + (json[start] == '-' ? 1 : 0);
        int digits = digitsFrom(i);
        if (digits == 0 || digits > 1 && json[i] == '0') {
            return false;
        }
        i += digits;
        if (i < at && json[i] == '.') {
            int fraction = digitsFrom(i + 1);
            if (fraction == 0) {
                return false;
            }
            i += 1 + fraction;
        }
        if (i < at && (json[i] == 'e' || json[i] == 'E')) {
            i++;
            i += i < at && (json[i] == '+' || json[i] == '-') ? 1 : 0;
            int exponent = digitsFrom(i);
            if (exponent == 0) {
                return false;
            }
            i += exponent;
        }
        return i == at;
    }

    private int digitsFrom(int start) {
        int i = start;
        while (i < at && json[i] >= '0' && json[i] <= '9') {
            i++;
        }
        return i - start;
    }

    /** Returns the value that ends here if it is a string or a number. */
    private char @Nullable [] valueFrom(int start) {
        if (json[start] == '"') {
            return text(start);
        }
        return isNumber(start) ? Arrays.copyOfRange(json, start, at) : null;
    }

    /** Returns the text of the string that ends here. */
    private char[] text(int start) {
        char[] made = new char[at - start - 2];
        int length = 0;
        for (int i = start + 1; i < at - 1; i++) {
            char c = json[i];
            if (c == '\\') {
                char kind = json[++i];
                int known = "bfnrt".indexOf(kind);
                if (kind == 'u') {
                    c = 0;
                    for (int end = i + 4; i < end; i++) {
                        c = (char) (c << 4 | Character.digit(json[i + 1], 16));
                    }
                } else {
                    c = known < 0 ? kind : "\b\f\n\r\t".charAt(known);
                }
            }
            made[length++] = c;
        }
        char[] text = Arrays.copyOf(made, length);
        Arrays.fill(made, '\0');
        return text;
    }
}
