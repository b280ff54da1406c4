package io.sallyport.gateway.internal;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.spi.Redactor;

/**
 * Takes secrets out of JSON text. Each string is looked through for itself and without its escapes, names among them, as is
 * each number, which becomes a string if there is a secret in it: so what comes out is JSON, and a secret is found however it
 * was escaped.
 */
final class RedactedJson {

    private RedactedJson() {}

    /**
     * Returns the text without secrets; the very same if there is none in it.
     *
     * @param json is well-formed
     */
    static String redact(String json, Redactor redactor) {
        StringBuilder made = null;
        int done = 0;
        int at = 0;
        while (at < json.length()) {
            char c = json.charAt(at);
            boolean isString = c == '"';
            if (!isString && c != '-' && !isDigit(c)) {
                at++;
                continue;
            }
            int start = at;
            at = isString ? endOfString(json, start) : endOfNumber(json, start);
            String text = isString ? decode(json, start, at) : json.substring(start, at);
            String redacted = redactor.redact(text);
            if (!redacted.equals(text)) {
                made = made == null ? new StringBuilder(json.length()) : made;
                made.append(json, done, start).append(Json.quote(redacted));
                done = at;
            }
        }
        return made == null ? json : made.append(json, done, json.length()).toString();
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static int endOfString(String json, int start) {
        int end = start + 1;
        while (json.charAt(end) != '"') {
            end += json.charAt(end) == '\\' ? 2 : 1;
        }
        return end + 1;
    }

    private static int endOfNumber(String json, int start) {
        int end = start + 1;
        while (end < json.length() && (isDigit(json.charAt(end)) || "+-.eE".indexOf(json.charAt(end)) >= 0)) {
            end++;
        }
        return end;
    }

    private static String decode(String json, int start, int end) {
        int escape = json.indexOf('\\', start);
        return escape < 0 || escape >= end
                ? json.substring(start + 1, end - 1)
                : JsonValue.trusted(json.substring(start, end)).asString().orElseThrow();
    }
}
