package io.sallyport.upstream.local;

import static java.util.Objects.requireNonNull;

import io.sallyport.protocol.Json;
import io.sallyport.protocol.JsonValue;
import io.sallyport.protocol.ParamHeaders;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A tool of a {@link LocalServer}: its definition and the handler that carries calls out. Immutable. */
public final class Tool {

    /** Carries out calls of a tool; called by several threads at once. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Carries a call out. What it throws becomes a failure of the tool without details; see {@link
         * ToolResult#error} and {@link CallException} for more.
         */
        ToolResult handle(LocalCall call) throws Exception;
    }

    private final String name;
    private final JsonValue definition;
    private final Handler handler;

    private Tool(String name, JsonValue definition, Handler handler) {
        this.name = name;
        this.definition = definition;
        this.handler = handler;
    }

    /** Begins the definition of a tool; its name is 1 to 64 letters, digits, {@code _}, {@code -} and {@code .}. */
    public static Builder named(String name) {
        if (!name.matches("[A-Za-z0-9_.-]{1,64}")) {
            throw new IllegalArgumentException(
                    "a tool's name is 1 to 64 letters, digits, '_', '-' and '.', but was \"" + name + "\"");
        }
        return new Builder(name);
    }

    /**
     * Begins from a definition that is given as JSON, as it stands in {@code tools/list}.
     *
     * @throws IllegalArgumentException if it is not JSON, or has no {@code name} or no {@code inputSchema} that is valid
     */
    public static Builder from(String definitionJson) {
        JsonValue given = JsonValue.trusted(definitionJson);
        Builder builder = named(given.getString("name")
                .orElseThrow(
                        () -> new IllegalArgumentException("a tool's definition has a \"name\" that is a string")));
        given.members().forEach((member, value) -> {
            if (member.equals("inputSchema")) {
                builder.inputSchema(value.toJson());
            } else {
                builder.definition.put(member, value);
            }
        });
        return builder;
    }

    String name() {
        return name;
    }

    JsonValue definition() {
        return definition;
    }

    Handler handler() {
        return handler;
    }

    /** Defines a tool. Confined to one thread. */
    public static final class Builder {

        private final String name;
        private final Map<String, Object> definition = new LinkedHashMap<>();
        private final Map<String, Object> properties = new LinkedHashMap<>();
        private final List<String> required = new ArrayList<>();
        private Optional<JsonValue> schema = Optional.empty();

        private Builder(String name) {
            this.name = name;
            definition.put("name", name);
        }

        /** Sets the title that people read. */
        public Builder title(String title) {
            definition.put("title", requireNonNull(title, "title"));
            return this;
        }

        /** Sets the description that models read. */
        public Builder description(String description) {
            definition.put("description", requireNonNull(description, "description"));
            return this;
        }

        /**
         * Adds a required parameter.
         *
         * @param type a type of JSON Schema: {@code string}, {@code integer}, {@code number}, {@code boolean}, {@code
         *     object} or {@code array}
         */
        public Builder param(String parameter, String type, String description) {
            required.add(parameter);
            return optionalParam(parameter, type, description);
        }

        /** Adds a parameter that may be left out; see {@link #param}. */
        public Builder optionalParam(String parameter, String type, String description) {
            requireNoSchema();
            if (!List.of("string", "integer", "number", "boolean", "object", "array")
                    .contains(type)) {
                throw new IllegalArgumentException(
                        "type must be one of JSON Schema's, such as \"string\", but was \"" + type + "\"");
            }
            Map<String, Object> property = new LinkedHashMap<>();
            property.put("type", type);
            property.put("description", requireNonNull(description, "description"));
            if (properties.put(requireNonNull(parameter, "parameter"), property) != null) {
                throw new IllegalArgumentException("parameter \"" + parameter + "\" is defined twice");
            }
            return this;
        }

        /** Sets the whole input schema, in place of single parameters: a JSON Schema of type {@code object}. */
        public Builder inputSchema(String json) {
            if (!properties.isEmpty()) {
                throw new IllegalStateException("inputSchema(…) and param(…) exclude each other");
            }
            JsonValue parsed = HandWritten.json(json);
            if (!parsed.getString("type").equals(Optional.of("object"))) {
                throw new IllegalArgumentException("an input schema has \"type\": \"object\", but was " + json);
            }
            ParamHeaders.of(parsed);
            schema = Optional.of(parsed);
            return this;
        }

        /** Sets the output schema that {@link ToolResult#structured} results follow. */
        public Builder outputSchema(String json) {
            definition.put("outputSchema", HandWritten.json(json));
            return this;
        }

        /** Sets the annotations, such as {@code readOnlyHint}. */
        public Builder annotations(Map<String, ?> annotations) {
            // By name: a definition is to be the same bytes at each start.
            definition.put("annotations", new TreeMap<>(Map.copyOf(annotations)));
            return this;
        }

        private void requireNoSchema() {
            if (schema.isPresent()) {
                throw new IllegalStateException("inputSchema(…) and param(…) exclude each other");
            }
        }

        /** Sets what carries calls out and returns the tool. */
        public Tool handler(Handler handler) {
            requireNonNull(handler, "handler");
            Map<String, Object> complete = new LinkedHashMap<>(definition);
            complete.put("inputSchema", schema.<Object>map(value -> value).orElseGet(this::schemaOfParams));
            return new Tool(name, JsonValue.trusted(Json.write(complete)), handler);
        }

        private Map<String, Object> schemaOfParams() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("type", "object");
            json.put("properties", properties);
            if (!required.isEmpty()) {
                json.put("required", required);
            }
            return json;
        }
    }
}
