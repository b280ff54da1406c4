package io.sallyport.sandbox.tools;

import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.SandboxError;
import io.sallyport.sandbox.SandboxRefusedException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** The arguments of a call, read strictly: what is misspelt or of another type is refused, not ignored. */
final class Arguments {

    /** What other servers with these tools expect around the arguments; some clients have learnt that. */
    private static final String NESTED = "params";

    private final Map<String, JsonValue> values;

    private Arguments(Map<String, JsonValue> values) {
        this.values = values;
    }

    /**
     * Reads arguments, be they as our schema says or all within {@code params}.
     *
     * @throws SandboxRefusedException if there is one that the tool does not know
     */
    static Arguments of(Map<String, JsonValue> given, Set<String> known) throws SandboxRefusedException {
        Map<String, JsonValue> values = given;
        Optional<JsonValue> nested = Optional.ofNullable(given.get(NESTED)).filter(JsonValue::isObject);
        if (nested.isPresent() && given.size() == 1) {
            values = nested.get().members();
        }
        for (String name : values.keySet()) {
            if (!known.contains(name)) {
                // Not said after: it may hold anything.
                throw wrong("there is an argument that this tool does not know; it knows "
                        + (known.isEmpty()
                                ? "none"
                                : String.join(", ", known.stream().sorted().toList())));
            }
        }
        return new Arguments(values);
    }

    static SandboxRefusedException wrong(String message) {
        return new SandboxRefusedException(SandboxError.CONFIGURATION_ERROR, message);
    }

    private Optional<JsonValue> get(String name) {
        return Optional.ofNullable(values.get(name)).filter(value -> value.kind() != JsonValue.Kind.NULL);
    }

    String requiredText(String name) throws SandboxRefusedException {
        return text(name).orElseThrow(() -> wrong("the argument \"" + name + "\" is missing"));
    }

    Optional<String> text(String name) throws SandboxRefusedException {
        Optional<JsonValue> value = get(name);
        Optional<String> text = value.flatMap(JsonValue::asString);
        if (value.isPresent() && text.isEmpty()) {
            throw wrong("the argument \"" + name + "\" must be a string");
        }
        return text;
    }

    boolean flag(String name, boolean otherwise) throws SandboxRefusedException {
        Optional<JsonValue> value = get(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        return value.get().asBoolean().orElseThrow(() -> wrong("the argument \"" + name + "\" must be true or false"));
    }

    OptionalLong wholeNumber(String name) throws SandboxRefusedException {
        Optional<JsonValue> value = get(name);
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        OptionalLong number = value.get().asLong();
        if (number.isEmpty()) {
            throw wrong("the argument \"" + name + "\" must be a whole number");
        }
        return number;
    }

    Optional<JsonValue> object(String name) throws SandboxRefusedException {
        Optional<JsonValue> value = get(name);
        if (value.isPresent() && !value.get().isObject()) {
            throw wrong("the argument \"" + name + "\" must be an object");
        }
        return value;
    }
}
