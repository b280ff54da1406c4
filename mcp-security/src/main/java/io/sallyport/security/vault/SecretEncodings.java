package io.sallyport.security.vault;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.function.Predicate;

/** The forms in which a secret is looked for. */
final class SecretEncodings {

    private static final String LOWER = "0123456789abcdef";
    private static final String UPPER = "0123456789ABCDEF";

    /** What different encoders leave as it is, beside letters and digits: RFC 3986, forms, and two of JavaScript's. */
    private static final String[] LEFT_IN_URLS = {"-._~", "-._*", "-_.!~*'()", "-_.!~*'();/?:@&=+$,#"};

    /** What different encoders write as {@code \\uXXXX} beside control characters. */
    private enum Escaped {
        NOTHING,
        BEYOND_ASCII,
        OF_HTML,
        OF_HTML_AND_QUOTES,
        OF_HTML_AND_BEYOND_ASCII,
        ALL;

        boolean has(char c) {
            return switch (this) {
                case NOTHING -> false;
                case BEYOND_ASCII -> c > 0x7E;
                case OF_HTML -> isOfHtml(c);
                case OF_HTML_AND_QUOTES -> isOfHtml(c) || c == '\'' || c == '=';
                case OF_HTML_AND_BEYOND_ASCII -> isOfHtml(c) || c > 0x7E;
                case ALL -> true;
            };
        }

        private static boolean isOfHtml(char c) {
            return c == '<' || c == '>' || c == '&' || c == '\u2028' || c == '\u2029';
        }
    }

    private SecretEncodings() {}

    /**
     * Hands each form of a value on, some more than once, and erases it afterwards. Ends early if one is not taken.
     *
     * @return whether all were taken
     */
    static boolean each(char[] value, Predicate<byte[]> taker) {
        byte[] raw = utf8(value, value.length);
        try {
            return take(raw.clone(), taker)
                    && json(value, taker)
                    && urls(raw, taker)
                    && base64(raw, taker)
                    && take(hex(raw, LOWER), taker)
                    && take(hex(raw, UPPER), taker);
        } finally {
            Arrays.fill(raw, (byte) 0);
        }
    }

    private static boolean take(byte[] form, Predicate<byte[]> taker) {
        try {
            return taker.test(form);
        } finally {
            Arrays.fill(form, (byte) 0);
        }
    }

    private static byte[] utf8(char[] text, int length) {
        ByteBuffer encoded = ByteBuffer.allocate(3 * length);
        StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .encode(CharBuffer.wrap(text, 0, length), encoded, true);
        byte[] bytes = Arrays.copyOf(encoded.array(), encoded.position());
        Arrays.fill(encoded.array(), (byte) 0);
        return bytes;
    }

    private static boolean json(char[] value, Predicate<byte[]> taker) {
        boolean taken = true;
        for (Escaped escaped : Escaped.values()) {
            taken = taken
                    && take(json(value, escaped, false, LOWER), taker)
                    && take(json(value, escaped, false, UPPER), taker)
                    && take(json(value, escaped, true, LOWER), taker)
                    && take(json(value, escaped, true, UPPER), taker);
        }
        return taken;
    }

    private static byte[] json(char[] value, Escaped escaped, boolean slashes, String digits) {
        char[] text = new char[6 * value.length];
        int length = 0;
        for (char c : value) {
            int known = "\"\\\b\f\n\r\t".indexOf(c);
            if (escaped == Escaped.ALL || known < 0 && (c < 0x20 || escaped.has(c))) {
                text[length++] = '\\';
                text[length++] = 'u';
                for (int shift = 12; shift >= 0; shift -= 4) {
                    text[length++] = digits.charAt(c >> shift & 0xF);
                }
            } else if (known >= 0) {
                text[length++] = '\\';
                text[length++] = "\"\\bfnrt".charAt(known);
            } else {
                if (c == '/' && slashes) {
                    text[length++] = '\\';
                }
                text[length++] = c;
            }
        }
        byte[] form = utf8(text, length);
        Arrays.fill(text, '\0');
        return form;
    }

    private static boolean urls(byte[] raw, Predicate<byte[]> taker) {
        boolean taken = true;
        for (String left : LEFT_IN_URLS) {
            taken = taken
                    && take(url(raw, left, false, LOWER), taker)
                    && take(url(raw, left, false, UPPER), taker)
                    && take(url(raw, left, true, LOWER), taker)
                    && take(url(raw, left, true, UPPER), taker);
        }
        return taken;
    }

    private static byte[] url(byte[] raw, String left, boolean plus, String digits) {
        byte[] text = new byte[3 * raw.length];
        int length = 0;
        for (byte b : raw) {
            boolean isPlain =
                    b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || left.indexOf(b) >= 0;
            if (isPlain) {
                text[length++] = b;
            } else if (b == ' ' && plus) {
                text[length++] = '+';
            } else {
                text[length++] = '%';
                text[length++] = (byte) digits.charAt(b >> 4 & 0xF);
                text[length++] = (byte) digits.charAt(b & 0xF);
            }
        }
        byte[] form = Arrays.copyOf(text, length);
        Arrays.fill(text, (byte) 0);
        return form;
    }

    /** Of each form only the characters that do not depend on what stands around the value. */
    private static boolean base64(byte[] raw, Predicate<byte[]> taker) {
        boolean taken = true;
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + raw.length];
            System.arraycopy(raw, 0, shifted, before, raw.length);
            int from = (8 * before + 5) / 6;
            int to = 8 * shifted.length / 6;
            for (Base64.Encoder encoder : new Base64.Encoder[] {Base64.getEncoder(), Base64.getUrlEncoder()}) {
                byte[] all = encoder.encode(shifted);
                taken = taken && take(Arrays.copyOfRange(all, from, to), taker);
                Arrays.fill(all, (byte) 0);
            }
            Arrays.fill(shifted, (byte) 0);
        }
        return taken;
    }

    private static byte[] hex(byte[] raw, String digits) {
        byte[] form = new byte[2 * raw.length];
        for (int i = 0; i < raw.length; i++) {
            form[2 * i] = (byte) digits.charAt(raw[i] >> 4 & 0xF);
            form[2 * i + 1] = (byte) digits.charAt(raw[i] & 0xF);
        }
        return form;
    }
}
