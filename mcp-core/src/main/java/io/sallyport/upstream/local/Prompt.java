package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A prompt of a {@link LocalServer}: its definition and the handler that fills it in. Immutable. */
public final class Prompt {

    /** Fills a prompt in; called by several threads at once. */
    @FunctionalInterface
    public interface Handler {
        /** Returns the prompt for the call's arguments. */
        PromptResult handle(LocalCall call) throws Exception;
    }

    /** Completes what somebody has begun to type; called by several threads at once. */
    @FunctionalInterface
    public interface Completer {
        /** Returns what the value may become, best first; at most 100 of them are sent. */
        List<String> complete(String begun) throws Exception;
    }

    /** As {@link Completer}, for what depends on who asks and on what was filled in before. */
    @FunctionalInterface
    public interface CallCompleter {
        /**
         * Returns what the value may become, best first; at most 100 of them are sent.
         *
         * @param call its arguments are what has been filled in so far
         */
        List<String> complete(String begun, LocalCall call) throws Exception;
    }

    private final String name;
    private final JsonValue definition;
    private final Map<String, CallCompleter> completers;
    private final Handler handler;

    private Prompt(String name, JsonValue definition, Map<String, CallCompleter> completers, Handler handler) {
        this.name = name;
        this.definition = definition;
        this.completers = completers;
        this.handler = handler;
    }

    /** Begins the definition of a prompt. */
    public static Builder named(String name) {
        return new Builder(requireNonNull(name, "name"));
    }

    /**
     * Begins from a definition that is given as JSON, as it stands in {@code prompts/list}.
     *
     * @throws IllegalArgumentException if it is not JSON, or has no {@code name}
     */
    public static Builder from(String definitionJson) {
        JsonValue given = JsonValue.trusted(definitionJson);
        Builder builder = named(given.getString("name")
                .orElseThrow(
                        () -> new IllegalArgumentException("a prompt's definition has a \"name\" that is a string")));
        builder.definition.putAll(given.members());
        return builder;
    }

    String name() {
        return name;
    }

    JsonValue definition() {
        return definition;
    }

    Optional<CallCompleter> completer(String argument) {
        return Optional.ofNullable(completers.get(argument));
    }

    Handler handler() {
        return handler;
    }

    /** Defines a prompt. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final Map<String, Object> definition = new LinkedHashMap<>();
        private final List<Map<String, Object>> arguments = new ArrayList<>();
        private final Map<String, CallCompleter> completers = new LinkedHashMap<>();

        private Builder(String name) {
            this.name = name;
            definition.put("name", name);
        }

        /** Sets the title that people read. */
        public Builder title(String title) {
            definition.put("title", requireNonNull(title, "title"));
            return this;
        }

        /** Sets the description. */
        public Builder description(String description) {
            definition.put("description", requireNonNull(description, "description"));
            return this;
        }

        /** Adds a required argument. */
        public Builder argument(String argument, String description) {
            return argument(argument, description, true);
        }

        /** Adds an argument that may be left out. */
        public Builder optionalArgument(String argument, String description) {
            return argument(argument, description, false);
        }

        private Builder argument(String argument, String description, boolean required) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("name", requireNonNull(argument, "argument"));
            json.put("description", requireNonNull(description, "description"));
            json.put("required", required);
            arguments.add(json);
            return this;
        }

        /** Sets what completes an argument. */
        public Builder complete(String argument, Completer completer) {
            requireNonNull(completer, "completer");
            return complete(argument, (begun, call) -> completer.complete(begun));
        }

        /** Sets what completes an argument and looks at the call for it. */
        public Builder complete(String argument, CallCompleter completer) {
            completers.put(requireNonNull(argument, "argument"), requireNonNull(completer, "completer"));
            return this;
        }

        /** Sets what fills the prompt in and returns it. */
        public Prompt handler(Handler handler) {
            Map<String, Object> complete = new LinkedHashMap<>(definition);
            if (!arguments.isEmpty()) {
                complete.put("arguments", arguments);
            }
            return new Prompt(
                    name,
                    JsonValue.trusted(Json.write(complete)),
                    Map.copyOf(completers),
                    requireNonNull(handler, "handler"));
        }
    }
}
