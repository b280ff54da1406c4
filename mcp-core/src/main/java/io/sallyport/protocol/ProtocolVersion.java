package io.sallyport.protocol;

import java.util.List;

/** The MCP revisions that this library speaks, by their date. */
public final class ProtocolVersion {

    /** The revision that introduced Streamable HTTP. */
    public static final String V2025_03_26 = "2025-03-26";
    /** The revision that dropped batches and introduced elicitation. */
    public static final String V2025_06_18 = "2025-06-18";
    /** The last revision with sessions. */
    public static final String V2025_11_25 = "2025-11-25";
    /** The first stateless revision. */
    public static final String V2026_07_28 = "2026-07-28";

    /** The legacy revisions served, oldest first. */
    public static final List<String> LEGACY = List.of(V2025_03_26, V2025_06_18, V2025_11_25);

    /** The modern revisions served, oldest first. */
    public static final List<String> MODERN = List.of(V2026_07_28);

    /** The revision that a legacy request without a version header and without a session is taken to speak. */
    public static final String ASSUMED_WITHOUT_HEADER = V2025_03_26;

    private ProtocolVersion() {}

    /** Returns whether this is a legacy revision that we serve. */
    public static boolean isServedLegacy(String version) {
        return LEGACY.contains(version);
    }

    /** Returns whether this is a modern revision that we serve. */
    public static boolean isServedModern(String version) {
        return MODERN.contains(version);
    }

    /**
     * Returns whether a version names the modern era: a date of 2026-07-28 or later. Anything that is not a date is not
     * taken for modern, because a peer must not be upgraded by a word that nobody defined.
     */
    public static boolean namesModernEra(String version) {
        return isDate(version) && version.compareTo(V2026_07_28) >= 0;
    }

    /** Returns the legacy revision to answer to an {@code initialize} that asks for {@code requested}. */
    public static String negotiateLegacy(String requested) {
        return isServedLegacy(requested) ? requested : V2025_11_25;
    }

    private static boolean isDate(String text) {
        if (text.length() != 10) {
            return false;
        }
        for (int i = 0; i < 10; i++) {
            char c = text.charAt(i);
            boolean fits = i == 4 || i == 7 ? c == '-' : c >= '0' && c <= '9';
            if (!fits) {
                return false;
            }
        }
        return true;
    }
}
