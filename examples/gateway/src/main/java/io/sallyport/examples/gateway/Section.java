package io.sallyport.examples.gateway;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * One JSON object of the file: reads its members as what they should be, puts variables in place, and takes note of
 * each value's source and of each problem. Confined to one thread.
 */
final class Section {

    /** A string of the file: as it stands there, which may be shown, and with its variables, which may not. */
    record Value(String raw, Variables.Expanded expanded) {
        String text() {
            return expanded.text();
        }

        boolean fromEnvironment() {
            return expanded.fromEnvironment();
        }

        String source() {
            List<String> all = new ArrayList<>(List.of("file"));
            all.addAll(expanded.sources());
            return String.join(", ", all);
        }
    }

    private final String path;
    private final JsonNode node;
    private final Variables variables;
    private final Problems problems;
    private final List<Setting> settings;

    Section(String path, JsonNode node, Variables variables, Problems problems, List<Setting> settings) {
        this.path = path;
        this.node = node;
        this.variables = variables;
        this.problems = problems;
        this.settings = settings;
    }

    /** Returns the path of a member, as a reader of the file would write it. */
    static String child(String path, String key) {
        return key.matches("[A-Za-z0-9_-]+") ? path + "." + key : path + "[\"" + key + "\"]";
    }

    static String child(String path, int index) {
        return path + "[" + index + "]";
    }

    String path() {
        return path;
    }

    String pathOf(String key) {
        return child(path, key);
    }

    boolean has(String key) {
        return node.get(key) != null;
    }

    boolean endsWith(String key, String ending) {
        JsonNode value = node.get(key);
        return value != null && value.isString() && value.stringValue().endsWith(ending);
    }

    void problem(String key, String text) {
        problems.add(pathOf(key), text);
    }

    int problems() {
        return problems.count();
    }

    /** Takes a step that the library checks, and adds where the value stands to what it says. */
    <T> Optional<T> attempt(String at, Supplier<T> step) {
        try {
            return Optional.of(step.get());
        } catch (IllegalArgumentException e) {
            problems.add(at, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    /**
     * Tells of a member that has no effect for this kind of server: what is dropped without a word might have been what
     * the server was protected by.
     */
    void refuse(String key, String owner) {
        JsonNode value = node.get(key);
        if (value != null && !(value.isContainer() && value.isEmpty())) {
            problem(key, "has no effect here, because it belongs to " + owner + "; remove it");
        }
    }

    void show(String at, String shown, String source) {
        settings.add(new Setting(at, shown, source));
    }

    Optional<Boolean> bool(String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isBoolean()) {
            problem(key, "found " + found(value) + "; expected true or false");
            return Optional.empty();
        }
        show(pathOf(key), String.valueOf(value.booleanValue()), "file");
        return Optional.of(value.booleanValue());
    }

    Optional<Value> string(String key) {
        return Optional.ofNullable(node.get(key)).flatMap(value -> string(pathOf(key), value, found(value)));
    }

    private Optional<Value> string(String at, JsonNode value, String found) {
        if (!value.isString()) {
            String quotes = value.isNumber() || value.isBoolean() ? ", in quotes" : "";
            problems.add(at, "found " + found + "; expected a string" + quotes);
            return Optional.empty();
        }
        String raw = value.stringValue();
        return Optional.of(new Value(raw, variables.expand(raw, text -> problems.add(at, text))));
    }

    /** Returns an array of strings; empty if there is none. */
    List<Value> strings(String key) {
        JsonNode array = node.get(key);
        if (array == null) {
            return List.of();
        }
        if (!array.isArray()) {
            problem(key, "found " + found(array) + "; expected an array of strings, such as [\"-y\", \"name\"]");
            return List.of();
        }
        List<Value> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            JsonNode element = array.get(i);
            string(child(pathOf(key), i), element, found(element)).ifPresent(values::add);
        }
        return values;
    }

    /** Returns an object of strings, none of which is ever shown; empty if there is none. */
    Map<String, Value> secrets(String key) {
        JsonNode object = node.get(key);
        if (object == null) {
            return Map.of();
        }
        if (!object.isObject()) {
            problem(key, "found " + found(object) + "; expected an object of strings");
            return Map.of();
        }
        Map<String, Value> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String at = child(pathOf(key), member.getKey());
            string(at, member.getValue(), kind(member.getValue())).ifPresent(value -> {
                values.put(member.getKey(), value);
                settings.add(new Setting(at, Setting.HIDDEN, value.source()));
            });
        }
        return values;
    }

    /** Returns what a value is, for people; not what a string says. */
    static String found(JsonNode value) {
        return value.isNumber() || value.isBoolean()
                ? "the " + kind(value).substring(2) + " " + value.asString()
                : kind(value);
    }

    /** Returns what a value is without the value, which may be a secret. */
    private static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "an array";
            case OBJECT -> "an object";
            case NULL -> "null";
            default -> "a " + value.getNodeType().name().toLowerCase(Locale.ROOT);
        };
    }
}
