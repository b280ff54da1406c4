package io.sallyport.protocol;

import io.sallyport.protocol.MalformedMessageException.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The one strict scanner: reads a message once, checks all of it, builds no tree, and fills an {@link Envelope}.
 *
 * <p>Stricter than RFC 8259 in what lets two readers of the same bytes see two messages: a member name may stand once
 * in an object (compared after escapes are resolved), in the parts of the envelope also regardless of case, because
 * some JSON libraries match names so. Confined to one call of {@link #scan()}.
 */
final class MessageScanner {

    private static final int ESCAPED = 1;
    private static final int NON_ASCII = 2;

    private final byte[] bytes;
    private final int end;
    private final MessageLimits limits;
    private final Envelope envelope;
    private final OpenNames names = new OpenNames();

    private int pos;
    private int stringFlags;

    MessageScanner(byte[] bytes, MessageLimits limits) {
        this.bytes = bytes;
        this.end = bytes.length;
        this.limits = limits;
        this.envelope = new Envelope(bytes);
    }

    /** Scans the whole as a message and returns the envelope. */
    Envelope scan() throws MalformedMessageException {
        checkSize("message");
        skipWhitespace();
        if (pos == end) {
            throw notJson(end == 0 ? "the body is empty" : "the body holds nothing but white space");
        }
        if (bytes[pos] == 0 || pos + 1 < end && bytes[pos + 1] == 0) {
            throw notJson("the body is UTF-16 or UTF-32; send UTF-8");
        }
        if (bytes[pos] == '[') {
            throw new MalformedMessageException(
                    Kind.BATCH, "a batch (JSON array) was sent; send one message per request", pos);
        }
        if (bytes[pos] != '{') {
            throw notJson(describeNonObject());
        }
        object(1, Part.MESSAGE);
        skipWhitespace();
        if (pos != end) {
            throw notJson("something follows the message");
        }
        return envelope;
    }

    /** Scans the whole as one value of any kind and returns it. */
    JsonValue scanValue() throws MalformedMessageException {
        checkSize("JSON text");
        skipWhitespace();
        int start = pos;
        value(1, null);
        JsonValue value = new JsonValue(bytes, start, pos);
        skipWhitespace();
        if (pos != end) {
            throw notJson("something follows the value");
        }
        return value;
    }

    private void checkSize(String what) throws MalformedMessageException {
        if (end > limits.maxBytes()) {
            throw new MalformedMessageException(
                    Kind.TOO_LARGE,
                    "the " + what + " has " + end + " bytes, at most " + limits.maxBytes() + " are allowed",
                    limits.maxBytes());
        }
    }

    private void value(int depth, @Nullable Part part) throws MalformedMessageException {
        if (pos == end) {
            throw cutShort();
        }
        switch (bytes[pos]) {
            case '{' -> object(depth, part);
            case '[' -> array(depth);
            case '"' -> string(limits.maxStringBytes(), "string");
            case 't' -> literal("true");
            case 'f' -> literal("false");
            case 'n' -> literal("null");
            default -> number();
        }
    }

    private void object(int depth, @Nullable Part part) throws MalformedMessageException {
        checkDepth(depth);
        pos++;
        skipWhitespace();
        if (pos < end && bytes[pos] == '}') {
            pos++;
            return;
        }
        int mark = names.open();
        while (true) {
            int nameStart = pos + 1;
            if (pos == end) {
                throw cutShort();
            }
            if (bytes[pos] != '"') {
                throw expected("a member name in double quotes");
            }
            string(limits.maxNameBytes(), "member name");
            int nameEnd = pos - 1;
            boolean plain = stringFlags == 0;
            if ((stringFlags & ESCAPED) != 0 && JsonStrings.hasLoneSurrogate(bytes, nameStart, nameEnd)) {
                // Some readers replace it, so that two names become one; others refuse the whole.
                pos = nameStart;
                throw notJson("a member name holds half of a surrogate pair");
            }
            if (!names.add(bytes, nameStart, nameEnd, plain, part != null)) {
                pos = nameStart;
                throw notJson(names.tooManyCollisions() ? "member names that collide" : "a member name stands twice");
            }
            skipWhitespace();
            expect(':');
            skipWhitespace();
            int valueStart = pos;
            value(depth + 1, part == null ? null : childPart(part, nameStart, nameEnd));
            if (part != null) {
                envelope.add(part, nameStart, nameEnd, valueStart, pos);
            }
            skipWhitespace();
            if (pos < end && bytes[pos] == ',') {
                pos++;
                skipWhitespace();
                continue;
            }
            expect('}');
            names.close(mark);
            return;
        }
    }

    private void array(int depth) throws MalformedMessageException {
        checkDepth(depth);
        pos++;
        skipWhitespace();
        if (pos < end && bytes[pos] == ']') {
            pos++;
            return;
        }
        while (true) {
            value(depth + 1, null);
            skipWhitespace();
            if (pos < end && bytes[pos] == ',') {
                pos++;
                skipWhitespace();
                continue;
            }
            expect(']');
            return;
        }
    }

    private @Nullable Part childPart(Part part, int nameStart, int nameEnd) {
        if (part == Part.MESSAGE) {
            if (JsonStrings.equal(bytes, nameStart, nameEnd, "params")) {
                return Part.PARAMS;
            }
            if (JsonStrings.equal(bytes, nameStart, nameEnd, "result")) {
                return Part.RESULT;
            }
            return JsonStrings.equal(bytes, nameStart, nameEnd, "error") ? Part.ERROR : null;
        }
        if (part == Part.PARAMS || part == Part.RESULT) {
            if (JsonStrings.equal(bytes, nameStart, nameEnd, Part.META)) {
                return part == Part.PARAMS ? Part.PARAMS_META : Part.RESULT_META;
            }
        }
        return null;
    }

    /** Reads a string from its opening quote to behind its closing one. */
    private void string(int maxBytes, String what) throws MalformedMessageException {
        int start = ++pos;
        int flags = 0;
        while (pos < end) {
            byte b = bytes[pos];
            if (b == '"') {
                if (pos - start > maxBytes) {
                    pos = start + maxBytes;
                    throw beyond("a " + what + " has more than " + maxBytes + " bytes");
                }
                pos++;
                stringFlags = flags;
                return;
            }
            if (b == '\\') {
                flags |= ESCAPED;
                escape();
            } else if (b < 0) {
                flags |= NON_ASCII;
                multiByte(b & 0xFF);
            } else if (b < 0x20) {
                throw notJson("a control character inside a string; it must be escaped");
            } else {
                pos++;
            }
        }
        throw cutShort();
    }

    private void escape() throws MalformedMessageException {
        if (pos + 1 >= end) {
            pos = end;
            throw cutShort();
        }
        switch (bytes[pos + 1]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> pos += 2;
            case 'u' -> {
                if (pos + 6 > end) {
                    pos = end;
                    throw cutShort();
                }
                for (int i = pos + 2; i < pos + 6; i++) {
                    if (Character.digit(bytes[i], 16) < 0) {
                        pos = i;
                        throw notJson("an escape \\u needs four hexadecimal digits");
                    }
                }
                pos += 6;
            }
            default -> throw notJson("an unknown escape sequence");
        }
    }

    /** Reads one character of two to four bytes: well-formed UTF-8 as of Unicode's table 3-7, nothing else. */
    private void multiByte(int first) throws MalformedMessageException {
        int length;
        int low = 0x80;
        int high = 0xBF;
        if (first >= 0xC2 && first <= 0xDF) {
            length = 2;
        } else if (first >= 0xE0 && first <= 0xEF) {
            length = 3;
            low = first == 0xE0 ? 0xA0 : low;
            high = first == 0xED ? 0x9F : high;
        } else if (first >= 0xF0 && first <= 0xF4) {
            length = 4;
            low = first == 0xF0 ? 0x90 : low;
            high = first == 0xF4 ? 0x8F : high;
        } else {
            throw notJson("not UTF-8");
        }
        if (pos + length > end) {
            throw notJson("not UTF-8");
        }
        for (int i = 1; i < length; i++) {
            int b = bytes[pos + i] & 0xFF;
            if (b < low || b > high) {
                throw notJson("not UTF-8");
            }
            low = 0x80;
            high = 0xBF;
        }
        pos += length;
    }

    private void number() throws MalformedMessageException {
        int start = pos;
        if (bytes[pos] == '-') {
            pos++;
        }
        if (pos < end && bytes[pos] == '0') {
            pos++;
        } else {
            digits(start);
        }
        if (pos < end && bytes[pos] == '.') {
            pos++;
            digits(start);
        }
        if (pos < end && (bytes[pos] == 'e' || bytes[pos] == 'E')) {
            pos++;
            if (pos < end && (bytes[pos] == '+' || bytes[pos] == '-')) {
                pos++;
            }
            digits(start);
        }
        if (pos - start > limits.maxNumberBytes()) {
            pos = start + limits.maxNumberBytes();
            throw beyond("a number has more than " + limits.maxNumberBytes() + " characters");
        }
    }

    private void digits(int numberStart) throws MalformedMessageException {
        int first = pos;
        while (pos < end && bytes[pos] >= '0' && bytes[pos] <= '9') {
            pos++;
        }
        if (pos == first) {
            if (pos == end) {
                throw cutShort();
            }
            throw numberStart == pos ? expected("a value") : notJson("a malformed number");
        }
    }

    private void literal(String word) throws MalformedMessageException {
        for (int i = 0; i < word.length(); i++, pos++) {
            if (pos == end) {
                throw cutShort();
            }
            if (bytes[pos] != word.charAt(i)) {
                throw expected("a value");
            }
        }
    }

    private void skipWhitespace() {
        while (pos < end) {
            byte b = bytes[pos];
            if (b == '\n' || b == '\r') {
                envelope.hasLineBreaks = true;
            } else if (b != ' ' && b != '\t') {
                return;
            }
            pos++;
        }
    }

    private void expect(char wanted) throws MalformedMessageException {
        if (pos == end) {
            throw cutShort();
        }
        if (bytes[pos] != wanted) {
            throw notJson("expected '" + wanted + "'");
        }
        pos++;
    }

    private void checkDepth(int depth) throws MalformedMessageException {
        if (depth > limits.maxDepth()) {
            throw beyond("nested more than " + limits.maxDepth() + " deep");
        }
    }

    /** Says what a body looks like that does not begin as a JSON object does; people paste the strangest things. */
    private String describeNonObject() {
        String start = new String(bytes, pos, Math.min(16, end - pos), StandardCharsets.ISO_8859_1);
        if (start.startsWith("\u00EF\u00BB\u00BF")) {
            return "the body begins with a byte order mark; send plain UTF-8";
        }
        if (start.startsWith("\u00FE\u00FF") || start.startsWith("\u00FF\u00FE")) {
            return "the body is UTF-16; send UTF-8";
        }
        if (start.startsWith("<")) {
            return "the body is HTML or XML, not JSON";
        }
        if (start.startsWith("'")) {
            return "the body begins with a single quote; is this a shell's quoting?";
        }
        return "the body does not begin with '{'";
    }

    private MalformedMessageException cutShort() {
        return new MalformedMessageException(Kind.NOT_JSON, "the message ends too early", end);
    }

    private MalformedMessageException expected(String what) {
        return notJson(bytes[pos] == '\'' ? "a single quote; is this a shell's quoting?" : "expected " + what);
    }

    private MalformedMessageException notJson(String reason) {
        return new MalformedMessageException(Kind.NOT_JSON, reason, pos);
    }

    private MalformedMessageException beyond(String reason) {
        return new MalformedMessageException(Kind.BEYOND_LIMIT, reason, pos);
    }

    /**
     * The names of the objects that are open, innermost last. Objects of few members are compared one by one, larger
     * ones through a hash table of their own.
     */
    private static final class OpenNames {

        private static final int SMALL = 12;

        /** Longer runs of taken slots than this do not happen by chance in a table that is a quarter full. */
        private static final int MAX_PROBES = 128;

        private int[] starts = new int[24];
        private int[] ends = new int[24];
        private int[] hashes = new int[24];
        private boolean[] plains = new boolean[24];
        private int count;
        private int mark;
        private int[] @Nullable [] tables = new int[8][];
        private int openObjects;
        private boolean tooManyCollisions;

        /** Opens an object and returns what {@link #close} needs to go back. */
        int open() {
            int outer = mark;
            mark = count;
            openObjects++;
            if (openObjects == tables.length) {
                tables = Arrays.copyOf(tables, tables.length * 2);
            }
            return outer;
        }

        void close(int outer) {
            count = mark;
            mark = outer;
            tables[openObjects] = null;
            openObjects--;
        }

        boolean tooManyCollisions() {
            return tooManyCollisions;
        }

        /** Adds a name to the innermost object and returns whether it is new there. */
        boolean add(byte[] bytes, int start, int end, boolean plain, boolean ignoreCase) {
            int hash = JsonStrings.hash(bytes, start, end, plain, ignoreCase);
            int members = count - mark;
            int[] table = tables[openObjects];
            if (table == null && members == SMALL) {
                table = new int[SMALL * 8];
                tables[openObjects] = table;
                for (int i = mark; i < count; i++) {
                    insert(table, i);
                }
            }
            push(start, end, hash, plain);
            int added = count - 1;
            if (table == null) {
                for (int i = mark; i < added; i++) {
                    if (hashes[i] == hash && same(bytes, i, added, ignoreCase)) {
                        return false;
                    }
                }
                return true;
            }
            if (members * 4 >= table.length) {
                table = new int[table.length * 4];
                tables[openObjects] = table;
                for (int i = mark; i < added; i++) {
                    insert(table, i);
                }
            }
            return insertNew(table, bytes, added, ignoreCase);
        }

        private void insert(int[] table, int index) {
            int slot = slot(hashes[index], table.length);
            while (table[slot] != 0) {
                slot = slot + 1 == table.length ? 0 : slot + 1;
            }
            table[slot] = index + 1;
        }

        private boolean insertNew(int[] table, byte[] bytes, int index, boolean ignoreCase) {
            int slot = slot(hashes[index], table.length);
            int probes = 0;
            while (table[slot] != 0) {
                int other = table[slot] - 1;
                if (hashes[other] == hashes[index] && same(bytes, other, index, ignoreCase)) {
                    return false;
                }
                if (++probes > MAX_PROBES) {
                    tooManyCollisions = true;
                    return false;
                }
                slot = slot + 1 == table.length ? 0 : slot + 1;
            }
            table[slot] = index + 1;
            return true;
        }

        private static int slot(int hash, int length) {
            return (int) ((Integer.toUnsignedLong(hash * 0x9E3779B1) * length) >>> 32);
        }

        private boolean same(byte[] bytes, int a, int b, boolean ignoreCase) {
            if (plains[a] && plains[b] && !ignoreCase) {
                return Arrays.equals(bytes, starts[a], ends[a], bytes, starts[b], ends[b]);
            }
            String first = JsonStrings.decode(bytes, starts[a], ends[a]);
            String second = JsonStrings.decode(bytes, starts[b], ends[b]);
            return ignoreCase ? JsonStrings.fold(first).equals(JsonStrings.fold(second)) : first.equals(second);
        }

        private void push(int start, int end, int hash, boolean plain) {
            if (count == starts.length) {
                int larger = count * 2;
                starts = Arrays.copyOf(starts, larger);
                ends = Arrays.copyOf(ends, larger);
                hashes = Arrays.copyOf(hashes, larger);
                plains = Arrays.copyOf(plains, larger);
            }
            starts[count] = start;
            ends[count] = end;
            hashes[count] = hash;
            plains[count] = plain;
            count++;
        }
    }
}
