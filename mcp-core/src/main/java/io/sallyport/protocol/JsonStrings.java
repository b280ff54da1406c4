package io.sallyport.protocol;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;

/** Strings of JSON text that the scanner has already found well-formed: decoding, comparing, hashing, writing. */
final class JsonStrings {

    /** Keeps strangers from choosing names that collide. */
    private static final int SEED = new SecureRandom().nextInt();

    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private JsonStrings() {}

    /** Returns the text between the quotes with its escapes resolved. */
    static String decode(byte[] bytes, int start, int end) {
        int escape = start;
        while (escape < end && bytes[escape] != '\\') {
            escape++;
        }
        if (escape == end) {
            return new String(bytes, start, end - start, StandardCharsets.UTF_8);
        }
        StringBuilder text = new StringBuilder(end - start);
        int plain = start;
        for (int i = escape; i < end; ) {
            if (bytes[i] != '\\') {
                i++;
                continue;
            }
            text.append(new String(bytes, plain, i - plain, StandardCharsets.UTF_8));
            byte kind = bytes[i + 1];
            if (kind == 'u') {
                text.append((char) Integer.parseInt(new String(bytes, i + 2, 4, StandardCharsets.ISO_8859_1), 16));
                i += 6;
            } else {
                text.append(unescape(kind));
                i += 2;
            }
            plain = i;
        }
        return text.append(new String(bytes, plain, end - plain, StandardCharsets.UTF_8))
                .toString();
    }

    private static char unescape(byte kind) {
        return switch (kind) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> (char) kind;
        };
    }

    /** Returns whether the text between the quotes is {@code wanted}. */
    static boolean equal(byte[] bytes, int start, int end, String wanted) {
        for (int i = start; i < end; i++) {
            if (bytes[i] == '\\' || bytes[i] < 0) {
                // Other bytes can still be the same text: written with escapes, or beyond ASCII.
                return decode(bytes, start, end).equals(wanted);
            }
            if (i - start == wanted.length() || bytes[i] != wanted.charAt(i - start)) {
                return false;
            }
        }
        return end - start == wanted.length();
    }

    /**
     * Returns whether the text between the quotes is {@code wanted}, but for its case.
     *
     * @see #fold
     */
    static boolean equalIgnoringCase(byte[] bytes, int start, int end, String wanted) {
        for (int i = start; i < end; i++) {
            if (bytes[i] == '\\' || bytes[i] < 0) {
                return fold(decode(bytes, start, end)).equals(fold(wanted));
            }
            if (i - start == wanted.length() || foldAscii((char) bytes[i]) != foldAscii(wanted.charAt(i - start))) {
                return false;
            }
        }
        return end - start == wanted.length();
    }

    /** Returns whether the text between the quotes holds one half of a surrogate pair without the other. */
    static boolean hasLoneSurrogate(byte[] bytes, int start, int end) {
        String text = decode(bytes, start, end);
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i)) && !inPair(text, i)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns a hash that is the same for all spellings of a name that differ in escapes only.
     *
     * @param plain whether it has neither escapes nor characters beyond ASCII, so that its bytes are its characters
     * @param ignoreCase whether it is also to be the same for spellings that differ in case
     */
    static int hash(byte[] bytes, int start, int end, boolean plain, boolean ignoreCase) {
        int hash = SEED;
        if (plain) {
            for (int i = start; i < end; i++) {
                char c = (char) bytes[i];
                hash = (hash ^ (ignoreCase ? foldAscii(c) : c)) * 0x01000193;
            }
            return hash;
        }
        String text = decode(bytes, start, end);
        if (ignoreCase) {
            text = fold(text);
        }
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x01000193;
        }
        return hash;
    }

    /** Folds case character by character, as the libraries do that match names without regard to case. */
    static String fold(String text) {
        StringBuilder folded = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            folded.append(Character.toLowerCase(Character.toUpperCase(text.charAt(i))));
        }
        return folded.toString();
    }

    private static char foldAscii(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
    }

    /** Returns a JSON string, quotes included, of ASCII and printable characters only where that is needed. */
    static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7F || Character.isSurrogate(c) && !inPair(text, i)) {
                        json.append("\\u")
                                .append(HEX[c >> 12])
                                .append(HEX[c >> 8 & 0xF])
                                .append(HEX[c >> 4 & 0xF])
                                .append(HEX[c & 0xF]);
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        return json.append('"').toString();
    }

    private static boolean inPair(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
