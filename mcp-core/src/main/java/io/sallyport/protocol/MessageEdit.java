package io.sallyport.protocol;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Changes to a message, made in one go by {@link #apply()}. All bytes outside the changed members stay as they are,
 * white space included: a value is replaced where it stands, a member that goes takes a comma along, and a new one
 * follows the last. Confined to one thread.
 */
public final class MessageEdit {

    private final Message message;

    /** By part, the members to set or (empty) to remove. */
    private final Map<Part, Map<String, Optional<String>>> changes = new EnumMap<>(Part.class);

    MessageEdit(Message message) {
        this.message = message;
    }

    /**
     * Sets a member, which is added if the part does not have it; the part itself is added if the message does not have
     * it, and takes the place of what is no object.
     *
     * @param json the value as JSON text
     * @throws IllegalArgumentException if the value is not JSON, or if the member is itself a part in which this edit
     *     changes something
     */
    public MessageEdit set(Part part, String name, String json) {
        // Scanned by itself: text that is not one value could end its member and begin another.
        change(part, name, Optional.of(JsonValue.trusted(json).toJson()));
        return this;
    }

    /**
     * Removes a member if it is there.
     *
     * @throws IllegalArgumentException if the member is itself a part in which this edit changes something
     */
    public MessageEdit remove(Part part, String name) {
        change(part, name, Optional.empty());
        return this;
    }

    private void change(Part part, String name, Optional<String> json) {
        Part whole = childOf(part, requireNonNull(name, "name"));
        if (whole != null && isChanged(whole)) {
            throw changedTwice(whole);
        }
        for (Part inner = part; inner != Part.MESSAGE; inner = inner.parent()) {
            if (changesOf(inner.parent()).containsKey(inner.memberName())) {
                throw changedTwice(inner);
            }
        }
        changes.computeIfAbsent(part, p -> new LinkedHashMap<>()).put(name, json);
    }

    private static IllegalArgumentException changedTwice(Part part) {
        return new IllegalArgumentException(
                "\"" + part.memberName() + "\" is changed as a whole and also within; one of both would be lost");
    }

    /**
     * Returns the changed message, scanned anew, so that what is sent is a message; the message itself if nothing was
     * to change.
     *
     * @throws IllegalArgumentException if the result is no message
     */
    public Message apply() {
        if (changes.isEmpty()) {
            return message;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(message.size() + 64);
        JsonValue whole = message.get(Part.MESSAGE).orElseThrow();
        copy(out, 0, whole.start);
        writeChanged(out, Part.MESSAGE, whole);
        copy(out, whole.end, message.size());
        return Message.trusted(out.toByteArray());
    }

    /** Writes an object that the message has, with the changes in it. */
    private void writeChanged(ByteArrayOutputStream out, Part part, JsonValue object) {
        Envelope envelope = message.envelope;
        Map<String, Optional<String>> pending = new LinkedHashMap<>(changesOf(part));
        out.write('{');
        int done = object.start + 1;
        boolean first = true;
        for (int i = 0; i < envelope.count(); i++) {
            if (envelope.part(i) != part) {
                continue;
            }
            String name = JsonStrings.decode(envelope.bytes, envelope.nameStart(i), envelope.nameEnd(i));
            Optional<String> change = pending.remove(name);
            if (change == null || change.isPresent()) {
                copyBetween(out, done, envelope.nameStart(i) - 1, first);
                copy(out, envelope.nameStart(i) - 1, envelope.valueStart(i));
                if (change != null) {
                    writeText(out, change.get());
                } else {
                    writeValue(out, childOf(part, name), envelope.value(i));
                }
                first = false;
            }
            done = envelope.valueEnd(i);
        }
        writeAdditions(out, part, pending, first);
        copy(out, done, object.end);
    }

    private void writeValue(ByteArrayOutputStream out, @Nullable Part part, JsonValue value) {
        if (part != null && value.isObject() && isChanged(part)) {
            writeChanged(out, part, value);
        } else if (part != null && !value.isObject() && setsSomething(part)) {
            writeNew(out, part);
        } else {
            copy(out, value.start, value.end);
        }
    }

    /** Writes an object that the message does not have. */
    private void writeNew(ByteArrayOutputStream out, Part part) {
        out.write('{');
        writeAdditions(out, part, changesOf(part), true);
        out.write('}');
    }

    private void writeAdditions(
            ByteArrayOutputStream out, Part part, Map<String, Optional<String>> additions, boolean isFirst) {
        boolean first = isFirst;
        for (Map.Entry<String, Optional<String>> addition : additions.entrySet()) {
            if (addition.getValue().isPresent()) {
                writeText(out, (first ? "" : ",") + Json.quote(addition.getKey()) + ":");
                writeText(out, addition.getValue().get());
                first = false;
            }
        }
        for (Part child : Part.values()) {
            if (isChild(child, part)
                    && setsSomething(child)
                    && message.get(child).isEmpty()) {
                writeText(out, (first ? "" : ",") + Json.quote(child.memberName()) + ":");
                writeNew(out, child);
                first = false;
            }
        }
    }

    private Map<String, Optional<String>> changesOf(Part part) {
        return changes.getOrDefault(part, Map.of());
    }

    /** Returns whether something is set or removed in this part or below it. */
    private boolean isChanged(Part part) {
        for (Part child : Part.values()) {
            if (isChild(child, part) && isChanged(child)) {
                return true;
            }
        }
        return changes.containsKey(part);
    }

    /** Returns whether something is set in this part or below it. */
    private boolean setsSomething(Part part) {
        for (Part child : Part.values()) {
            if (isChild(child, part) && setsSomething(child)) {
                return true;
            }
        }
        return changesOf(part).values().stream().anyMatch(Optional::isPresent);
    }

    private static @Nullable Part childOf(Part part, String name) {
        for (Part child : Part.values()) {
            if (isChild(child, part) && child.memberName().equals(name)) {
                return child;
            }
        }
        return null;
    }

    private static boolean isChild(Part child, Part parent) {
        return child != Part.MESSAGE && child.parent() == parent;
    }

    private void copy(ByteArrayOutputStream out, int start, int end) {
        out.write(message.envelope.bytes, start, end - start);
    }

    /** Copies what stands between two members: white space, and the comma unless nothing stands before it any more. */
    private void copyBetween(ByteArrayOutputStream out, int start, int end, boolean first) {
        for (int i = start; i < end; i++) {
            byte b = message.envelope.bytes[i];
            if (b != ',' || !first) {
                out.write(b);
            }
        }
    }

    private static void writeText(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write(bytes, 0, bytes.length);
    }
}
