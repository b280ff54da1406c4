package io.sallyport.examples.gateway;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds what somebody meant who wrote an unknown name. */
final class NearestKey {

    private NearestKey() {}

    /** Returns the known name that is nearest, if one is near enough to have been meant. */
    static Optional<String> of(String found, Collection<String> known) {
        String wanted = letters(found);
        return known.stream()
                .filter(key -> distance(letters(key), wanted) <= mostTypos(wanted))
                .min(Comparator.comparingInt(key -> distance(letters(key), wanted)));
    }

    private static int mostTypos(String wanted) {
        return wanted.length() < 6 ? 1 : 2;
    }

    /** {@code mcp_servers} and {@code MCPServers} are one typo, not five. */
    private static String letters(String key) {
        String plain = key.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
        return plain.length() > 64 ? plain.substring(0, 64) : plain;
    }

    /** Returns how many letters have to be added, left out, replaced or swapped with their neighbour. */
    private static int distance(String a, String b) {
        int[][] table = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                table[i][j] = i == 0 || j == 0 ? i + j : step(table, a, b, i, j);
            }
        }
        return table[a.length()][b.length()];
    }

    private static int step(int[][] table, String a, String b, int i, int j) {
        int replaced = table[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int nearest = Math.min(replaced, 1 + Math.min(table[i - 1][j], table[i][j - 1]));
        boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(nearest, table[i - 2][j - 2] + 1) : nearest;
    }
}
