package io.sallyport.sandbox.tools;

import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.MalformedMessageException;
import io.sallyport.protocol.MessageLimits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Keeps what code has said small enough for a model to read, and keeps account of what was left out. One call's. */
final class Shown {

    private static final int DEEPEST_VALUE = 32;
    private static final int KIB = 1024;

    private final int mostBytes;
    private final List<Map<String, Object>> truncated = new ArrayList<>();

    Shown(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** Returns the beginning and the end of a text that is too long as a whole. */
    String text(String field, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= mostBytes) {
            return text;
        }
        int head = mostBytes / 2;
        while (isWithinCharacter(bytes[head])) {
            head--;
        }
        int tail = bytes.length - mostBytes / 2;
        while (tail < bytes.length && isWithinCharacter(bytes[tail])) {
            tail++;
        }
        int shown = head + bytes.length - tail;
        note(field, shown, bytes.length);
        return new String(bytes, 0, head, StandardCharsets.UTF_8)
                + "\n[... " + (bytes.length - shown) + " of " + bytes.length + " bytes left out ...]\n"
                + new String(bytes, tail, bytes.length - tail, StandardCharsets.UTF_8);
    }

    private static boolean isWithinCharacter(byte b) {
        return (b & 0xC0) == 0x80;
    }

    /** Returns a value, or nothing if it is too large, or nested more deeply than clients read. */
    Optional<JsonValue> value(Optional<JsonValue> value) {
        if (value.isEmpty()) {
            return value;
        }
        try {
            return Optional.of(JsonValue.parse(
                    value.get().toJson(), new MessageLimits(mostBytes, DEEPEST_VALUE, mostBytes, 4 * KIB, KIB)));
        } catch (MalformedMessageException tooMuch) {
            note("value", 0, value.get().size());
            return Optional.empty();
        }
    }

    private void note(String field, int shownBytes, int totalBytes) {
        Map<String, Object> what = new LinkedHashMap<>();
        what.put("field", field);
        what.put("shown_bytes", shownBytes);
        what.put("total_bytes", totalBytes);
        truncated.add(what);
    }

    List<Map<String, Object>> truncated() {
        return List.copyOf(truncated);
    }
}
