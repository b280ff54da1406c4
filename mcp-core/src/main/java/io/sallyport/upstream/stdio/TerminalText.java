package io.sallyport.upstream.stdio;

import java.util.regex.Pattern;

/** Text that was written for a terminal, made fit for a log. */
final class TerminalText {

    /**
     * Escape sequences whole, so that no "[31m" stays behind: CSI, then the strings (OSC, DCS, ...) up to their end, then
     * the short ones. Possessive: no input makes it backtrack.
     */
    private static final Pattern ESCAPES = Pattern.compile("(?:\u001B\\[|\u009B)[0-?]*+[ -/]*+[@-~]?+"
            + "|\u001B[\\]PX^_][^\u0007\u001B\u009C]*+(?:\u0007|\u001B\\\\|\u009C)?+"
            + "|\u001B[ -/]*+[0-~]?+");

    private TerminalText() {}

    /**
     * Returns the text without escape sequences, control characters, line separators and invisible format characters
     * (those that turn the direction of writing among them); a tab becomes a space.
     */
    static String clean(String text) {
        if (text.codePoints().noneMatch(TerminalText::isUnfit)) {
            return text;
        }
        StringBuilder kept = new StringBuilder(text.length());
        ESCAPES.matcher(text).replaceAll("").codePoints().forEach(c -> {
            if (c == '\t') {
                kept.append(' ');
            } else if (!isUnfit(c)) {
                kept.appendCodePoint(c);
            }
        });
        return kept.toString();
    }

    private static boolean isUnfit(int codePoint) {
        if (codePoint >= ' ' && codePoint < 0x7F) {
            return false;
        }
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }
}
