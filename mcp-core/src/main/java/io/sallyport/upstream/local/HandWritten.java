package io.sallyport.upstream.local;

import io.sallyport.protocol.JsonValue;

/** JSON as hosts write it into their code, often over several lines. */
final class HandWritten {

    private HandWritten() {}

    /**
     * Returns JSON without the whitespace between its tokens: what keeps it readable in a text block would cost each
     * client of each list, and some clients take every line for a message.
     *
     * @throws IllegalArgumentException if it is not JSON
     */
    static JsonValue json(String text) {
        JsonValue.trusted(text);
        StringBuilder compact = new StringBuilder(text.length());
        boolean inString = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (inString && c == '\\') {
                compact.append(c).append(text.charAt(++i));
                continue;
            }
            if (c == '"') {
                inString = !inString;
            }
            if (inString || " \t\r\n".indexOf(c) < 0) {
                compact.append(c);
            }
        }
        return JsonValue.trusted(compact.toString());
    }
}
