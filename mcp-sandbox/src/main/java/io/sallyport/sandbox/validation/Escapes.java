package io.sallyport.sandbox.validation;

/** Escapes of JavaScript, in names and in texts. */
final class Escapes {

    /**
     * What an escape stands for.
     *
     * @param codePoint negative for nothing: a line that goes on, or an escape that is none
     * @param length of the escape, at least 1
     */
    record Decoded(int codePoint, int length) {}

    private Escapes() {}

    /** Decodes the escape that begins with the backslash at an offset. */
    static Decoded decode(String code, int at) {
        if (at + 1 >= code.length()) {
            return new Decoded(-1, 1);
        }
        char c = code.charAt(at + 1);
        return switch (c) {
            case 'n' -> new Decoded('\n', 2);
            case 't' -> new Decoded('\t', 2);
            case 'r' -> new Decoded('\r', 2);
            case 'b' -> new Decoded('\b', 2);
            case 'f' -> new Decoded('\f', 2);
            case 'v' -> new Decoded('\u000b', 2);
            case 'x' -> hex(code, at, 2);
            case 'u' -> at + 2 < code.length() && code.charAt(at + 2) == '{' ? braced(code, at) : hex(code, at, 4);
            case '\r' -> new Decoded(-1, at + 2 < code.length() && code.charAt(at + 2) == '\n' ? 3 : 2);
            case '\n', '\u2028', '\u2029' -> new Decoded(-1, 2);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(code, at);
            default -> new Decoded(code.codePointAt(at + 1), 1 + Character.charCount(code.codePointAt(at + 1)));
        };
    }

    private static Decoded hex(String code, int at, int digits) {
        int value = 0;
        for (int i = at + 2; i < at + 2 + digits; i++) {
            int digit = i < code.length() ? Character.digit(code.charAt(i), 16) : -1;
            if (digit < 0) {
                return new Decoded(-1, 2);
            }
            value = value * 16 + digit;
        }
        return new Decoded(value, 2 + digits);
    }

    private static Decoded braced(String code, int at) {
        int value = 0;
        for (int i = at + 3; i < code.length(); i++) {
            if (code.charAt(i) == '}' && i > at + 3) {
                return new Decoded(value, i + 1 - at);
            }
            int digit = Character.digit(code.charAt(i), 16);
            value = value * 16 + digit;
            if (digit < 0 || value > Character.MAX_CODE_POINT) {
                break;
            }
        }
        return new Decoded(-1, 2);
    }

    private static Decoded octal(String code, int at) {
        int value = 0;
        int length = 1;
        while (length < 4 && at + length < code.length()) {
            int digit = Character.digit(code.charAt(at + length), 8);
            if (digit < 0 || value * 8 + digit > 255) {
                break;
            }
            value = value * 8 + digit;
            length++;
        }
        return new Decoded(value, length);
    }
}
