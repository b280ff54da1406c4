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
 * Changes to a message, made in one go by {@link #apply()}. All bytes outside the changed members stay as they are; in
 * an object that gains or loses a member, white space between members may change. Confined to one thread.
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
     * it.
     *
     * @param json the value as JSON text
     */
    public MessageEdit set(Part part, String name, String json) {
        change(part, name, Optional.of(requireNonNull(json, "json")));
        return this;
    }

    /** Removes a member if it is there. */
    public MessageEdit remove(Part part, String name) {
        change(part, name, Optional.empty());
        return this;
    }

    private void change(Part part, String name, Optional<String> json) {
        changes.computeIfAbsent(part, p -> new LinkedHashMap<>()).put(requireNonNull(name, "name"), json);
    }

    /**
     * Returns the changed message, scanned anew, so that what is sent is a message; the message itself if nothing was
     * to change.
     *
     * @throws IllegalArgumentException if a value set is not JSON, or the result is no message
     */
    public Message apply() {
        if (changes.isEmpty()) {
            return message;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(message.size() + 64);
        writeObject(out, Part.MESSAGE);
        return Message.trusted(out.toByteArray());
    }

    private void writeObject(ByteArrayOutputStream out, Part part) {
        Envelope envelope = message.envelope;
        Map<String, Optional<String>> pending = new LinkedHashMap<>(changes.getOrDefault(part, Map.of()));
        out.write('{');
        boolean first = true;
        for (int i = 0; i < envelope.count(); i++) {
            if (envelope.part(i) != part) {
                continue;
            }
            String name = JsonStrings.decode(envelope.bytes, envelope.nameStart(i), envelope.nameEnd(i));
            Optional<String> change = pending.remove(name);
            if (change != null && change.isEmpty()) {
                continue;
            }
            first = separate(out, first);
            // The name as it was written, quotes included.
            out.write(envelope.bytes, envelope.nameStart(i) - 1, envelope.nameEnd(i) - envelope.nameStart(i) + 2);
            out.write(':');
            if (change != null) {
                writeText(out, change.get());
            } else if (isChanged(childOf(part, name))) {
                writeObject(out, requireNonNull(childOf(part, name)));
            } else {
                out.write(envelope.bytes, envelope.valueStart(i), envelope.valueEnd(i) - envelope.valueStart(i));
            }
        }
        for (Map.Entry<String, Optional<String>> addition : pending.entrySet()) {
            if (addition.getValue().isPresent()) {
                first = separate(out, first);
                writeText(
                        out,
                        Json.quote(addition.getKey()) + ":"
                                + addition.getValue().get());
            }
        }
        for (Part child : Part.values()) {
            if (child != part && child.parent() == part && isAdded(child)) {
                first = separate(out, first);
                writeText(out, Json.quote(child.memberName()) + ":");
                writeObject(out, child);
            }
        }
        out.write('}');
    }

    private boolean isAdded(Part part) {
        boolean isThere = message.envelope.find(part.parent(), part.memberName()) >= 0;
        return !isThere && setsSomething(part);
    }

    /** Returns whether something is set in this part or below it. */
    private boolean setsSomething(Part part) {
        for (Optional<String> change : changes.getOrDefault(part, Map.of()).values()) {
            if (change.isPresent()) {
                return true;
            }
        }
        for (Part child : Part.values()) {
            if (child != part && child.parent() == part && setsSomething(child)) {
                return true;
            }
        }
        return false;
    }

    private boolean isChanged(@Nullable Part part) {
        if (part == null) {
            return false;
        }
        for (Part changed : changes.keySet()) {
            if (changed == part || changed != Part.MESSAGE && changed.parent() == part) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Part childOf(Part part, String name) {
        for (Part child : Part.values()) {
            if (child != part && child.parent() == part && child.memberName().equals(name)) {
                return child;
            }
        }
        return null;
    }

    private static boolean separate(ByteArrayOutputStream out, boolean first) {
        if (!first) {
            out.write(',');
        }
        return false;
    }

    private static void writeText(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write(bytes, 0, bytes.length);
    }
}
