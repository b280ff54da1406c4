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

    int count(Part part) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            found += members[i * FIELDS] == part.ordinal() ? 1 : 0;
        }
        return found;
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
            if (members[i * FIELDS] == part.ordinal() && isNamed(i, name)) {
                return i;
            }
        }
        return -1;
    }

    boolean isNamed(int member, String name) {
        return JsonStrings.equal(bytes, nameStart(member), nameEnd(member), name);
    }

    /** As {@link #isNamed}, without regard to case. */
    boolean isNamedLike(int member, String name) {
        return JsonStrings.equalIgnoringCase(bytes, nameStart(member), nameEnd(member), name);
    }

    @Nullable JsonValue get(Part part, String name) {
        int member = find(part, name);
        return member < 0 ? null : value(member);
    }

    JsonValue value(int member) {
        return new JsonValue(bytes, valueStart(member), valueEnd(member));
    }
}
