package io.sallyport.protocol;

import static io.sallyport.protocol.Wire.parse;
import static org.assertj.core.api.Assertions.assertThat;

import io.sallyport.protocol.JsonTree.Obj;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class MessageEditPropertiesTest {

    /** What a change must leave alone, so that the result is still a message of the same kind. */
    private static final List<String> NEEDED = List.of("jsonrpc", "method", "result", "error", "code", "message", "id");

    @Provide
    Arbitrary<Obj> messages() {
        return JsonTrees.messages();
    }

    @Provide
    Arbitrary<JsonTree> values() {
        return JsonTrees.values();
    }

    private record Change(Part part, String name, Optional<String> json) {
        void in(MessageEdit edit) {
            if (json.isPresent()) {
                edit.set(part, name, json.get());
            } else {
                edit.remove(part, name);
            }
        }
    }

    @Property
    void changesExactlyTheMembersNamed(@ForAll("messages") Obj tree, @ForAll Random random) {
        String json = tree.render(random);
        Message message = parse(json);
        List<Change> changes = changes(message, random);
        MessageEdit edit = message.edit();
        changes.forEach(change -> change.in(edit));

        Message edited = edit.apply();

        assertThat(Json.read(edited.get(Part.MESSAGE).orElseThrow())).isEqualTo(expected(message, changes));
        for (Part part : Part.values()) {
            List<String> before = untouched(message, part, changes);
            List<String> after = untouched(edited, part, changes);
            assertThat(after)
                    .as("what no change named in %s, as it was written", part)
                    .isEqualTo(before);
        }
        assertThat(message.toJson()).isEqualTo(json);
    }

    @Property
    void replacementChangesNoByteOutside(
            @ForAll("messages") Obj tree, @ForAll("values") JsonTree value, @ForAll Random random) {
        Message message = parse(tree.render(random));
        Envelope envelope = message.envelope;
        String json = value.render(random).strip();
        for (int i = 0; i < envelope.count(); i++) {
            String name = JsonStrings.decode(envelope.bytes, envelope.nameStart(i), envelope.nameEnd(i));
            if (NEEDED.contains(name) || name.equals("params") || name.equals("_meta")) {
                continue;
            }
            byte[] expected = Wire.join(
                    Arrays.copyOf(envelope.bytes, envelope.valueStart(i)),
                    Wire.utf8(json),
                    Arrays.copyOfRange(envelope.bytes, envelope.valueEnd(i), envelope.bytes.length));

            Message edited = message.edit().set(envelope.part(i), name, json).apply();

            assertThat(edited.envelope.bytes).isEqualTo(expected);
        }
    }

    @Property
    void additionIsOneInsertionAndTakingItAwayAgainRestoresEveryByte(
            @ForAll("messages") Obj tree, @ForAll("values") JsonTree value, @ForAll Random random) {
        Message message = parse(tree.render(random));
        for (Part part : Part.values()) {
            if (message.get(part).isEmpty()) {
                continue;
            }
            Message larger = message.edit()
                    .set(part, "new \" name", value.render(random))
                    .apply();

            byte[] before = message.envelope.bytes;
            byte[] after = larger.envelope.bytes;
            int common = Arrays.mismatch(before, after);
            int rest = before.length - common;
            assertThat(Arrays.copyOfRange(after, after.length - rest, after.length))
                    .isEqualTo(Arrays.copyOfRange(before, common, before.length));
            assertThat(larger.edit().remove(part, "new \" name").apply().envelope.bytes)
                    .isEqualTo(before);
        }
    }

    private static List<Change> changes(Message message, Random random) {
        Map<List<Object>, Change> changes = new LinkedHashMap<>();
        for (int i = random.nextInt(5); i >= 0; i--) {
            Part part = Part.values()[random.nextInt(Part.values().length)];
            List<String> names = new ArrayList<>(members(message, part).keySet());
            String name = names.isEmpty() || random.nextInt(3) == 0
                    ? "y" + random.nextInt(3)
                    : names.get(random.nextInt(names.size()));
            if (NEEDED.contains(name) || name.equals("params") || name.equals("_meta")) {
                continue;
            }
            if (part.parent() != part && cannotBeAdded(message, part)) {
                continue;
            }
            Optional<String> json =
                    random.nextInt(3) == 0 ? Optional.empty() : Optional.of("[" + random.nextInt() + ", 1.0]");
            changes.put(List.of(part, name), new Change(part, name, json));
        }
        return List.copyOf(changes.values());
    }

    /** A request with a result is no message, nor is a result with an error. */
    private static boolean cannotBeAdded(Message message, Part part) {
        Part top = part.parent() == Part.MESSAGE ? part : part.parent();
        return top != Part.PARAMS && message.get(top).isEmpty();
    }

    private static Object expected(Message message, List<Change> changes) {
        Map<String, Object> tree =
                mutable(message.get(Part.MESSAGE).orElseThrow().toObject());
        for (Change change : changes) {
            if (change.json().isPresent()) {
                part(tree, change.part())
                        .put(change.name(), Wire.value(change.json().get()).toObject());
            } else if (message.get(change.part()).isPresent() || sets(changes, change.part())) {
                part(tree, change.part()).remove(change.name());
            }
        }
        return tree;
    }

    private static boolean sets(List<Change> changes, Part part) {
        return changes.stream()
                .anyMatch(change -> change.part() == part && change.json().isPresent());
    }

    private static Map<String, Object> part(Map<String, Object> message, Part part) {
        return part == Part.MESSAGE
                ? message
                : mutable(part(message, part.parent()).computeIfAbsent(part.memberName(), n -> new LinkedHashMap<>()));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> mutable(Object map) {
        return (Map<String, Object>) map;
    }

    private static Map<String, JsonValue> members(Message message, Part part) {
        return message.get(part).map(JsonValue::members).orElse(Map.of());
    }

    /** Returns the members of a part that are no parts themselves and that no change names: name and value as written. */
    private static List<String> untouched(Message message, Part part, List<Change> changes) {
        List<String> untouched = new ArrayList<>();
        Envelope envelope = message.envelope;
        for (int i = 0; i < envelope.count(); i++) {
            String name = JsonStrings.decode(envelope.bytes, envelope.nameStart(i), envelope.nameEnd(i));
            boolean named = changes.stream()
                    .anyMatch(change -> change.part() == part && change.name().equals(name));
            boolean isPart = List.of("params", "result", "error", "_meta").contains(name);
            if (envelope.part(i) == part && !named && !isPart) {
                untouched.add(new String(
                        envelope.bytes,
                        envelope.nameStart(i),
                        envelope.valueEnd(i) - envelope.nameStart(i),
                        StandardCharsets.UTF_8));
            }
        }
        return untouched;
    }
}
