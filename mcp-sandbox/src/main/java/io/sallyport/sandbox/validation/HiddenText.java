package io.sallyport.sandbox.validation;

import io.sallyport.sandbox.Language;

/** Characters that make code look other than it is read: nobody types them, and whoever needs one in a text can escape it. */
final class HiddenText {

    private static final String INVISIBLE =
            "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff";

    private HiddenText() {}

    static void look(String code, Language language, Sightings sightings) {
        for (int i = 0; i < code.length(); i++) {
            char c = code.charAt(i);
            if (isHidden(c) || (c == '\r' && !isLineFeed(code, i + 1)) || isLone(code, i)) {
                sightings.form("hidden-text", i, String.format("U+%04X", (int) c));
            } else if (language == Language.JAVASCRIPT && (c == '\u2028' || c == '\u2029')) {
                // They end a line, and with it a comment, but are not seen to.
                sightings.form("hidden-text", i, String.format("U+%04X", (int) c));
            }
        }
    }

    private static boolean isHidden(char c) {
        boolean isControl = (c < ' ' && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0);
        // These turn the order around in which text is shown.
        boolean isDirection = (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
        return isControl || isDirection || INVISIBLE.indexOf(c) >= 0;
    }

    private static boolean isLineFeed(String code, int i) {
        return i < code.length() && code.charAt(i) == '\n';
    }

    /** Returns whether there is half a character: what others make of it nobody knows. */
    private static boolean isLone(String code, int i) {
        char c = code.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == code.length() || !Character.isLowSurrogate(code.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(code.charAt(i - 1)));
    }
}
