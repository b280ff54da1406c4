package io.sallyport.gateway.internal;

import io.sallyport.protocol.Era;
import io.sallyport.protocol.ErrorCodes;
import io.sallyport.protocol.McpError;
import io.sallyport.protocol.Methods;
import io.sallyport.protocol.ProtocolVersion;
import java.util.Locale;
import java.util.Optional;

/** Helps those who mistype a method. */
final class Suggestions {

    private Suggestions() {}

    /** Returns the error for a method that is not there, and why, or what is near it. */
    static McpError methodNotFound(Era era, String method) {
        String hint;
        if (Methods.isRequest(era, method)) {
            hint = "; no server here offers it";
        } else if (Methods.isRequest(Era.LEGACY, method)) {
            hint = "; revision " + ProtocolVersion.V2026_07_28 + " does not have it";
        } else if (Methods.isRequest(Era.MODERN, method)) {
            hint = "; it is of revision " + ProtocolVersion.V2026_07_28 + ", and this session speaks an earlier one";
        } else {
            hint = nearest(era, method).map(known -> "; use " + known).orElse("");
        }
        return McpError.of(ErrorCodes.METHOD_NOT_FOUND, "Method not found: " + method + hint);
    }

    private static Optional<String> nearest(Era era, String method) {
        String wanted = letters(method);
        return Methods.requests(era).stream()
                .filter(known ->
                        distance(letters(known), wanted) <= 2 || distance(letters(reversed(known)), wanted) <= 1)
                .findFirst();
    }

    /** {@code listTools} and {@code call_tool} are {@code tools/list} and {@code tools/call} to many. */
    private static String reversed(String method) {
        int slash = method.indexOf('/');
        return method.substring(slash + 1) + (slash < 0 ? "" : method.substring(0, slash));
    }

    private static String letters(String method) {
        String all = method.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
        return all.length() > 64 ? all.substring(0, 64) : all;
    }

    /** The Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
