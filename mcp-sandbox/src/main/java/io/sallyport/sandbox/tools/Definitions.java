package io.sallyport.sandbox.tools;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.sandbox.Limits;
import io.sallyport.sandbox.SandboxSessions;
import io.sallyport.sandbox.Tier;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What clients read of the tools: {@code tools.json}, with {@code parts.json} and what the host has set in its places. Every
 * node and every start says the same, letter by letter: clients may hold on to it.
 */
final class Definitions {

    private final JsonValue tools;

    Definitions(SandboxSessions sessions, Templates templates, Tier tier) {
        String text = resource("tools.json");
        // In their order: the last part stands in the others.
        for (Map.Entry<String, JsonValue> part :
                JsonValue.trusted(resource("parts.json")).members().entrySet()) {
            text = text.replace("\"{" + part.getKey() + "}\"", part.getValue().toJson());
        }
        tools = JsonValue.trusted(text.replace("\"{templates}\"", Json.write(templates.words()))
                .replace(
                        "{template name}",
                        templates.words().isEmpty() ? "none" : templates.words().get(0))
                .replace(
                        "\"{flavors}\"",
                        Json.write(List.copyOf(sessions.flavors().keySet())))
                .replace("{apart}", apart(tier))
                .replace("{flavor name}", sessions.defaultFlavor())
                .replace("\"{most seconds}\"", Long.toString(mostSeconds(sessions.flavors())))
                .replace("{seconds by flavor}", secondsByFlavor(sessions.flavors())));
    }

    /** Says what a model may count on. What a machine elsewhere reaches is not for us to say. */
    private static String apart(Tier tier) {
        return tier == Tier.WASM || tier == Tier.PROCESS
                ? "with no network and none of the host's files"
                : "on another machine than the host";
    }

    private static String resource(String name) {
        try (InputStream in = Definitions.class.getResourceAsStream(name)) {
            return new String(requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long mostSeconds(Map<String, Limits> flavors) {
        return flavors.values().stream()
                .mapToLong(limits -> limits.wallTime().toSeconds())
                .max()
                .orElseThrow();
    }

    private static String secondsByFlavor(Map<String, Limits> flavors) {
        return flavors.entrySet().stream()
                .map(it -> it.getKey() + " " + it.getValue().wallTime().toSeconds())
                .collect(Collectors.joining(", "));
    }

    /** Returns the definition of a tool, as it stands in {@code tools/list}. */
    String of(String tool) {
        return tools.get(tool)
                .orElseThrow(() -> new IllegalStateException("tools.json has no " + tool))
                .toJson();
    }
}
