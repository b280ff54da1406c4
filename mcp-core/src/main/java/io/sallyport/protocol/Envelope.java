package io.sallyport.protocol;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Where the members of a message's {@link Part}s stand in its bytes. Filled by the scanner, then only read. */
final class Envelope {

    private static final Part[] PARTS = Part.values();
    private static final int FIELDS = 5;

    final byte[] bytes;
    boolean hasLineBreaks;

    /** Of each member: part, start and end of the name, start and end of the value. */
    private int[] members = new int[16 * FIELDS];

    private int count;

    Envelope(byte[] bytes) {
        this.bytes = bytes;
    }

    void add(Part part, int nameStart, int nameEnd, int valueStart, int valueEnd) {
        int at = count * FIELDS;
        if (at == members.length) {
            members = Arrays.copyOf(members, members.length * 2);
        }
        members[at] = part.ordinal();
        members[at + 1] = nameStart;
        members[at + 2] = nameEnd;
        members[at + 3] = valueStart;
        members[at + 4] = valueEnd;
        count++;
    }

    int count() {
        return count;
    }

    Part part(int member) {
        return PARTS[members[member * FIELDS]];
    }

    int nameStart(int member) {
        return members[member * FIELDS + 1];
    }

    int nameEnd(int member) {
        return members[member * FIELDS + 2];
    }

    int valueStart(int member) {
        return members[member * FIELDS + 3];
    }

    int valueEnd(int member) {
        return members[member * FIELDS + 4];
    }

    /** Returns the index of a member, or -1 if the part has none of this name. */
    int find(Part part, String name) {
        for (int i = 0; i < count; i++) {
            int at = i * FIELDS;
            if (members[at] == part.ordinal() && JsonStrings.equal(bytes, members[at + 1], members[at + 2], name)) {
                return i;
            }
        }
        return -1;
    }

    @Nullable JsonValue get(Part part, String name) {
        int member = find(part, name);
        return member < 0 ? null : new JsonValue(bytes, valueStart(member), valueEnd(member));
    }
}
