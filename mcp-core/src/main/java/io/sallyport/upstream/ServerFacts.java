package io.sallyport.upstream;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.JsonValue;
import java.util.Optional;

/**
 * What a server says of itself when a conversation begins.
 *
 * @param protocolVersion the revision spoken with it
 * @param serverInfo who it is: an object with {@code name} and {@code version}
 * @param capabilities what it can do: an object
 * @param instructions what its author wants a model to know
 */
public record ServerFacts(
        String protocolVersion, JsonValue serverInfo, JsonValue capabilities, Optional<String> instructions) {

    /** Checks that nothing is missing. */
    public ServerFacts {
        requireNonNull(protocolVersion, "protocolVersion");
        requireNonNull(serverInfo, "serverInfo");
        requireNonNull(capabilities, "capabilities");
        requireNonNull(instructions, "instructions");
    }

    /** Returns whether a capability is declared, such as {@code tools}. */
    public boolean has(String capability) {
        return capabilities.get(capability).isPresent();
    }

    /** Returns whether a capability is declared with a flag set, such as {@code tools.listChanged}. */
    public boolean has(String capability, String flag) {
        return capabilities
                .get(capability)
                .flatMap(value -> value.get(flag))
                .flatMap(JsonValue::asBoolean)
                .orElse(false);
    }
}
